# SPDX-License-Identifier: Apache-2.0
"""How long each stage of a test run took, and how busy the machine was meanwhile.

Where the processors were busy for less than elapsed time and their number allow, the stage waited for something. Stages may nest
and overlap; each names itself. May be used from any thread. Nothing here fails.
"""

import contextlib
import os
import threading
import time

SETUP_S = "SCHEDD_SETUP_S"  # from ./run: whole seconds that set-up took before we were started


def cpu_seconds(path="/proc/stat"):
    """(busy, stolen) seconds of all processors since boot; stolen ones went to other machines on the same host."""
    with open(path, encoding="ascii") as stream:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stream.readline().split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


class StageTimes:
    """Collects (stage, elapsed, busy, stolen), all in seconds, in the order in which the stages ended."""

    def __init__(self, environment=os.environ):
        self._lock = threading.Lock()
        self._rows = []
        setup = environment.get(SETUP_S, "")
        if setup.isdecimal():
            self._rows.append(("set-up", float(setup), None, 0.0))

    @contextlib.contextmanager
    def measure(self, stage):
        started_at, (busy, stolen) = time.monotonic(), cpu_seconds()
        try:
            yield
        finally:
            busy_now, stolen_now = cpu_seconds()
            with self._lock:
                self._rows.append((stage, time.monotonic() - started_at, busy_now - busy, stolen_now - stolen))

    def lines(self):
        """For people; none when nothing was measured."""
        if not self._rows:
            return []
        lines = [f"seconds of each stage (in brackets: for how many this machine's {os.cpu_count()} processors together were busy):"]
        for stage, elapsed, busy, stolen in self._rows:
            note = f"; {stolen:.0f} more went to other machines" if stolen >= 1 else ""
            lines.append(f"{elapsed:7.0f} {'' if busy is None else f'({busy:.0f})':8} {stage}{note}")
        return lines
