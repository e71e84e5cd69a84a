# SPDX-License-Identifier: Apache-2.0
"""Runs TAP scripts, NAME.sh or NAME_test.py: on this host (tests/tools, tests/native) or each in a guest (tests/e2e).

What a script needs stands in a comment among its first lines: '# host: timeout=60' or
'# guest: cpus=4 mem=2G timeout=120 kernel=newest icount=no with=python dmesg=clean smoke=no append=isolcpus=3'. append, an
argument of the kernel, may come several times. With cpus=1,8 it runs once for each of these numbers, with more_cpus=2,16 under
--thorough for each of those as well. One guest runs at a time, for others' load would distort what it measures; but those that
say beside=yes, which measure no time, run two at a time. Those on this host mostly wait: four at a time. Failure of a script is a failed case, never an exception.
"""

import concurrent.futures
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
VALUES = {"icount": ("yes", "no"), "dmesg": ("clean", "any"), "smoke": ("yes", "no"), "thorough": ("yes", "no"),
          "beside": ("yes", "no")}
GUEST_DEFAULTS = {"cpus": "4", "mem": "2G", "timeout": "120", "kernel": "newest", "icount": "no", "with": "",
                  "dmesg": "clean", "smoke": "no", "more_cpus": "", "thorough": "no", "append": "",
                  "beside": "no"}
ALARMING = re.compile(r"WARNING: |BUG: |Oops|general protection|rcu.*stall|soft lockup|blocked for more than|Kernel panic|Call Trace:")
CPU_COUNTS = re.compile(r"[1-9]\d*(,[1-9]\d*)*")
# The kernel's own: 6.12 warns of its fair server when a CPU goes offline under any sched_ext scheduler, also under the empty one of
# tests/e2e/foreign. From its first line to the end of its trace.
KNOWN = re.compile(r"WARNING: .* at kernel/sched/deadline\.c:\d+ (task_non_contending|inactive_task_timer)\+")
KNOWN_END = "---[ end trace"
# The emulator's, before QEMU 8.1: an emulated CPU goes on with a breakpoint that the kernel has just taken out of its own code again,
# when several CPUs are emulated in parallel. Once in some hundred boots.
EMULATOR_FAULT = re.compile(r"Oops: int3: 0000")
HEADER_LINES = 20
THOROUGH_FACTOR = 5
_running = set()  # processes, for whoever interrupts us


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
                if key in ("cpus", "more_cpus") and not CPU_COUNTS.fullmatch(value):
                    raise HeaderError(f"{key}={value}: must be a number, or several as in 1,2,8")
                settings[key] = f"{settings[key]} {value}".strip() if key == "append" else value
    return settings


def find(folder, pattern):
    """Scripts of a folder, library files excepted, whose path matches the --filter."""
    paths = glob.glob(os.path.join(REPO, folder, "*.sh")) + glob.glob(os.path.join(REPO, folder, "*_test.py"))
    paths = sorted(os.path.relpath(path, REPO) for path in paths)
    return [path for path in paths if os.path.basename(path) != "lib.sh" and re.search(pattern, path)]


def is_smoke(path):
    """Whether a guest script belongs to what every kernel is tried with; one that cannot be read is run, and fails."""
    return _says(path, "smoke", otherwise=True)


def is_for_thorough_runs(path):
    """Whether a guest script takes too long for every run; one that cannot be read is run, and fails."""
    return _says(path, "thorough", otherwise=False)


def may_run_beside_others(path):
    """Whether a guest script measures no time, so that another may run at the same time."""
    return _says(path, "beside", otherwise=False)


def _says(path, key, otherwise):
    try:
        return read_header(os.path.join(REPO, path), "guest", GUEST_DEFAULTS)[key] == "yes"
    except HeaderError:
        return otherwise


def run_together(paths, run, on_each_cpu=1):
    """Calls run(path) for each, on two processors at most, on_each_cpu at a time on each; what these calls return, in order."""
    pool = concurrent.futures.ThreadPoolExecutor(on_each_cpu * min(2, os.cpu_count() or 1))
    try:
        return list(pool.map(run, paths))
    except BaseException:
        for process in list(_running):
            _end_session(process)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


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


def guest_runs(path, kernel, thorough=False):
    """(group, settings) for each boot that the script at `path` asks for: one for each number of cpus=1,2,8.

    kernel: a version that replaces 'newest' in the script's header, or ''. thorough: with more_cpus, too. The group names what
    differs from the usual.
    """
    settings = read_header(os.path.join(REPO, path), "guest", GUEST_DEFAULTS)
    if kernel and settings["kernel"] == "newest":
        settings["kernel"] = kernel
    counts = settings["cpus"].split(",")
    if thorough:
        counts += filter(None, settings["more_cpus"].split(","))
    for cpus in counts:
        special = [] if settings["kernel"] == "newest" else [settings["kernel"]]
        special += [f"{cpus} CPU{'' if cpus == '1' else 's'}"] if len(counts) > 1 else []
        yield path + (f" [{', '.join(special)}]" if special else ""), settings | {"cpus": cpus}


