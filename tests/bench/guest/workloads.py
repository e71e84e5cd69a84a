# SPDX-License-Identifier: Apache-2.0
"""What is measured in a guest: each workload runs once and gives one figure or several.

Programs of others wherever there is one. Figures are by the guest's clock; emulated, so only their ratios mean anything.
Failure (a program that ends badly, or whose output has no figure): BenchError.
"""

import contextlib
import dataclasses
import os
import re
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
    ]
