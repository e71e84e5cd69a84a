#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./run test: builds, runs every check and test, ends with 'N passed, N failed'.

Progress and failures go to stdout as they come; the last line is the count of cases. Exit code 1 if any failed, 2 for
wrong arguments or when nothing was selected. Logs stay in .cache/test of the repository.
"""

import argparse
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lint  # noqa: E402
import scripts  # noqa: E402
import unit  # noqa: E402
from results import FAILED, PASSED, Case, Report  # noqa: E402

STAGES = ("lint", "unit", "tools", "native", "guest")
SANITIZERS = ("asan", "tsan")


def regex(text):
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {error}") from error
    return text


def parse(argv):
    parser = argparse.ArgumentParser(prog="./run test", description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=STAGES, action="append", help="only this kind (may be given more than once)")
    parser.add_argument("--filter", type=regex, default="", metavar="REGEX",
                        help="only scripts, test targets and checks whose name matches")
    parser.add_argument("--kernels", default="newest", metavar="newest|all|VERSION",
                        help="kernels for guest tests; all: the newest of each series in the archive")
    parser.add_argument("--no-build", action="store_true", help="test what is built already (not for the unit tests)")
    parser.add_argument("--sanitizers", action="store_true", help="run the daemon's unit tests with asan as well, and those of lock-free code with tsan")
    return parser.parse_args(argv)


def guest_kernels(wanted):
    if wanted != "all":
        return ["" if wanted == "newest" else wanted]
    answer = subprocess.run(["python3", "tests/guest/guest.py", "--list"], cwd=scripts.REPO, capture_output=True,
                            text=True, check=False)
    versions = [line.split()[0] for line in answer.stdout.splitlines()]
    if not versions:
        raise RuntimeError(f"no kernels found: {answer.stderr.strip()}")
    return versions


def build(report):
    started_at = time.monotonic()
    answer = unit.bazel("build", "--keep_going", "//...", stdout=None)
    case = Case("bazel build //...", PASSED)
    if answer.returncode != 0:
        case = Case("bazel build //...", FAILED, f"exit code {answer.returncode}; the messages are above")
    report.add("build", [case], seconds=time.monotonic() - started_at)


def run_stage(report, stage, options):
    pattern = options.filter
    if stage == "lint":
        lint.run(report, pattern)
    elif stage == "unit":
        for config in ("", *SANITIZERS) if options.sanitizers else ("",):
            unit.run(report, pattern, config)
    elif stage == "guest":
        found = scripts.find("tests/e2e", pattern)
        for kernel in guest_kernels(options.kernels) if found else ():
            for path in found:
                scripts.run_in_guest(report, path, kernel)
    else:
        for path in scripts.find("tests/" + stage, pattern):
            scripts.run_on_host(report, path)


def main():
    options = parse(sys.argv[1:])
    report = Report(lambda line: print(line, flush=True))
    stages = options.only or STAGES
    started_at = time.monotonic()
    if set(stages) & {"unit", "native", "guest"} and not options.no_build:
        report.say("== build")
        build(report)
    built = len(report.cases)
    for stage in stages:
        report.say(f"== {stage}")
        try:
            run_stage(report, stage, options)
        except RuntimeError as error:  # the stage could not even list its tests
            report.add(stage, [Case("could be started", FAILED, str(error))])
    if len(report.cases) == built and not report.count(FAILED):
        print(f"nothing matches --only {' '.join(stages)} --filter '{options.filter}'", file=sys.stderr)
        return 2
    for name in report.failed_names():
        report.say(f"failed: {name}")
    report.say(f"(all of it in {time.monotonic() - started_at:.0f} s; logs in .cache/test)")
    report.say(report.summary())
    return 1 if report.count(FAILED) else 0


if __name__ == "__main__":
    sys.exit(main())
