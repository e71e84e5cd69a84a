# SPDX-License-Identifier: Apache-2.0
"""What schedd's figures have to be: the table behind ./run bench --check.

A target is for each figure whose whole name matches. It is missed when the measured value is beyond the bound by more than the
margin, which is the noise of such a figure between runs of one tree, as a share of the bound.
"""

import dataclasses
import re

# Where a figure is from.
MICRO, API, ICOUNT, PARALLEL = "micro", "api", "guest icount", "guest parallel"
BOTH = (ICOUNT, PARALLEL)

# What is compared with the bound: the figure itself; its ratio to that under the kernel's own scheduler ("none"); how many times
# faster it is than the figure `versus` of the same part.
ABSOLUTE, RATIO, TIMES_FASTER = "absolute", "x none", "x faster"

AT_MOST, AT_LEAST = "<=", ">="

# Emulated CPUs in parallel: see docs/testing.md. Instructions counted: repeatable within some per cent.
ICOUNT_NOISE, PARALLEL_NOISE = 0.03, 0.20
# Single operations and calls on a host that does other things, too.
MICRO_NOISE, API_NOISE = 0.05, 0.05


@dataclasses.dataclass(frozen=True)
class Target:
    figure: str  # regular expression
    where: str
    kind: str
    sign: str
    bound: float
    margin: float
    unit: str = ""
    key: str = "ns"  # of micro: which of its values
    versus: str = ""  # of TIMES_FASTER: the other figure's name; may refer to groups of `figure`

    def matches(self, name):
        return re.fullmatch(self.figure, name)

    def holds(self, value):
        """False for NaN as well."""
        if self.sign == AT_MOST:
            return value <= self.bound * (1 + self.margin)
        return value >= self.bound * (1 - self.margin)


def _policy():
    for runnable, most_ns in ((100, 60), (10_000, 120), (100_000, 200)):
        yield Target(rf"BM_Policy/runnable:{runnable}/batch:\d+", MICRO, ABSOLUTE, AT_MOST, most_ns, MICRO_NOISE, "ns")
    # Both loops ran on the same host, in one program: its noise is in both.
    yield Target(r"BM_Policy/runnable:(\d+)/batch:\d+", MICRO, TIMES_FASTER, AT_LEAST, 4, MICRO_NOISE, "x", versus=r"BM_StdSet/runnable:\1")
    yield Target(r"BM_Policy/.*", MICRO, ABSOLUTE, AT_MOST, 0, 0, "heap calls", key="allocations")


def _engine():
    # 5 million decisions a second on one core.
    yield Target(r"BM_Engine/tasks:\d+/cpus:16/batch:100/.*", MICRO, ABSOLUTE, AT_MOST, 200, MICRO_NOISE, "ns")
    yield Target(r"BM_Engine/tasks:\d+/cpus:16/batch:10/.*", MICRO, ABSOLUTE, AT_MOST, 400, MICRO_NOISE, "ns")


def _guest():
    def icount(figure, sign, bound):
        return Target(figure, ICOUNT, RATIO, sign, bound, ICOUNT_NOISE, "x none")

    yield icount("hackbench, processes", AT_MOST, 0.80)
    yield icount("pipe, processes", AT_MOST, 1.02)
    for figure in ("messaging", "pipe, threads", "short processes"):
        yield icount(figure, AT_MOST, 1.1)
    yield icount("sysbench threads", AT_LEAST, 1 / 1.1)  # more of these is better
    yield icount("sysbench cpu", AT_LEAST, 0.98)
    for where, noise in ((ICOUNT, ICOUNT_NOISE), (PARALLEL, PARALLEL_NOISE)):
        yield Target("wakeup delay, 2 hogs a CPU: (mean|p99|max)", where, RATIO, AT_MOST, 0.5, noise, "x none")
    # starvation_bound and the longest slice that there is, with the tick that ends it.
    yield Target("longest wait of a hog among 16 sleepers, nice -10", ICOUNT, ABSOLUTE, AT_MOST, 544, 0, "ms")
    yield Target("own CPU time, idle machine", ICOUNT, ABSOLUTE, AT_MOST, 0.2, 0, "% of a CPU")
    yield Target("own CPU time, full load", ICOUNT, ABSOLUTE, AT_MOST, 5, 0, "% of the machine")
    yield Target("own memory, resident", ICOUNT, ABSOLUTE, AT_MOST, 64, 0, "MB")
    # A share of CPU time: how fast the guest is does not matter.
    for where in BOTH:
        yield Target("Jain's index of 64 equal hogs", where, ABSOLUTE, AT_LEAST, 0.99, 0)


def _api():
    yield Target("ListTasks of 10,000 tasks, .*: p99", API, ABSOLUTE, AT_MOST, 20, API_NOISE, "ms")
    # Of readers that ask for changed_tasks_only. Whole updates of 10,000 tasks, 10 a second for each of 8, are some 150 MB of
    # messages a second: to make and send these takes more than that, however cheap it is to find out what they say.
    yield Target("CPU of the server, 8 readers of changes", API, ABSOLUTE, AT_MOST, 15, API_NOISE, "% of a core")
    # Else that figure is of less work than it says.
    yield Target("WatchTasks, 8 readers of changes: updates a second for each", API, ABSOLUTE, AT_LEAST, 10, API_NOISE, "1/s")
    yield Target("decision latency, median: 8 readers of changes / no reader", API, ABSOLUTE, AT_MOST, 1.05, API_NOISE, "x")
    yield Target("decision latency, median: under load / alone", API, ABSOLUTE, AT_MOST, 1.05, API_NOISE, "x")
    yield Target("under load: calls", API, ABSOLUTE, AT_LEAST, 1000, API_NOISE, "1/s")
    yield Target("under load: its growth in the second half", API, ABSOLUTE, AT_MOST, 4, 0, "MB")
    yield Target("UpdatePolicy until applied: p99", API, ABSOLUTE, AT_MOST, 2, API_NOISE, "ms")


TARGETS = (*_policy(), *_engine(), *_guest(), *_api())
# Measured and shown beside the targets; nothing is asked of them.
REPORTED = (
    Target("hackbench, threads", ICOUNT, RATIO, AT_MOST, float("inf"), 0, "x none"),
    Target("CPU of the server, 8 readers of whole updates", API, ABSOLUTE, AT_MOST, float("inf"), 0, "% of a core"),
    Target("WatchTasks, 8 readers of whole updates: CPU for each", API, ABSOLUTE, AT_MOST, float("inf"), 0, "ms"),
)
