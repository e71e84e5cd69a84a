# SPDX-License-Identifier: Apache-2.0
"""Reads the TAP (Test Anything Protocol) that test scripts print, and does not let a case get lost.

A script passes only if it printed a plan, exactly the planned cases in order, and exited with 0. Whatever is
missing becomes a failed case of its own. Pure functions.
"""

import re

from results import FAILED, PASSED, SKIPPED, Case

CASE = re.compile(r"(not )?ok\b\s*(\d+)?(?:\s*-)?\s*([^#]*?)\s*(?:#\s*(\w+)\s*(.*))?$")
PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*skip\S*\s*(.*))?$", re.IGNORECASE)


def parse(text, exit_code, timed_out=False):
    """The cases of a script that printed `text` and ended with `exit_code`."""
    cases, planned, bailed, problems = [], None, None, []
    for line in text.splitlines():
        if match := PLAN.match(line):
            if planned is not None:
                problems.append("printed two plans")
            planned = int(match[1])
            if planned == 0:
                cases.append(Case("whole script", SKIPPED, match[2] or "no reason given"))
                planned = 1
        elif match := CASE.match(line):
            number = int(match[2]) if match[2] else len(cases) + 1
            if number != len(cases) + 1:
                problems.append(f"case {number} came where {len(cases) + 1} was due")
            cases.append(_case(match))
        elif line.startswith("Bail out!"):
            bailed = line[len("Bail out!"):].strip() or "no reason given"
        elif line.startswith("#") and cases and cases[-1].outcome == FAILED:
            cases[-1].detail = (cases[-1].detail + "\n" + line[1:].strip()).strip()
    problems += _ending(cases, planned, bailed, exit_code, timed_out)
    return cases + [Case("ran to its end", FAILED, problem) for problem in problems]


def _case(match):
    name = match[3] or "unnamed case"
    directive, reason = (match[4] or "").lower(), match[5] or ""
    if match[1]:
        return Case(name, FAILED)
    if directive.startswith("skip"):
        return Case(name, SKIPPED, reason or "no reason given")
    return Case(name, PASSED)


def _ending(cases, planned, bailed, exit_code, timed_out):
    if timed_out:
        return [f"time limit reached after {len(cases)} cases"]
    if bailed is not None:
        return [f"gave up: {bailed}"]
    if planned is None:
        return [f"no plan: it ended (exit code {exit_code}) after {len(cases)} cases, before it was finished"]
    if planned != len(cases):
        return [f"planned {planned} cases, ran {len(cases)} (exit code {exit_code})"]
    if exit_code != 0 and not any(case.outcome == FAILED for case in cases):
        return [f"exit code {exit_code} although no case failed"]
    return []
