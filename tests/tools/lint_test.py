# SPDX-License-Identifier: Apache-2.0
# host: timeout=60
"""The lint stage's guard of the API finds what would break its callers, and lets it grow (tools/test/lint.py)."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tools/test"))
import lint  # noqa: E402
from results import FAILED, PASSED  # noqa: E402

TASKS = "proto/schedd/v1/task_service.proto"


def buf():
    found = subprocess.run(["tools/setup/buf"], cwd=tap_unittest.REPO, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise unittest.SkipTest(found.stderr.strip())
    return found.stdout.strip()


class Breaking(unittest.TestCase):
    """Each test changes a copy of proto/ in a git repository of its own."""

    def setUp(self):
        self.buf = buf()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = folder.name
        for path in ("proto", "third_party/googleapis"):
            shutil.copytree(os.path.join(tap_unittest.REPO, path), os.path.join(self.tree, path))
        shutil.copy(os.path.join(tap_unittest.REPO, "buf.yaml"), self.tree)
        self.git("init", "--quiet")

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments], cwd=self.tree, check=True,
                       capture_output=True)

    def change(self, old, new, path=TASKS):
        path = os.path.join(self.tree, path)
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn(old, text)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text.replace(old, new, 1))

    def case(self):
        return lint.breaking_case(self.buf, self.tree)

    def refused(self, *words):
        case = self.case()
        self.assertEqual(case.outcome, FAILED)
        for word in words:
            self.assertIn(word, case.detail)

    def test_the_tree_as_it_is(self):
        self.assertEqual(self.case().outcome, PASSED)

    def test_a_new_field_and_a_new_call_break_nobody(self):
        self.change("  int32 weight = 3;", "  int32 weight = 3;\n  // New.\n  int32 shade = 99;")
        self.change("  // Returns one task.", "  // New.\n  rpc PokeTask(GetTaskRequest) returns (Task);\n  // Returns one task.")
        self.assertEqual(self.case().outcome, PASSED)

    def test_a_field_with_another_number(self):
        self.change("int32 weight = 3;", "int32 weight = 33;")
        self.refused("proto/baseline.json", '"weight"')

    def test_a_field_of_another_type(self):
        self.change("int32 weight = 3;", "string weight = 3;")
        self.refused('"weight"', "type")

    def test_a_call_that_is_gone(self):
        self.change("  rpc DeleteTaskOverride(DeleteTaskOverrideRequest) returns (google.protobuf.Empty);\n", "")
        self.refused('"DeleteTaskOverride"')

    def test_a_file_that_is_gone(self):
        os.remove(os.path.join(self.tree, "proto/schedd/v1/scheduler_service.proto"))
        self.refused("scheduler_service.proto")

    def test_what_the_newest_release_added_is_promised_as_well(self):
        self.change("  int32 weight = 3;", "  int32 weight = 3;\n  // New.\n  int32 shade = 99;")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "release")
        self.git("tag", "v1.2.3")
        self.assertEqual(self.case().outcome, PASSED)
        self.change("  // New.\n  int32 shade = 99;\n", "")
        self.refused("v1.2.3", '"shade"')


if __name__ == "__main__":
    tap_unittest.main()
