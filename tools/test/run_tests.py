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
import ahead  # noqa: E402
import lint  # noqa: E402
import scripts  # noqa: E402
import unit  # noqa: E402
from results import FAILED, PASSED, Case, Report  # noqa: E402

STAGES = ("lint", "unit", "tools", "native", "guest")
SANITIZERS = ("asan", "tsan")
MOST_SECOND_TRIES = 2  # boots on one kernel that may fail and be run once more: more of them are no accident


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
    parser.add_argument("--kernels", default="newest", metavar="newest|ends|all|VERSION",
                        help="kernels for guest tests. ends: all of them on the newest, the smoke tests on Debian's oldest with "
                             "sched_ext; all: the smoke tests on every other kernel there is (./run guest --list)")
    parser.add_argument("--no-build", action="store_true", help="test what is built already (not for the unit tests)")
    parser.add_argument("--thorough", action="store_true", help="guest tests repeat what they do many times instead of a few; clang-tidy reads the tests, too")
    parser.add_argument("--sanitizers", action="store_true", help="run unit tests with asan as well (but those of gRPC, the control plane and the simulator), and with tsan (lock-free code)")
    return parser.parse_args(argv)


def listed_kernels():
    """Versions of all kernels a guest can boot, newest first."""
    answer = subprocess.run([*ahead.GUEST, "--list"], cwd=scripts.REPO, capture_output=True, text=True, check=False)
    versions = [line.split()[0] for line in answer.stdout.splitlines()]
    if not versions:
        raise RuntimeError(f"no kernels found: {answer.stderr.strip()}")
    return versions


def guest_plan(wanted, found, listed=listed_kernels):
    """[(kernel, scripts to run on it)] for --kernels and the scripts that --filter left; '' is the newest kernel."""
    smoke = [path for path in found if scripts.is_smoke(path)]
    # Where all the others run, the smoke tests show nothing more; by themselves they were asked for.
    rest = [path for path in found if path not in smoke] or smoke
    if wanted not in ("ends", "all"):
        return [("", rest) if wanted == "newest" else (wanted, found)]
    versions = listed()
    others = versions[1:] if wanted == "all" else [version for version in versions[1:] if ahead.BUILT_HERE not in version][-1:]
    return [(versions[0], rest), *((version, smoke) for version in others)]


def kernels_of(options):
    """Versions of the kernels that the guest stage will boot, but for those that a script's header names."""
    plan = guest_plan(options.kernels, scripts.find("tests/e2e", options.filter))
    return [kernel or "newest" for kernel, chosen in plan if chosen]


def run_in_guests(report, wanted, found, thorough=False):
    for kernel, chosen in guest_plan(wanted, found):
        if not chosen:
            continue
        if kernel:
            # Here and not at the first boot: a download or a build is not part of a script's time.
            with report.times.measure(f"kernel {kernel}"):
                ready = subprocess.run([*ahead.GUEST, "--kernel", kernel, "--prepare"], cwd=scripts.REPO, stdout=subprocess.DEVNULL, check=False)
            if ready.returncode != 0:
                report.add(f"kernel {kernel}", [Case("can be had", FAILED, "the reason is above")])
                continue
            report.say(f"-- kernel {kernel}: {len(chosen)} of {len(found)} scripts")
        run_on_kernel(report, kernel, chosen, thorough)


def run_on_kernel(report, kernel, chosen, thorough):
    beside = [path for path in chosen if scripts.may_run_beside_others(path)]
    alone = [path for path in chosen if path not in beside]

    def run(path):
        return scripts.run_in_guest(report, path, kernel, thorough)

    stage, failed = f"guest [{kernel or 'newest'}]", []
    if beside:
        with report.times.measure(f"{stage}, two at a time"):
            failed += sum(scripts.run_together(beside, run), [])
    if alone:
        with report.times.measure(f"{stage}, alone"):
            failed += sum(map(run, alone), [])
    # Thorough runs are for finding what fails now and then.
    if failed and not thorough:
        with report.times.measure(f"{stage}, once more"):
            try_again(report, failed)


def try_again(report, failed):
    """Runs the few guests that failed once more, each alone: these measure time, on a host that others may load.

    failed: what run_in_guest() returned. The second result counts; the first has been printed and the end of the run names those that
    passed the second time only.
    """
    if len(failed) > MOST_SECOND_TRIES:
        return
    for group, again in failed:
        report.say(f"-- once more, alone: {group}")
        report.take_back(group)
        if not again():
            report.unsteady.append(group)


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
        with report.times.measure("lint"):
            lint.run(report, pattern, options.thorough)
    elif stage == "unit":
        for config in ("", *SANITIZERS) if options.sanitizers else ("",):
            with report.times.measure(f"unit [{config}]" if config else "unit"):
                unit.run(report, pattern, config)
    elif stage == "guest":
        found = scripts.find("tests/e2e", pattern)
        # A filter asks for them.
        left_out = [path for path in found if not (options.thorough or pattern) and scripts.is_for_thorough_runs(path)]
        found = [path for path in found if path not in left_out]
        if left_out:
            report.say(f"-- not run without --thorough (or a --filter): {' '.join(left_out)}")
        if found:
            run_in_guests(report, options.kernels, found, options.thorough)
    else:
        with report.times.measure(stage):
            scripts.run_together(scripts.find("tests/" + stage, pattern), lambda path: scripts.run_on_host(report, path), on_each_cpu=2)


def main():
    options = parse(sys.argv[1:])
    report = Report(lambda line: print(line, flush=True))
    stages = options.only or STAGES
    started_at = time.monotonic()
    if set(stages) & {"unit", "native", "guest"} and not options.no_build:
        ahead.start(stages, lambda: kernels_of(options), scripts.REPO)
        report.say("== build")
        with report.times.measure("build"):
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
    for group in report.unsteady:
        report.say(f"failed at first, passed when run once more: {group}")
    for line in report.times.lines():
        report.say(line)
    report.say(f"(all of it in {time.monotonic() - started_at:.0f} s; logs in .cache/test)")
    report.say(report.summary())
    return 1 if report.count(FAILED) else 0


if __name__ == "__main__":
    sys.exit(main())
