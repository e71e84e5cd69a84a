# SPDX-License-Identifier: Apache-2.0
"""Lets a unittest file print TAP, so that ./run test counts its single tests. Use: tap_unittest.main()."""

import os
import sys
import unittest

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class _TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self._number = 0

    def _line(self, word, test, text=""):
        self._number += 1
        print(f"{word} {self._number} - {test.id().split('.', 1)[1]}{text}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(test, self.errors[-1][1])

    def _bad(self, test, trace):
        self._line("not ok", test)
        print("".join(f"# {line}\n" for line in trace.splitlines()), end="", flush=True)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromName("__main__")
    print(f"1..{suite.countTestCases()}", flush=True)
    result = _TapResult()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
