# SPDX-License-Identifier: Apache-2.0
"""What gets into a guest's initramfs, and how (tests/guest/image.py, cpio.py)."""

import os
import shlex
import subprocess
import sys
import tempfile
import unittest

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/guest"))
import cpio  # noqa: E402
import image  # noqa: E402
from errors import HarnessError  # noqa: E402


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(content)
        return path


class Cpio(InFolder):
    def unpack(self, archive):
        target = os.path.join(self.folder, "unpacked")
        os.makedirs(target)
        subprocess.run(["busybox", "cpio", "-id", "--quiet"], input=archive, cwd=target, check=True)
        return target

    def test_another_implementation_reads_it(self):
        archive = cpio.Writer()
        archive.data("a/b/file", b"content", 0o640)
        archive.data("empty", b"")
        archive.symlink("a/link", "b/file")
        archive.directory("tmp", 0o1777)
        target = self.unpack(archive.bytes())
        with open(target + "/a/link", "rb") as stream:
            self.assertEqual(stream.read(), b"content")
        self.assertEqual(os.stat(target + "/a/b/file").st_mode & 0o7777, 0o640)
        self.assertEqual(os.stat(target + "/tmp").st_mode & 0o7777, 0o1777)
        self.assertEqual(os.path.getsize(target + "/empty"), 0)

    def test_archives_can_follow_each_other(self):
        for length in range(9):
            archive = cpio.Writer()
            archive.data("f" * (length + 1), b"x" * length)
            self.assertEqual(len(archive.bytes()) % 4, 0, length)

    def test_the_first_of_two_equal_paths_stays(self):
        archive = cpio.Writer()
        archive.data("usr/bin/ps", b"real")
        archive.symlink("usr/bin/ps", "busybox")
        self.assertEqual(archive.bytes().count(b"usr/bin/ps\0"), 1)
        with open(self.unpack(archive.bytes()) + "/usr/bin/ps", "rb") as stream:
            self.assertEqual(stream.read(), b"real")


class Payload(InFolder):
    def test_groups_and_destinations(self):
        path = self.write("payload", b"# comment\n\nbase /bin/a\nbase b /x/b # why\nmore c\n")
        self.assertEqual(image.read_payload(path), {"base": [("/bin/a", None), ("b", "/x/b")], "more": [("c", None)]})

    def test_a_line_with_one_word_is_an_error_with_its_number(self):
        path = self.write("payload", b"base /bin/a\nbase\n")
        with self.assertRaisesRegex(HarnessError, ":2: expected GROUP"):
            image.read_payload(path)

    def test_the_real_one_has_the_groups_that_every_guest_gets(self):
        self.assertLessEqual({"base", "built"}, set(image.read_payload()))

    def test_a_missing_built_file_is_named_and_left_out(self):
        path, missing = image.group_image(self.folder, "built", [("bazel-bin/nosuch", None)])
        self.assertEqual(missing, ["bazel-bin/nosuch"])
        self.assertTrue(os.path.exists(path))

    def test_a_missing_base_file_is_an_error(self):
        with self.assertRaisesRegex(HarnessError, "/nosuch missing"):
            image.group_image(self.folder, "base", [("/nosuch", None)])

    def test_a_changed_file_makes_a_new_image(self):
        source = self.write("tool", b"one")
        first, _ = image.group_image(self.folder, "built", [(source, "/tool")])
        self.assertEqual(image.group_image(self.folder, "built", [(source, "/tool")])[0], first)
        self.write("tool", b"other")
        self.assertNotEqual(image.group_image(self.folder, "built", [(source, "/tool")])[0], first)


class Files(InFolder):
    def test_a_directory_comes_with_all_below_it(self):
        self.write("d/one", b"1")
        self.write("d/sub/two", b"2")
        pairs = image.expand(self.folder + "/d", "/target")
        self.assertEqual([inside for _, inside in pairs], ["/target/one", "/target/sub/two"])

    def test_a_destination_ending_in_a_slash_keeps_the_name(self):
        source = self.write("one", b"1")
        self.assertEqual(image.expand(source, "/target/"), [(source, "/target/one")])

    def test_libraries_of_a_program_come_along(self):
        inside = [path for _, path in image.libraries(os.path.realpath("/usr/bin/bash"))]
        self.assertTrue(any(path.endswith("/libc.so.6") for path in inside), inside)
        self.assertTrue(all(path.startswith("/usr/") for path in inside), inside)

    def test_a_missing_file_is_an_error(self):
        with self.assertRaisesRegex(HarnessError, "no such file"):
            image.overlay(["true"], [], [("/nosuch", "/nosuch")])


class Command(unittest.TestCase):
    def test_arguments_and_environment_arrive_as_they_are(self):
        arguments = ["a b", "$HOME", "'", "", "*", "line\nline"]
        script = image.command_script(["printf", "%s|", *arguments], [("V", "x y'$z")])
        answer = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
        self.assertEqual(answer.stdout, "".join(argument + "|" for argument in arguments))
        script = image.command_script(["sh", "-c", 'printf %s "$V"'], [("V", "x y'$z")])
        self.assertEqual(subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout,
                         "x y'$z")

    def test_the_command_replaces_the_shell(self):
        self.assertIn("exec " + shlex.join(["sleep", "1"]), image.command_script(["sleep", "1"], []))


tap_unittest.main()
