# SPDX-License-Identifier: Apache-2.0
"""Collects the outcome of every case and prints it as it comes; the last line's counts are these.

Pure bookkeeping: no case is dropped, none is counted twice. Report.add may be called from any thread. Nothing here fails.
"""

import dataclasses
import threading

from stage_times import StageTimes

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
TAIL_LINES = 30


@dataclasses.dataclass
class Case:
    """One checked thing. `detail` says why it failed or was skipped."""

    name: str
    outcome: str
    detail: str = ""
    group: str = ""  # Report's


def tail(text, lines=TAIL_LINES):
    return "\n".join(text.rstrip().splitlines()[-lines:])


class Report:
    """All cases of a run. `write` takes the lines for the person watching."""

    def __init__(self, write):
        self._write = write
        self._lock = threading.Lock()
        self.cases = []
        self.times = StageTimes()
        self.unsteady = []  # groups that failed, and passed when they were run once more

    def say(self, text):
        self._write(text)

    def add(self, group, cases, log="", seconds=None):
        """The cases of one group (a script, a test program, a check), with the log to show on failure."""
        cases = list(cases) or [Case("ran", FAILED, "it reported no case at all")]
        with self._lock:
            self._add(group, cases, log, seconds)

    def _add(self, group, cases, log, seconds):
        self.cases += [dataclasses.replace(case, name=f"{group}: {case.name}", group=group) for case in cases]
        failed = [case for case in cases if case.outcome == FAILED]
        skipped = [case for case in cases if case.outcome == SKIPPED]
        notes = [f"{len(cases)} case{'s' if len(cases) > 1 else ''}"]
        if failed:
            notes.append(f"{len(failed)} failed")
        if skipped:
            notes.append(f"{len(skipped)} skipped")
        if seconds is not None:
            notes.append(f"{seconds:.1f} s")
        word = "FAIL" if failed else "skip" if len(skipped) == len(cases) else "ok"
        self._write(f"  {word:4} {group} ({', '.join(notes)})")
        for case in failed + skipped:
            first, *rest = (case.detail or "no reason given").splitlines()
            self._write(f"         {case.outcome}: {case.name}: {first}")
            for line in rest:
                self._write(f"           {line}")
        if failed and log.strip():
            self._write("         the end of its log:")
            for line in tail(log).splitlines():
                self._write(f"         | {line}")

    def has_failed(self, group):
        return any(case.group == group and case.outcome == FAILED for case in self.cases)

    def take_back(self, group):
        """Forgets the cases of a group that is run once more: those of that run count."""
        with self._lock:
            self.cases = [case for case in self.cases if case.group != group]

    def count(self, outcome):
        return sum(case.outcome == outcome for case in self.cases)

    def failed_names(self):
        return [case.name for case in self.cases if case.outcome == FAILED]

    def summary(self):
        line = f"{self.count(PASSED)} passed, {self.count(FAILED)} failed"
        if self.count(SKIPPED):
            line += f", {self.count(SKIPPED)} skipped"
        return line
