# SPDX-License-Identifier: Apache-2.0
"""Which kernel the guest harness chooses, and how it comes by it (tests/guest/kernels.py, source_kernel.py)."""

import gzip
import os
import stat
import struct
import sys
import tempfile
import unittest

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/guest"))
import archive  # noqa: E402
import kernels  # noqa: E402
import source_kernel  # noqa: E402
from errors import HarnessError  # noqa: E402

NAMES = """
linux-binary-7.3.4+deb13-cloud-amd64 linux-binary-7.2.9+deb13-cloud-amd64 linux-binary-7.2.12+deb13-cloud-amd64
linux-image-7.3.4+deb13-cloud-amd64 linux-image-7.3.4+deb13-cloud-amd64-dbg linux-image-cloud-amd64
linux-binary-unsigned-7.3.4+deb13-cloud-amd64 linux-image-6.18.12+deb13-cloud-amd64 linux-binary-7.3.4+deb13-amd64
linux-image-6.19.6+deb13-cloud-amd64 linux-base-7.3.4+deb13-cloud-amd64 linux-modules-7.3.4+deb13-cloud-amd64
linux-binary-10.1.2+deb14-cloud-amd64
""".split()


def bzimage(payload, sectors=3, offset=64):
    """The parts of a bzImage that matter: boot flag, header magic, where the payload is."""
    image = bytearray((sectors + 1) * 512 + offset) + payload
    image[0x1F1] = sectors
    image[0x1FE:0x200] = b"\x55\xaa"
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", image, 0x248, offset, len(payload))
    return bytes(image) + b"what follows is not the payload"


class PackageNames(unittest.TestCase):
    def test_only_cloud_kernels_with_sched_ext(self):
        found = kernels.parse_packages(NAMES)
        self.assertEqual(set(found), {"7.3.4+deb13-cloud-amd64", "7.2.9+deb13-cloud-amd64", "7.2.12+deb13-cloud-amd64",
                                      "6.19.6+deb13-cloud-amd64", "10.1.2+deb14-cloud-amd64"})

    def test_the_package_with_the_kernel_wins_over_the_meta_package(self):
        found = kernels.parse_packages(NAMES)
        self.assertEqual(found["7.3.4+deb13-cloud-amd64"], "linux-binary-7.3.4+deb13-cloud-amd64")
        self.assertEqual(found["6.19.6+deb13-cloud-amd64"], "linux-image-6.19.6+deb13-cloud-amd64")

    def test_newest_of_each_series_compares_numbers(self):
        versions = kernels.newest_of_each_series(kernels.parse_packages(NAMES))
        self.assertEqual(versions, ["10.1.2+deb14-cloud-amd64", "7.3.4+deb13-cloud-amd64", "7.2.12+deb13-cloud-amd64",
                                    "6.19.6+deb13-cloud-amd64"])


class Choosing(unittest.TestCase):
    VERSIONS = set(kernels.parse_packages(NAMES))

    def test_newest(self):
        self.assertEqual(kernels.choose("newest", self.VERSIONS), "10.1.2+deb14-cloud-amd64")

    def test_series_means_its_newest(self):
        self.assertEqual(kernels.choose("7.2", self.VERSIONS), "7.2.12+deb13-cloud-amd64")

    def test_release_and_full_name(self):
        self.assertEqual(kernels.choose("7.2.9", self.VERSIONS), "7.2.9+deb13-cloud-amd64")
        self.assertEqual(kernels.choose("7.2.9+deb13-cloud-amd64", self.VERSIONS), "7.2.9+deb13-cloud-amd64")

    def test_a_number_is_not_a_prefix_of_a_longer_one(self):
        self.assertIsNone(kernels.choose("7.2.1", self.VERSIONS))
        self.assertIsNone(kernels.choose("1", self.VERSIONS))

    def test_nothing_to_choose_from(self):
        self.assertIsNone(kernels.choose("newest", set()))


class Unpacking(unittest.TestCase):
    KERNEL = b"\x7fELF kernel" * 100

    def test_gzip_payload(self):
        packed = gzip.compress(self.KERNEL) + struct.pack("<I", len(self.KERNEL))
        self.assertEqual(kernels.extract_vmlinux(bzimage(packed)), self.KERNEL)

    def test_not_a_kernel(self):
        with self.assertRaisesRegex(HarnessError, "not a Linux"):
            kernels.extract_vmlinux(bytes(4096))

    def test_unknown_compression(self):
        with self.assertRaisesRegex(HarnessError, "deadbeef"):
            kernels.extract_vmlinux(bzimage(b"\xde\xad\xbe\xef" * 10))


