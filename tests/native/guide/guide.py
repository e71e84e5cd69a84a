# SPDX-License-Identifier: Apache-2.0
"""The examples in docs/api.md: where they stand, and what they are expected to print.

A block of code belongs to the heading above it. What a C++ example prints stands behind an arrow ("// → TEXT"),
line by line; what a Python example prints is as in doctest. Reads one file; single-threaded.
"""

import re

HEADING = re.compile(r"#{2,3} (.+)")
FENCE = re.compile(r"```(\S*)$")
CALL = re.compile(r"\w+Service\.\w+$")  # the heading of a call
PRINTED = re.compile(r"// → (.*)$")


class Example:
    """One block of code."""

    def __init__(self, heading, language, line):
        self.heading = heading
        self.language = language
        self.line = line  # of its first line of code, from 1
        self.code = ""

    def printed(self):
        """The lines that a C++ example prints."""
        return [match[1] for line in self.code.splitlines() if (match := PRINTED.search(line))]


def is_call(heading):
    return CALL.fullmatch(heading) is not None


def examples(path):
    """All blocks of Python and C++, in their order."""
    found, heading, language, block = [], "", None, None
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            fence = FENCE.fullmatch(line.rstrip())
            if language is None and (match := HEADING.match(line)):
                heading = match[1].strip()
            elif language is None and fence:
                language = fence[1]
                block = Example(heading, language, number + 1)
            elif fence:
                if language in ("python", "c++"):
                    found.append(block)
                language = None
            elif language is not None:
                block.code += line
    return found
