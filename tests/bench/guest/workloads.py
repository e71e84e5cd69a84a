# SPDX-License-Identifier: Apache-2.0
"""What is measured in a guest: each workload runs once and gives one figure or several.

Programs of others wherever there is one. Figures are by the guest's clock; emulated, so only their ratios mean anything.
Failure (a program that ends badly, or whose output has no figure): BenchError.
"""

import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import time

LESS, MORE = "less", "more"  # which is better


class BenchError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    unit: str
    better: str


def output_of(command):
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise BenchError(f"exit code {answer.returncode} of {' '.join(command)}: {answer.stderr.strip()[-300:]}")
    return answer.stdout + answer.stderr


class Program:
    """A program that prints its figure; `pattern` finds it."""

    def __init__(self, name, unit, better, pattern, *command):
        self.figures = [Figure(name, unit, better)]
        self._pattern, self._command = re.compile(pattern), [str(word) for word in command]

    def run(self):
        text = output_of(self._command)
        match = self._pattern.search(text)
        if match is None:
            raise BenchError(f"no figure in the output of {' '.join(self._command)}: {text[-300:]}")
        return [float(match[1])]


@contextlib.contextmanager
def hogs(count):
    """Endless loops, named hog."""
    processes = [subprocess.Popen(["bash", "-c", "while :; do :; done"]) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


class Wakeups:
    """Delays of a task that wakes every 10 ms beside endless loops."""

    def __init__(self, hog_count, label, seconds):
        self.figures = [Figure(f"wakeup delay, {label}: {what}", "us", LESS) for what in ("mean", "p99", "max")]
        self._hogs, self._seconds = hog_count, seconds

    def run(self):
        with hogs(self._hogs):
            time.sleep(1)
            mean, p99, most = output_of(["wakes", "--mean", str(self._seconds)]).split()
        return [float(mean), float(p99), float(most)]


@contextlib.contextmanager
def busy_sleepers(pairs, nice):
    """Two processes each that send each other a byte and sleep, all the time."""
    processes = [subprocess.Popen(["nice", "-n", str(nice), "perf", "bench", "sched", "pipe", "-l", str(10**9)],
                                  stdout=subprocess.DEVNULL, start_new_session=True) for _ in range(pairs)]
    try:
        yield
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class WorstWait:
    """The longest wait for a turn of 1 ms of endless loops beside 16 tasks of nice -10 that sleep and wake."""

    def __init__(self, hog_count, seconds):
        self.figures = [Figure("longest wait of a hog among 16 sleepers, nice -10", "ms", LESS)]
        self._hogs, self._seconds = hog_count, seconds

    def run(self):
        with busy_sleepers(8, -10):
            time.sleep(1)
            waits = output_of(["waits", str(self._seconds), str(self._hogs), "1000"]).splitlines()
        return [float(waits[0].split()[0])]


class OwnCost:
    """What the scheduler's own process takes; nothing where the kernel schedules alone."""

    def __init__(self, cpus, seconds):
        self.figures = [Figure("own CPU time, idle machine", "% of a CPU", LESS), Figure("own CPU time, full load", "% of the machine", LESS),
                        Figure("own memory, resident", "MB", LESS)]
        self._cpus, self._seconds = cpus, seconds
        self._process = None

    def of(self, process):
        """Of that process from now on; None: there is none."""
        self._process = process

    def run(self):
        if self._process is None:
            return [0, 0, 0]
        idle = self._share()
        with hogs(self._cpus), busy_sleepers(4, 0):
            time.sleep(1)
            loaded = self._share()
        with open(f"/proc/{self._process}/smaps_rollup", encoding="ascii") as stream:
            resident = int(re.search(r"Rss: +(\d+) kB", stream.read())[1])
        return [100 * idle, 100 * loaded / self._cpus, resident * 1024 / 1e6]

    def _share(self):
        before, begun = self._cpu_ns(), time.monotonic_ns()
        time.sleep(self._seconds)
        return (self._cpu_ns() - before) / (time.monotonic_ns() - begun)

    def _cpu_ns(self):
        return sum(run_ns(f"{self._process}/task/{thread}") for thread in os.listdir(f"/proc/{self._process}/task"))


class ShortProcesses:
    """As a build does: twice as many jobs at a time as CPUs, each a process that computes for some milliseconds."""

    def __init__(self, jobs, parallel):
        self.figures = [Figure("short processes", "s", LESS)]
        self._jobs, self._parallel = jobs, parallel

    def run(self):
        begun = time.monotonic()
        text = "\n" * self._jobs
        subprocess.run(["xargs", "-P", str(self._parallel), "-I", "{}", "bash", "-c", "for ((i = 0; i < 3000; i++)); do :; done; : {}"],
                       input=text.replace("\n", "x\n"), text=True, check=True)
        return [time.monotonic() - begun]


def run_ns(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as stream:
        return int(stream.read().split()[0])


class Fairness:
    """Jain's index of the CPU time of equal endless loops: (sum x)^2 / (n sum x^2), 1 when all got the same."""

    def __init__(self, count, seconds):
        self.figures = [Figure(f"Jain's index of {count} equal hogs", "", MORE)]
        self._count, self._seconds = count, seconds

    def run(self):
        with hogs(self._count) as processes:
            time.sleep(2)
            before = [run_ns(process.pid) for process in processes]
            time.sleep(self._seconds)
            got = [run_ns(process.pid) - start for process, start in zip(processes, before)]
        return [sum(got) ** 2 / (len(got) * sum(x * x for x in got))]


def all_workloads():
    cpus = os.cpu_count()
    return [
        Program("hackbench, processes", "s", LESS, r"Time: ([\d.]+)", "hackbench", "-g", 4, "-l", 50),
        Program("hackbench, threads", "s", LESS, r"Time: ([\d.]+)", "hackbench", "-T", "-g", 4, "-l", 50),
        Program("pipe, processes", "us", LESS, r"([\d.]+) usecs/op", "perf", "bench", "sched", "pipe", "-l", 3000),
        Program("pipe, threads", "us", LESS, r"([\d.]+) usecs/op", "perf", "bench", "sched", "pipe", "-T", "-l", 3000),
        Program("messaging", "s", LESS, r"Total time: ([\d.]+)", "perf", "bench", "sched", "messaging", "-g", 2, "-l", 50),
        Program("context switches", "1/s", MORE, r"switch +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +([\d.]+)",
                "stress-ng", "--switch", cpus, "--timeout", "3s", "--metrics-brief"),
        Program("sysbench cpu", "1/s", MORE, r"events per second: +([\d.]+)", "sysbench", "cpu", f"--threads={2 * cpus}", "--time=3", "run"),
        Program("sysbench threads", "events", MORE, r"total number of events: +(\d+)",
                "sysbench", "threads", f"--threads={2 * cpus}", "--thread-locks=2", "--time=3", "run"),
        ShortProcesses(60, 2 * cpus),
        Wakeups(0, "idle", 4),
        Wakeups(cpus, "1 hog a CPU", 4),
        Wakeups(2 * cpus, "2 hogs a CPU", 4),
        Fairness(16 * cpus, 8),
        WorstWait(cpus, 4),
        OwnCost(cpus, 4),
    ]