class WithArchive(unittest.TestCase):
    """A store of kernels, and a program in the place of apt: `APT`."""

    APT = "exit 11"

    def setUp(self):
        self.cache = tempfile.TemporaryDirectory()
        self.addCleanup(self.cache.cleanup)
        script = os.path.join(self.cache.name, "apt")
        with open(script, "w", encoding="utf-8") as stream:
            stream.write(f"#!/bin/sh\n{self.APT}\n")
        os.chmod(script, stat.S_IRWXU)
        original = archive.APT
        self.addCleanup(lambda: setattr(archive, "APT", original))
        archive.APT = script
        self.said = []
        self.store = kernels.Store(self.cache.name, self.said.append)

    def add_cached(self, version):
        folder = os.path.join(self.cache.name, "kernels", version)
        os.makedirs(folder)
        with open(os.path.join(folder, "vmlinux"), "wb") as stream:
            stream.write(b"\x7fELF")
        return os.path.join(folder, "vmlinux")


class ArchiveOutOfReach(WithArchive):
    def test_the_newest_cached_kernel_is_used_and_it_is_said(self):
        self.add_cached("7.2.9+deb13-cloud-amd64")
        path = self.add_cached("7.2.12+deb13-cloud-amd64")
        self.assertEqual(self.store.get("newest"), ("7.2.12+deb13-cloud-amd64", path))
        self.assertIn("cannot be reached", self.said[0])

    def test_nothing_cached_is_an_error_that_names_what_there_is(self):
        with self.assertRaisesRegex(HarnessError, "no kernel newest; there are: none"):
            self.store.get("newest")

    def test_a_kernel_file_needs_no_archive(self):
        path = os.path.join(self.cache.name, "bzImage")
        packed = gzip.compress(Unpacking.KERNEL) + bytes(4)
        with open(path, "wb") as stream:
            stream.write(bzimage(packed))
        name, kernel = self.store.get(path)
        self.assertEqual(name, path)
        with open(kernel, "rb") as stream:
            self.assertEqual(stream.read(), Unpacking.KERNEL)

    def test_a_missing_kernel_file(self):
        with self.assertRaisesRegex(HarnessError, "/nowhere/vmlinuz"):
            self.store.get("/nowhere/vmlinuz")

    def test_a_kernel_built_here_is_still_there(self):
        path = self.add_cached("6.12.1+source." + source_kernel.config_hash())
        self.assertEqual(self.store.get("6.12")[1], path)

    def test_one_built_with_another_configuration_is_not(self):
        self.add_cached("6.12.1+source.01234567")
        with self.assertRaisesRegex(HarnessError, "no kernel 6.12; there are: none"):
            self.store.get("6.12")


class KernelFromSource(WithArchive):
    APT = """case "$*" in
        *pkgnames*) echo linux-binary-7.3.4+deb13-cloud-amd64 ;;
        *show*) printf 'Version: 6.12.94-1\\n\\nVersion: 6.12.107-1\\n' ;;
    esac"""

    def test_it_is_the_archives_newest_with_our_configuration_and_stands_last(self):
        version = "6.12.107+source." + source_kernel.config_hash()
        self.assertEqual(list(self.store.known().items()),
                         [("7.3.4+deb13-cloud-amd64", ""), (version, "built on first use, 10 min")])
        self.add_cached(version)
        self.assertEqual(self.store.known()[version], "cached")
        self.assertEqual(self.store.get("6.12")[0], version)
        self.assertEqual(self.store.get("6.12.107")[0], version)

    def test_the_newest_is_never_built(self):
        self.add_cached("7.3.4+deb13-cloud-amd64")
        self.assertEqual(self.store.get("newest")[0], "7.3.4+deb13-cloud-amd64")
        self.assertFalse(os.path.exists(os.path.join(self.cache.name, "kernels/available-source")))

    def test_a_changed_configuration_is_another_version(self):
        with tempfile.NamedTemporaryFile(mode="w") as stream:
            stream.write("CONFIG_X=y\n")
            stream.flush()
            self.assertNotEqual(source_kernel.config_hash(stream.name), source_kernel.config_hash())


class Configuration(unittest.TestCase):
    GOT = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_N=64\n"

    def test_all_met(self):
        self.assertEqual(source_kernel.unmet("# why\nCONFIG_A=y\nCONFIG_N=64\n# CONFIG_B is not set\n", self.GOT), [])

    def test_what_the_kernel_does_not_know_is_not_set(self):
        self.assertEqual(source_kernel.unmet("# CONFIG_C is not set\n", self.GOT), [])

    def test_what_did_not_come_through_is_named(self):
        wanted = "CONFIG_B=y\nCONFIG_C=y\nCONFIG_N=6\n# CONFIG_A is not set\n"
        self.assertEqual(source_kernel.unmet(wanted, self.GOT), wanted.splitlines())


tap_unittest.main()
