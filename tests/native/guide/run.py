#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of docs/api.md and prints TAP: run.py DOCUMENT ENDPOINT PROGRAM.

PROGRAM is the C++ examples as a program. One case for each call that server reflection knows: it has an example in
both languages. One case for each example: it prints what the page says.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys

import grpc
import guide

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import reflection_client  # noqa: E402

LANGUAGES = ("python", "c++")
DEADLINE_SECONDS = 10


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def case(self, name, problem):
        """A case that passes when there is no problem."""
        self.count += 1
        self.failed += bool(problem)
        print(f"{'not ' if problem else ''}ok {self.count} - {name}")
        for line in (problem or "").splitlines():
            print(f"# {line}")


def calls(endpoint):
    """Service.Method of all calls of schedd."""
    with grpc.insecure_channel(endpoint) as channel:
        server = reflection_client.Server(channel, DEADLINE_SECONDS)
        for full_name in server.services():
            if full_name.startswith("schedd."):
                server.learn_symbol(full_name)
                service = server.pool.FindServiceByName(full_name)
                yield from (f"{service.name}.{method.name}" for method in service.methods)


def check_headings(tap, blocks, known):
    there = {(block.heading, block.language) for block in blocks}
    for name in known:
        missing = [language for language in LANGUAGES if (name, language) not in there]
        tap.case(f"{name} has its examples", f"docs/api.md has none in {', '.join(missing)}" if missing else "")
    unknown = {block.heading for block in blocks if guide.is_call(block.heading)} - set(known)
    tap.case("no example is of a call that is not there", ", ".join(sorted(unknown)))


def run_python(tap, blocks, document):
    """One namespace for all, as in one session."""
    names = {}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block.code, names, block.heading, document, block.line - 1)
        output = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()):
            result = runner.run(test, out=output.write, clear_globs=False)
        names.update(test.globs)
        problem = output.getvalue() if result.failed else ""
        if not test.examples:
            problem = "it has no line that begins with >>>"
        tap.case(f"Python, {block.heading}", problem)


def run_cplusplus(tap, blocks, program):
    answer = subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)
    parts = re.split(r"^== (.*)\n", answer.stdout, flags=re.MULTILINE)[1:]
    printed = list(zip(parts[::2], parts[1::2]))
    for number, block in enumerate(blocks):
        got = printed[number] if number < len(printed) else ("", answer.stderr)
        wanted = (block.heading, "".join(f"{line}\n" for line in block.printed()))
        tap.case(f"C++, {block.heading}", "" if got == wanted else f"line {block.line}: printed {got}, wanted {wanted}")


def main():
    document, endpoint, program = sys.argv[1:]
    tap = Tap()
    blocks = guide.examples(document)
    check_headings(tap, blocks, list(calls(endpoint)))
    run_python(tap, [block for block in blocks if block.language == "python"], document)
    run_cplusplus(tap, [block for block in blocks if block.language == "c++"], program)
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
