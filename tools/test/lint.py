# SPDX-License-Identifier: Apache-2.0
"""The checks that need no running program: one case each, over the files git knows.

A tool that cannot be had is a skipped case that says why. Two checks run at a time; they change no file.
"""

import os
import re
import subprocess
import time

import scripts
import unit
from results import FAILED, PASSED, SKIPPED, Case, tail

REPO = unit.REPO
C_LIKE = (".h", ".c", ".cc", ".hpp")
NOT_OURS = ("third_party/googleapis/google/", "LICENSE")
NO_COMMENTS = (".json", ".md", ".supp")  # files that carry no SPDX line
MAX_LINES_SHOWN = 40


def tracked():
    """Files in git's index and new ones that are not ignored, without what is not ours."""
    answer = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True,
                            text=True, check=True)
    paths = [path for path in answer.stdout.splitlines() if os.path.isfile(os.path.join(REPO, path))]
    return [path for path in paths if not path.startswith(NOT_OURS)]


def command_case(name, command):
    answer = subprocess.run(command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if answer.returncode == 0:
        return Case(name, PASSED)
    return Case(name, FAILED, tail(answer.stdout, MAX_LINES_SHOWN) or f"exit code {answer.returncode}")


def clang_format(files):
    sources = [path for path in files if path.endswith(C_LIKE)]
    if not sources:
        return Case("clang-format", FAILED, "found no C or C++ file to check")
    answer = subprocess.run(["clang-format-19", "--dry-run", "--Werror", *sources], cwd=REPO, capture_output=True,
                            text=True, check=False)
    if answer.returncode == 0:
        return Case("clang-format", PASSED)
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", answer.stderr, re.MULTILINE)))
    detail = "mend with: clang-format-19 -i " + " ".join(wrong) if wrong else tail(answer.stderr)
    return Case("clang-format", FAILED, detail)


# What clang-tidy reads unless it is told to be thorough: the tests would double its time, and gcc's warnings count there, too.
SHIPPED = ("//bpf/...", "//server/...", "//client/...")


def clang_tidy(_, thorough):
    with open(os.path.join(REPO, ".bazelrc"), encoding="utf-8") as stream:
        if "build:clang-tidy" not in stream.read():
            return Case("clang-tidy", SKIPPED, ".bazelrc has no configuration clang-tidy")
    answer = unit.bazel("build", "--config=clang-tidy", "--symlink_prefix=/", "--keep_going",
                        *(("//...",) if thorough else SHIPPED), stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT, text=True)
    if answer.returncode == 0:
        return Case("clang-tidy", PASSED)
    findings = [line for line in answer.stdout.splitlines() if re.search(r"(warning|error): ", line)]
    return Case("clang-tidy", FAILED, "\n".join(findings[:MAX_LINES_SHOWN]) or tail(answer.stdout))


def with_buf(name, check):
    """check(path of buf), or a skipped case where it cannot be had."""
    found = subprocess.run(["tools/setup/buf"], cwd=REPO, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        return Case(name, SKIPPED, found.stderr.strip() or "buf cannot be had")
    return check(found.stdout.strip())


def buf(_):
    return with_buf("buf lint", lambda path: command_case("buf lint", [path, "lint", "proto"]))


# What v1 was when it was first promised. Clones without tags have nothing else to compare with.
BASELINE = "proto/baseline.json"


def api_promises(tree):
    """What the API must stay compatible with: the kept image and, where git knows it, the newest release (a tag v1.2.3)."""
    tag = subprocess.run(["git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"], cwd=tree, capture_output=True,
                         text=True, check=False)
    return [BASELINE] + ([f".git#tag={tag.stdout.strip()},subdir=proto"] if tag.returncode == 0 else [])


def breaking_case(buf_path, tree):
    """Whether callers of what was promised can go on unchanged with the proto/ of a tree."""
    found = []
    for promise in api_promises(tree):
        answer = subprocess.run([buf_path, "breaking", "proto", "--against", promise], cwd=tree, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        if answer.returncode != 0:
            found.append(f"compared with {promise}:\n{tail(answer.stdout, MAX_LINES_SHOWN)}")
    return Case("buf breaking", FAILED, "\n".join(found)) if found else Case("buf breaking", PASSED)


def buf_breaking(_):
    return with_buf("buf breaking", lambda path: breaking_case(path, REPO))


def is_shell(path):
    with open(os.path.join(REPO, path), "rb") as stream:
        return path.endswith((".sh", ".bash")) or re.match(rb"#!.*\b(ba)?sh$", stream.readline().rstrip()) is not None


def shellcheck(files):
    scripts = [path for path in files if is_shell(path)]
    return command_case("shellcheck", ["shellcheck", "-x", "-S", "warning", *scripts])


def python_syntax(files):
    sources = [path for path in files if path.endswith(".py")]
    program = "import ast, sys\nfor path in sys.argv[1:]: ast.parse(open(path).read(), path)"
    return command_case("python syntax", ["python3", "-c", program, *sources])


def licence_of(path):
    """BPF programs are GPL, what both sides of the shared memory compile is either, the rest is Apache."""
    if path.endswith((".bpf.c", ".bpf.h")):
        return "GPL-2.0-only"
    if re.match(r"bpf/.*\.h$", path):
        return "GPL-2.0-only OR Apache-2.0"
    return "Apache-2.0"


def spdx(files):
    bad = []
    for path in files:
        if path.endswith(NO_COMMENTS) or os.path.basename(path).startswith("."):
            continue
        with open(os.path.join(REPO, path), encoding="utf-8") as stream:
            head = stream.readline() + stream.readline()  # a script's first line is its #!
        found = re.search(r"SPDX-License-Identifier: (.*?)\s*(\*/|-->)?$", head, re.MULTILINE)
        if found is None or found[1] != licence_of(path):
            bad.append(f"{path}: {found[1] if found else 'none'} instead of {licence_of(path)}")
    if bad:
        return Case("SPDX line first", FAILED, "\n".join(bad))
    return Case("SPDX line first", PASSED)


# clang-tidy first: it takes longest, and the others run beside it.
CHECKS = {"clang-tidy": clang_tidy, "clang-format": clang_format, "buf": buf, "buf breaking": buf_breaking, "shellcheck": shellcheck,
          "python": python_syntax, "spdx": spdx}


def run(report, pattern, thorough=False):
    files = tracked()

    def run_one(name):
        started_at, check = time.monotonic(), CHECKS[name]
        case = check(files, thorough) if check is clang_tidy else check(files)
        report.add("lint/" + name, [case], seconds=time.monotonic() - started_at)

    scripts.run_together([name for name in CHECKS if re.search(pattern, "lint/" + name)], run_one)
