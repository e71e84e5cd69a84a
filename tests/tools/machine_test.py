# SPDX-License-Identifier: Apache-2.0
"""How a machine's end is told apart (tests/guest/machine.py), with a small program in the emulator's place."""

import os
import stat
import sys
import tempfile
import textwrap
import unittest

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/guest"))
from errors import HarnessError  # noqa: E402
from machine import PORTS, Machine, qemu_command  # noqa: E402

# Takes the emulator's arguments and has port(NAME), a stream to the harness.
PRELUDE = """#!/usr/bin/env python3
import fcntl, struct, sys, termios, time
def port(name):
    word = next(word for word in sys.argv if word.startswith(f"file,id={name},path="))
    return open(word.split("path=")[1], "wb", buffering=0)
"""


class FakeEmulator(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        path = os.environ["PATH"]
        os.environ["PATH"] = self.folder + ":" + path
        self.addCleanup(lambda: os.environ.update(PATH=path))
        self.out, self.err = bytearray(), bytearray()

    def run_with(self, program, timeout_s=20):
        emulator = os.path.join(self.folder, "qemu-system-x86_64")
        with open(emulator, "w", encoding="utf-8") as stream:
            stream.write(PRELUDE + textwrap.dedent(program))
        os.chmod(emulator, stat.S_IRWXU)
        machine = Machine("vmlinux", [b"one", b"two"], 2, "1G", False, self.out.extend, self.err.extend)
        return machine.run(timeout_s)

    def test_code_output_and_log(self):
        outcome = self.run_with("""
            port("ctl").write(b"ready 1.0\\n")
            port("out").write(b"o")
            port("err").write(b"e")
            port("log").write(b"kernel log")
            port("ctl").write(b"exit 42\\n")
            time.sleep(100)
            """)
        self.assertEqual((outcome.code, outcome.reason, outcome.log), (42, "", b"kernel log"))
        self.assertEqual((bytes(self.out), bytes(self.err)), (b"o", b"e"))
        self.assertIsNotNone(outcome.boot_s)
        self.assertLess(outcome.total_s, 100)

    def test_what_is_appended_reaches_the_kernel(self):
        command = qemu_command("vmlinux", 3, dict.fromkeys((*PORTS, "console"), 4), 1, "1G", False, ["isolcpus=3", "nohz_full=2"])
        arguments = command[command.index("-append") + 1]
        self.assertTrue(arguments.endswith(" isolcpus=3 nohz_full=2"), arguments)

    def test_all_output_before_the_mark_arrives(self):
        self.run_with("""
            out = port("out")
            fcntl.fcntl(out, 1031, 1 << 20)  # F_SETPIPE_SZ: the pipe holds it all
            out.write(b"x" * 900_000)
            port("ctl").write(b"exit 0\\n")
            """)
        self.assertEqual(len(self.out), 900_000)

    def test_a_mark_in_two_pieces(self):
        outcome = self.run_with("""
            ctl = port("ctl")
            ctl.write(b"exit 2")
            while struct.unpack("i", fcntl.ioctl(ctl, termios.FIONREAD, bytes(4)))[0]:
                time.sleep(0.001)  # until the harness has read that much
            ctl.write(b"55\\n")
            time.sleep(100)
            """)
        self.assertEqual(outcome.code, 255)

    def test_the_command_cannot_forge_the_mark(self):
        outcome = self.run_with("""
            port("out").write(b"exit 0\\n")
            port("ctl").write(b"exit 3\\n")
            """)
        self.assertEqual(outcome.code, 3)

    def test_time_limit(self):
        outcome = self.run_with('port("ctl").write(b"ready 1.0\\n"); time.sleep(100)', timeout_s=1)
        self.assertEqual((outcome.code, outcome.reason), (None, "timeout"))

    def test_panic(self):
        outcome = self.run_with('port("console").write(b"Kernel panic - not syncing: x\\n")')
        self.assertEqual((outcome.code, outcome.reason), (None, "panic"))
        self.assertIn(b"not syncing", outcome.console)

    def test_powered_off_without_a_mark(self):
        outcome = self.run_with('port("ctl").write(b"ready 1.0\\n")')
        self.assertEqual((outcome.code, outcome.reason), (None, "died"))

    def test_the_emulators_complaint(self):
        with self.assertRaisesRegex(HarnessError, "QEMU failed: no such machine"):
            self.run_with('sys.exit("no such machine")')

    def test_what_it_says_of_each_cpu_is_no_complaint(self):
        with self.assertRaisesRegex(HarnessError, "QEMU failed: no such machine$"):
            self.run_with("""
                print("qemu: warning: TCG doesn't support requested feature: CPUID.x", file=sys.stderr)
                sys.exit("no such machine")
                """)

    def test_the_emulator_crashed(self):
        for before in ("", 'port("ctl").write(b"ready 1.0\\n")'):
            with self.assertRaisesRegex(HarnessError, "QEMU was ended by signal 11 .Segmentation fault."):
                self.run_with(before + "\nimport os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")

    def test_the_initramfs_is_whole(self):
        self.run_with("""
            path = sys.argv[sys.argv.index("-initrd") + 1]
            port("out").write(open(path, "rb").read())
            port("ctl").write(b"exit 0\\n")
            """)
        self.assertEqual(bytes(self.out), b"onetwo")

    def test_no_emulator(self):
        os.environ["PATH"] = self.folder
        with self.assertRaisesRegex(HarnessError, "cannot start qemu-system-x86_64"):
            Machine("vmlinux", [b""], 1, "1G", False, self.out.extend, self.err.extend)


tap_unittest.main()
