# SPDX-License-Identifier: Apache-2.0
"""Runs TAP scripts, NAME.sh or NAME_test.py: on this host (tests/tools, tests/native) or each in a guest (tests/e2e).

What a script needs stands in a comment among its first lines: '# host: timeout=60' or
'# guest: cpus=4 mem=2G timeout=120 kernel=newest icount=no with=python dmesg=clean'. One script runs at a
time: others' load would distort what it measures. Failure of a script is a failed case, never an exception.
"""

import glob
import os
import re
import signal
import subprocess
import time

import tap
from results import FAILED, PASSED, Case

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOGS = os.path.join(REPO, ".cache/test")
BINARIES = ("bazel-bin/server/daemon", "bazel-bin/client/schedctl")
HOST_DEFAULTS = {"timeout": "60"}
VALUES = {"icount": ("yes", "no"), "dmesg": ("clean", "any")}
GUEST_DEFAULTS = {"cpus": "4", "mem": "2G", "timeout": "120", "kernel": "newest", "icount": "no", "with": "",
                  "dmesg": "clean"}
ALARMING = re.compile(r"WARNING: |BUG: |Oops|general protection|rcu.*stall|soft lockup|hung_task|Kernel panic|Call Trace:")
HEADER_LINES = 20


class HeaderError(Exception):
    """A script's header comment asks for something that does not exist."""


def read_header(path, kind, defaults):
    """The settings of a script: its '# kind: key=value …' comment over the defaults."""
    settings = dict(defaults)
    with open(path, encoding="utf-8") as stream:
        for _, line in zip(range(HEADER_LINES), stream):
            if not line.startswith(f"# {kind}:"):
                continue
            for word in line.split(":", 1)[1].split():
                key, _, value = word.partition("=")
                if key not in defaults:
                    raise HeaderError(f"unknown setting {key}; there are: {', '.join(defaults)}")
                if value not in VALUES.get(key, (value,)):
                    raise HeaderError(f"{key}={value}: must be one of {', '.join(VALUES[key])}")
                settings[key] = value
    return settings


def find(folder, pattern):
    """Scripts of a folder, library files excepted, whose path matches the --filter."""
    paths = glob.glob(os.path.join(REPO, folder, "*.sh")) + glob.glob(os.path.join(REPO, folder, "*_test.py"))
    paths = sorted(os.path.relpath(path, REPO) for path in paths)
    return [path for path in paths if os.path.basename(path) != "lib.sh" and re.search(pattern, path)]


def run_on_host(report, path):
    try:
        settings = read_header(os.path.join(REPO, path), "host", HOST_DEFAULTS)
    except HeaderError as error:
        report.add(path, [Case("header", FAILED, str(error))])
        return
    environment = dict(os.environ)
    environment["PATH"] = ":".join([os.path.join(REPO, part) for part in BINARIES] + [environment["PATH"]])
    interpreter = "python3" if path.endswith(".py") else "bash"
    _run(report, path, [interpreter, path], float(settings["timeout"]), environment)


def run_in_guest(report, path, kernel):
    """kernel: a version that replaces 'newest' in the script's header, or ''."""
    try:
        settings = read_header(os.path.join(REPO, path), "guest", GUEST_DEFAULTS)
    except HeaderError as error:
        report.add(path, [Case("header", FAILED, str(error))])
        return
    if kernel and settings["kernel"] == "newest":
        settings["kernel"] = kernel
    group = path if settings["kernel"] == "newest" else f"{path} [{settings['kernel']}]"
    dmesg = os.path.join(LOGS, re.sub(r"[^\w.+-]+", "_", group) + ".dmesg")
    command = ["python3", "tests/guest/guest.py", "--dmesg", dmesg, "--file", "tests/e2e:/e2e"]
    for key in ("cpus", "mem", "timeout", "kernel"):
        command += [f"--{key}", settings[key]]
    if settings["icount"] == "yes":
        command.append("--icount")
    for name in filter(None, settings["with"].split(",")):
        command += ["--with", name]
    if os.path.exists(dmesg):
        os.unlink(dmesg)
    more = (lambda: [kernel_log_case(dmesg)]) if settings["dmesg"] == "clean" else list
    # The harness keeps the time limit itself; ours is for a harness that hangs.
    _run(report, group, command + ["--", "bash", "/e2e/" + os.path.basename(path)], float(settings["timeout"]) + 60,
         dict(os.environ), more)


def kernel_log_case(path):
    name = "the kernel log has no warning"
    if not os.path.exists(path):
        return Case(name, FAILED, "there is no kernel log")
    with open(path, encoding="utf-8", errors="replace") as stream:
        alarming = [line.strip() for line in stream if ALARMING.search(line)]
    return Case(name, FAILED, "\n".join(alarming[:10])) if alarming else Case(name, PASSED)


def _run(report, group, command, timeout_s, environment, more_cases=list):
    os.makedirs(LOGS, exist_ok=True)
    log_path = os.path.join(LOGS, re.sub(r"[^\w.+-]+", "_", group) + ".log")
    started_at, timed_out = time.monotonic(), False
    with open(log_path, "wb") as log:
        # stderr goes to the log alone: only stdout is TAP.
        process = subprocess.Popen(command, cwd=REPO, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            timed_out = True
            _end_session(process)
            output, _ = process.communicate()
        finally:
            _end_session(process)
        log.write(b"---- stdout ----\n" + output)
    text = output.decode(errors="replace")
    cases = tap.parse(text, process.returncode, timed_out) + more_cases()
    with open(log_path, encoding="utf-8", errors="replace") as log:
        report.add(group, cases, log.read(), time.monotonic() - started_at)


def _end_session(process):
    """Ends what the script left running in its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
