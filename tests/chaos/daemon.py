# SPDX-License-Identifier: Apache-2.0
"""schedd as a chaos run treats it: started, stopped, killed, replaced; and schedctl, whose calls must succeed.

Everything waits with a bound, and says what did not come. Times are this guest's; an emulated machine is slow, so the bounds are
for what hangs, not for what is late. Single-threaded. Failure: Violation.
"""

import json
import os
import signal
import subprocess
import time

from violation import Violation

LOG = "/tmp/schedd.log"
SCHED_EXT = "/sys/kernel/sched_ext"
SERVES_WITHIN_S = 60
ENDS_WITHIN_S = 30


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def enable_count():
    """How often any scheduler was attached since boot."""
    return int(read(f"{SCHED_EXT}/enable_seq"))


def is_attached():
    return read(f"{SCHED_EXT}/state") == "enabled" and read(f"{SCHED_EXT}/root/ops").startswith("schedd")


class Daemon:
    """`watch` is called again and again while something is waited for."""

    def __init__(self, options, watch):
        self._options = options
        self._watch = watch
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self, *more):
        with open(LOG, "ab") as log:
            self._process = subprocess.Popen(["schedd", *self._options, *more], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def await_serving(self):
        """Returns after how many seconds it answered. REQUIRES: no other schedd serves."""
        begun = time.monotonic()
        while time.monotonic() < begun + SERVES_WITHIN_S:
            if self._process.poll() is not None:
                raise Violation(f"schedd ended by itself, exit code {self._process.returncode}")
            answer = self._call(["status", "-o", "json"], 10)
            if answer.returncode == 0 and json.loads(answer.stdout)["state"] == "STATE_ATTACHED":
                return time.monotonic() - begun
            self._watch(0.1)
        raise Violation(f"schedd does not serve {SERVES_WITHIN_S} s after its start: {answer.stdout}{answer.stderr}")

    def replace(self):
        old = self._process
        self.start("--replace")
        self._await_end(old, "the schedd that was to be replaced")
        return self.await_serving()

    def signal(self, number):
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            self._process.wait()

    def terminate(self):
        self._process.send_signal(signal.SIGTERM)
        self._await_end(self._process, "schedd after SIGTERM")

    def check_alive(self):
        if self._process.poll() is not None:
            raise Violation(f"schedd ended by itself, exit code {self._process.returncode}")

    def schedctl(self, *arguments):
        """What the call prints."""
        answer = self._call(arguments, 60)
        if answer.returncode != 0:
            raise Violation(f"schedctl {' '.join(arguments)}: exit code {answer.returncode}: {answer.stderr.strip()}")
        return answer.stdout

    def document(self, *arguments):
        """The same, of a call that prints JSON."""
        return json.loads(self.schedctl(*arguments, "-o", "json"))

    def status(self):
        return self.document("status")

    def _call(self, arguments, timeout_s):
        # Real-time: it is a task like any other, and its own wait among the hogs is not what is tested.
        with subprocess.Popen(["chrt", "-f", "10", "schedctl", "--timeout", f"{timeout_s}s", *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as call:
            deadline = time.monotonic() + timeout_s + 10
            while True:
                try:
                    out, err = call.communicate(timeout=0.1)
                    return subprocess.CompletedProcess(arguments, call.returncode, out, err)
                except subprocess.TimeoutExpired:
                    if time.monotonic() > deadline:
                        call.kill()
                        raise Violation(f"schedctl {' '.join(arguments)} does not end") from None
                    self._watch(0)

    def _await_end(self, process, what):
        deadline = time.monotonic() + ENDS_WITHIN_S
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise Violation(f"{what} did not end within {ENDS_WITHIN_S} s")
            self._watch(0.1)
        if process.returncode != 0:
            raise Violation(f"{what} ended with exit code {process.returncode}")


def leftovers():
    """What a daemon that ended must have taken with it."""
    found = [os.path.join(folder, name) for top in ("/sys/fs/bpf", "/run/schedd")
             for folder, folders, files in os.walk(top) for name in (*folders, *files)]
    return " ".join(found)
