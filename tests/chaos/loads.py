# SPDX-License-Identifier: Apache-2.0
"""The tasks of a chaos run: endless loops that must always get on, and storms of short-lived tasks beside them.

Of each loop it is known since when it got nowhere, by the kernel's account of its CPU time. Single-threaded. Failure: Violation.
"""

import os
import shutil
import subprocess
import time

from violation import Violation

HOG = "/tmp/hog"
# A task that waits this long is stuck, whatever its weight: the largest starvation_bound of the plan is 1 s, and the kernel's
# watchdog (world.py) would eject the dispatcher a second later.
WAIT_BOUND_S = 4.0
STORM_S = 8


def run_ns(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as stream:
        return int(stream.read().split()[0])


class Hog:
    """One endless loop."""

    def __init__(self):
        self._process = subprocess.Popen([HOG, "-c", "while :; do :; done"], stdin=subprocess.DEVNULL)
        self.look_anew()

    @property
    def pid(self):
        return self._process.pid

    def look_anew(self):
        """What it waited until now does not count."""
        self._ran, self._since = run_ns(self.pid), time.monotonic()

    def waited_s(self):
        """For how long it has got nowhere, as far as it was looked at."""
        now, ran = time.monotonic(), run_ns(self.pid)
        waited = now - self._since
        if ran > self._ran:
            self._ran, self._since = ran, now
            return 0.0
        return waited

    def end(self):
        self._process.kill()
        self._process.wait()


class Loads:
    """All of them."""

    def __init__(self, count):
        shutil.copy("/usr/bin/bash", HOG)
        self.hogs = [Hog() for _ in range(count)]
        self.longest_wait_s = 0.0
        self._background = subprocess.Popen(["stress-ng", "--quiet", "--switch", "2", "--pipe", "2", "--timeout", "0"],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._storms = []

    def check(self, attached):
        """That every loop got on, and every storm that is over ended well. While not attached, the loops' waits are the kernel's
        own scheduler's."""
        for number, hog in enumerate(self.hogs):
            if not attached:
                hog.look_anew()
                continue
            waited = hog.waited_s()
            self.longest_wait_s = max(self.longest_wait_s, waited)
            if waited > WAIT_BOUND_S:
                raise Violation(f"hog {number} (pid {hog.pid}) has got nowhere for {waited:.1f} s")
        for storm in [storm for storm in self._storms if storm.poll() is not None]:
            self._storms.remove(storm)
            output = storm.stdout.read()
            if storm.returncode != 0:
                raise Violation(f"{' '.join(storm.args)} ended with exit code {storm.returncode}: {output.strip()[-500:]}")

    def respawn(self, number):
        self.hogs[number].end()
        self.hogs[number] = Hog()

    def storm(self, *arguments):
        """Begins one, beside what is going on."""
        self._storms.append(subprocess.Popen(["stress-ng", *arguments, "--timeout", f"{STORM_S}s"], text=True, errors="replace",
                                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))

    def storming(self):
        return bool(self._storms)

    def end(self):
        for hog in self.hogs:
            hog.end()
        for process in (self._background, *self._storms):
            process.kill()
            process.wait()


def thread_count():
    """Threads of the whole guest, kernel threads included."""
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            count += len(os.listdir(f"/proc/{name}/task"))
        except FileNotFoundError:  # it ended
            pass
    return count
