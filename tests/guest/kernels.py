# SPDX-License-Identifier: Apache-2.0
"""The kernels with sched_ext that a guest can boot: which there are, and one of them unpacked and ready.

These are Debian's cloud kernels and one that is built from Debian's source (source_kernel.py). The archive's versions rotate, so
none is named here: the list comes from the archive (newest of each minor series) and what was downloaded stays in the cache,
which also serves when the archive cannot be reached. Used from one thread; several processes may share the cache.
Failure: HarnessError.
"""

import fcntl
import glob
import gzip
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time

import archive
from errors import HarnessError
from source_kernel import SourceKernel

ARCHIVE = ("kernels", "trixie-backports")  # where apt_private keeps its lists, and the suite
# What Debian 13 itself boots is built without sched_ext: for tests of just that.
WITHOUT = "without-sched_ext"
ARCHIVE_WITHOUT = ("kernels-without", "trixie")
PACKAGE_WITHOUT = re.compile(r"linux-image-(6\.[\d.]+\+deb13-cloud-amd64)")
FIRST_WITH_SCHED_EXT = (6, 19)  # Debian builds its kernels without it before
PACKAGE = re.compile(r"linux-(binary|image)-((\d+)\.(\d+)(?:\.(\d+))?\S*-cloud-amd64)")
KERNEL_FILE = re.compile(r"/vmlinuz(-[^/]*)?$")
UNPACKERS = {  # magic at the payload's start → function from bytes to bytes
    b"\x1f\x8b": gzip.decompress,
    b"\xfd7zXZ": lzma.decompress,
    b"\x28\xb5\x2f\xfd": lambda data: _pipe(["zstd", "-dcq"], data),
    b"\x02\x21\x4c\x18": lambda data: _pipe(["lz4", "-dcq"], data),
}


def version_key(version):
    """Sorts 6.9 before 6.19: the leading numbers of '7.3.4+deb13-cloud-amd64' as a tuple."""
    return tuple(int(number) for number in re.match(r"[\d.]*\d", version).group().split("."))


def parse_packages(names):
    """{version: package} of the bootable kernels among package names; the split-off 'binary' one wins."""
    found = {}
    for name in sorted(names):  # 'binary' sorts before 'image'
        match = PACKAGE.fullmatch(name)
        if match and (int(match[3]), int(match[4])) >= FIRST_WITH_SCHED_EXT:
            found.setdefault(match[2], name)
    return found


def newest_of_each_series(versions):
    """The newest version of each minor series, newest series first."""
    best = {}
    for version in sorted(versions, key=version_key):
        best[version_key(version)[:2]] = version
    return sorted(best.values(), key=version_key, reverse=True)


def choose(wanted, versions):
    """The newest version that 'wanted' names: 'newest', a series (7.3), a release (7.3.4) or all of it."""
    if wanted != "newest":
        versions = [v for v in versions if v == wanted or re.match(re.escape(wanted) + r"(?=[.+])", v)]
    return max(versions, key=version_key, default=None)


