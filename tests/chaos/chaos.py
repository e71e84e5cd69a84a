#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./run chaos: faults at random on a loaded guest, with invariants checked all the time; the same seed gives the same faults.

Prints each action as it is done and ends with a verdict. Exit code: 0 passed, 1 an invariant was violated, otherwise that
of ./run guest.
"""

import argparse
import itertools
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(REPO, "tools/test"))
from plan import Plan  # noqa: E402
from scripts import ALARMING  # noqa: E402

SPARE_S = 600  # for boot, the last actions and an end that hangs


def parse(argv):
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=2, help="how long, by the guest's clock (default 2)")
    parser.add_argument("--seed", type=int, default=None, help="of the random actions (default: another one each time)")
    parser.add_argument("--kernel", default="newest", metavar="VERSION", help="as of ./run guest (default newest)")
    parser.add_argument("--cpus", type=int, default=4, metavar="N", help="processors of the guest (default 4)")
    parser.add_argument("--plan", type=int, default=None, metavar="N", help="only print the first N actions of the seed")
    options = parser.parse_args(argv)
    if options.minutes <= 0 or options.cpus < 1:
        parser.error("--minutes and --cpus must be more than 0")
    return options


def main():
    options = parse(sys.argv[1:])
    seed = random.randrange(1, 10**6) if options.seed is None else options.seed
    if options.plan is not None:
        for number, action in enumerate(itertools.islice(Plan(seed, options.cpus), options.plan), 1):
            print(number, action)
        return
    command = ["python3", os.path.join(REPO, "tests/guest/guest.py"), "--verbose", "--with", "python", "--file", f"{HERE}:/chaos",
               "--kernel", options.kernel, "--cpus", str(options.cpus), "--timeout", str(round(60 * options.minutes) + SPARE_S),
               "--", "python3", "/chaos/in_guest.py", str(options.minutes), str(seed), ALARMING.pattern]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
