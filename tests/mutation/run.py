#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts deliberate bugs into the code, one at a time, and says whether the tests notice.

    tests/mutation/run.py [--list | --table] [REGEX]

Each bug (mutants.py) is put into a scratch checkout of the last commit, and the tests named with it are built and run there. A bug
is caught when one of these tests fails; a bug that does not compile, or whose text is not found any more, is an error of the list.
Exit code 1 if any bug was not caught. Takes half a minute a bug; the checkout shares Bazel's disk cache with ./run.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from mutants import MUTANTS, SUITE  # noqa: E402

REPO = os.path.dirname(os.path.dirname(HERE))


def bazel(checkout, verb, mutant, *options):
    cache = os.environ.get("SCHEDD_CACHE", "/var/cache/schedd")
    command = ["bazel", verb, f"--disk_cache={cache}/bazel", "--ui_event_filters=-info", "--curses=no", "--color=no",
               "--noshow_progress", *options, *mutant.target.split()]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def failed_tests(output):
    """The names of the tests that failed, of a parameterised one its parameter's. `output`: Bazel's, which names their logs."""
    names = set()
    for path in set(re.findall(r"\S+/test\.log", output)):
        with open(path, encoding="utf-8", errors="replace") as stream:
            names.update(re.findall(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", stream.read(), re.MULTILINE))
    # Cases/ScenarioTest.IsAsExpected/hotplug is known by its last part, Parts/InvariantsTest.HoldWhateverHappens/3 by its name.
    return sorted({re.sub(r"^Cases/.*/|^Parts/|/\d+$", "", name) for name in names})


def test(checkout, mutant, *options):
    tested = bazel(checkout, "test", mutant, f"--test_filter={mutant.test}", "--test_output=errors", *options)
    # 3: built, and tests failed.
    result = {0: "NOT CAUGHT", 3: "caught"}.get(tested.returncode, f"bazel failed: {tested.stderr[-300:]}")
    return result, failed_tests(tested.stdout + tested.stderr)


def try_mutant(checkout, mutant):
    """'caught' or what is wrong, and which tests failed."""
    path = os.path.join(checkout, mutant.file)
    with open(path, encoding="utf-8") as stream:
        original = stream.read()
    if original.count(mutant.before) != 1:
        return f"its text is there {original.count(mutant.before)} times, not once", []
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(original.replace(mutant.before, mutant.after))
    try:
        built = bazel(checkout, "build", mutant)
        if built.returncode != 0:
            return "does not compile: " + (re.findall(r"error: .*", built.stderr) or ["?"])[0], []
        # First where the scenarios write their summaries instead of comparing them: that a summary is another one is little to go by.
        write = ["--test_env=SCHEDD_UPDATE_SCENARIOS=/tmp"] if mutant.target == SUITE else []
        result, failed = test(checkout, mutant, *write)
        if result != "NOT CAUGHT" or not write:
            return result, failed
        result, failed = test(checkout, mutant)
        return result, [f"{name} (only its golden file)" for name in failed]
    finally:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(original)


def row(mutant, result, failed):
    """A line of the table in docs/testing.md."""
    noticed = ", ".join(f"`{name}`" for name in failed[:3]) + (f" and {len(failed) - 3} more" if len(failed) > 3 else "")
    return f"| {mutant.what or mutant.test} | {mutant.file} | {noticed if result == 'caught' else result} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true", help="only name the bugs")
    parser.add_argument("--table", action="store_true", help="the results as a Markdown table")
    parser.add_argument("regex", nargs="?", default="", help="only bugs whose file, text or test matches")
    options = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if re.search(options.regex, " ".join(mutant))]
    if options.list:
        for mutant in chosen:
            print(f"{mutant.file}: {mutant.before!r} -> {mutant.after!r} ({mutant.test})")
        return 0
    caught = 0
    with tempfile.TemporaryDirectory(dir="/var/tmp") as parent:
        checkout = os.path.join(parent, "checkout")
        subprocess.run(["git", "clone", "-q", "--shared", REPO, checkout], check=True)
        try:
            for mutant in chosen:
                result, failed = try_mutant(checkout, mutant)
                caught += result == "caught"
                print(row(mutant, result, failed) if options.table else f"{result:>10}  {mutant.file}: {mutant.what or mutant.test}", flush=True)
        finally:
            subprocess.run(["bazel", "shutdown"], cwd=checkout, capture_output=True, check=False)
            subprocess.run(["bazel", "clean", "--expunge"], cwd=checkout, capture_output=True, check=False)
    print(f"{caught} of {len(chosen)} caught")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