class Store:
    """The archive's and the cache's kernels. `say` prints a line for the person waiting."""

    def __init__(self, cache, say):
        self._folder = os.path.join(cache, "kernels")
        self._say = say
        self._source = SourceKernel(self._folder, say)

    def cached(self):
        paths = glob.glob(os.path.join(self._folder, "*", "vmlinux"))
        versions = {os.path.basename(os.path.dirname(path)) for path in paths}
        return {version for version in versions if not self._source.is_outdated(version)}

    def available(self):
        """{version: package} in the archive; empty, with a note, when it cannot be reached.

        Asked at most once a day: apt takes as long to answer as the rest of the harness to start.
        """
        listing = os.path.join(self._folder, "available")
        if not os.path.exists(listing) or time.time() - os.path.getmtime(listing) > archive.LIST_AGE_S:
            answer = archive.apt("apt-cache", "pkgnames", "linux-", suite=ARCHIVE)
            if answer.returncode != 0:
                self._say("the Debian archive cannot be reached, only kernels in the cache can be used")
                return {}
            os.makedirs(self._folder, exist_ok=True)
            archive.publish(answer.stdout, listing)
        with open(listing, encoding="utf-8") as stream:
            return parse_packages(stream.read().split())

    def known(self):
        """{version: how it can be had}, newest of each series, newest first."""
        cached, built = self.cached(), self._source.offered()
        ways = {version: "" for version in self.available()}
        ways.update({version: "built on first use, 10 min" for version in built})
        ways.update({version: "cached" for version in cached})
        return {version: ways[version] for version in newest_of_each_series(ways)}

    def get(self, wanted):
        """(version, path of the uncompressed kernel) of what --kernel names; a file's path is taken as it is."""
        if os.path.sep in wanted:
            return self._from_file(wanted)
        if wanted == WITHOUT:
            return self._without_sched_ext()
        packages = self.available()
        built = set() if wanted == "newest" else self._source.offered()
        version = choose(wanted, set(packages) | built or self.cached()) or choose(wanted, self.cached())
        if version is None:
            known = ", ".join(self.known()) or "none"
            raise HarnessError(f"no kernel {wanted}; there are: {known} (./run guest --list)")
        path = os.path.join(self._folder, version, "vmlinux")
        if not os.path.exists(path):
            if version in built:
                self._source.build(version, path)
            else:
                self._download(version, packages[version], path)
            with open(path, "rb") as stream:
                if b"scx_bpf_create_dsq" not in stream.read():
                    os.unlink(path)
                    raise HarnessError(f"kernel {version} is built without sched_ext; choose another (--list)")
        return version, path

    def _without_sched_ext(self):
        found = {}
        folder = os.path.join(self._folder, WITHOUT)  # a level deeper: not among those to choose from
        answer = archive.apt("apt-cache", "pkgnames", "linux-image-6", suite=ARCHIVE_WITHOUT)
        for name in answer.stdout.decode().split() if answer.returncode == 0 else ():
            match = PACKAGE_WITHOUT.fullmatch(name)
            if match:
                found[match[1]] = name
        cached = {os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(folder, "*", "vmlinux"))}
        version = choose("newest", found or cached)
        if version is None:
            raise HarnessError("Debian's archive cannot be reached, and no kernel without sched_ext is in the cache")
        path = os.path.join(folder, version, "vmlinux")
        if not os.path.exists(path):
            self._download(version, found[version], path, ARCHIVE_WITHOUT)
        return version, path

    def _from_file(self, path):
        try:
            with open(path, "rb") as stream:
                content = stream.read()
        except OSError as error:
            raise HarnessError(f"--kernel {path}: {error.strerror}") from error
        if content[:4] == b"\x7fELF":
            return path, path
        target = os.path.join(self._folder, f"file-{os.stat(path).st_mtime_ns}-{len(content)}", "image")
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            archive.publish(extract_vmlinux(content), target)
        return path, target

    def _download(self, version, package, path, suite=ARCHIVE):
        os.makedirs(self._folder, exist_ok=True)
        with open(os.path.join(self._folder, "lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.exists(path):
                return
            for leftover in glob.glob(os.path.join(self._folder, "tmp.*")):  # of a harness killed at this point
                shutil.rmtree(leftover, ignore_errors=True)
            self._say(f"downloading kernel {version} from Debian's archive")
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="tmp.") as folder:
                image = archive.read_file(archive.download(package, suite, folder), KERNEL_FILE, lambda stream: stream.read())
            os.makedirs(os.path.dirname(path), exist_ok=True)
            archive.publish(extract_vmlinux(image), path)


def extract_vmlinux(image):
    """The ELF kernel inside a bzImage: it starts over a second sooner under emulation."""
    if image[0x1FE:0x200] != b"\x55\xaa" or image[0x202:0x206] != b"HdrS":
        raise HarnessError("not a Linux x86 kernel image")
    sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    payload = image[start : start + length]
    for magic, unpack in UNPACKERS.items():
        if payload.startswith(magic):
            # The last four bytes are the unpacked size, not part of the compressed stream.
            return unpack(payload[:-4])
    raise HarnessError(f"the kernel's compression is unknown (starts with {payload[:4].hex()})")


def _pipe(command, data):
    answer = subprocess.run(command, input=data, capture_output=True, check=False)
    if not answer.stdout.startswith(b"\x7fELF"):
        raise HarnessError(f"{command[0]} cannot unpack the kernel: {archive.last_line(answer.stderr)}")
    return answer.stdout