def run_in_guest(report, path, kernel, thorough=False):
    """Runs a script in a guest, once for each boot it asks for; kernel: as in guest_runs().

    thorough: what the script repeats it repeats many times ('usually' in tests/e2e/lib.sh), in as much more time.
    Returns (group, again) for each boot with a failed case; again() runs that one once more, likewise.
    """
    try:
        runs = list(guest_runs(path, kernel, thorough))
    except HeaderError as error:
        report.add(path, [Case("header", FAILED, str(error))])
        return []
    failed = []
    for group, settings in runs:
        if thorough:
            settings["timeout"] = str(THOROUGH_FACTOR * int(settings["timeout"]))
        failed += _boot_and_run(report, path, group, settings, ["--env", "THOROUGH=1"] if thorough else [])
    return failed


def _boot_and_run(report, path, group, settings, options):
    dmesg = os.path.join(LOGS, re.sub(r"[^\w.+-]+", "_", group) + ".dmesg")
    command = ["python3", "tests/guest/guest.py", "--dmesg", dmesg, "--file", "tests/e2e:/e2e", *options]
    for key in ("cpus", "mem", "timeout", "kernel"):
        command += [f"--{key}", settings[key]]
    if settings["icount"] == "yes":
        command.append("--icount")
    for name in filter(None, settings["with"].split(",")):
        command += ["--with", name]
    for word in settings["append"].split():
        command += ["--append", word]
    more = (lambda: [kernel_log_case(dmesg)]) if settings["dmesg"] == "clean" else list

    def attempt():
        if os.path.exists(dmesg):
            os.unlink(dmesg)
        # The harness keeps the time limit itself; ours is for a harness that hangs.
        return _execute(group, command + ["--", "bash", "/e2e/" + os.path.basename(path)], float(settings["timeout"]) + 60,
                        dict(os.environ), more)

    result = attempt()
    if emulator_failed(dmesg):
        report.say(f"-- once more, the emulator failed (a breakpoint that the kernel had taken away): {group}")
        result = attempt()
    report.add(group, *result)

    def again():
        for log in (dmesg, _log_path(group)):
            if os.path.exists(log):
                os.replace(log, log + ".first")
        return _boot_and_run(report, path, group, settings, options)

    return [(group, again)] if report.has_failed(group) else []


def emulator_failed(path):
    """Whether a guest's first trouble was the emulator's known one."""
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8", errors="replace") as stream:
        first = next((line for line in stream if ALARMING.search(line)), "")
    return EMULATOR_FAULT.search(first) is not None


def without_known(lines):
    """The kernel log without warnings that are known, and not ours."""
    known = False
    for line in lines:
        known = known or KNOWN.search(line) is not None
        if not known:
            yield line
        known = known and KNOWN_END not in line


def kernel_log_case(path):
    name = "the kernel log has no warning"
    if not os.path.exists(path):
        return Case(name, FAILED, "there is no kernel log")
    with open(path, encoding="utf-8", errors="replace") as stream:
        alarming = [line.strip() for line in without_known(stream) if ALARMING.search(line)]
    return Case(name, FAILED, "\n".join(alarming[:10])) if alarming else Case(name, PASSED)


def _log_path(group):
    return os.path.join(LOGS, re.sub(r"[^\w.+-]+", "_", group) + ".log")


def _run(report, group, command, timeout_s, environment):
    report.add(group, *_execute(group, command, timeout_s, environment))


def _execute(group, command, timeout_s, environment, more_cases=list):
    """Runs a script: (cases, its log, seconds)."""
    os.makedirs(LOGS, exist_ok=True)
    log_path = _log_path(group)
    started_at, timed_out = time.monotonic(), False
    with open(log_path, "wb") as log:
        # stderr goes to the log alone: only stdout is TAP.
        process = subprocess.Popen(command, cwd=REPO, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        _running.add(process)
        try:
            output, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            timed_out = True
            _end_session(process)
            output, _ = process.communicate()
        finally:
            _end_session(process)
            _running.discard(process)
        log.write(b"---- stdout ----\n" + output)
    text = output.decode(errors="replace")
    cases = tap.parse(text, process.returncode, timed_out) + more_cases()
    with open(log_path, encoding="utf-8", errors="replace") as log:
        return cases, log.read(), time.monotonic() - started_at


def _end_session(process):
    """Ends what the script left running in its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
