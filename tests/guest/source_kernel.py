# SPDX-License-Identifier: Apache-2.0
"""The oldest kernel with sched_ext, 6.12: Debian builds its own without it, so this one is built here, from Debian's source.

Its version names the release and our configuration (tests/guest/kernel.config), so a change of either builds anew and what was
built stays in the cache. Building takes ten minutes on two cores, once, and says how far it is. One build at a time: another
process that wants it waits. Failure: HarnessError, nothing is left behind.
"""

import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time

import archive
from errors import HarnessError
from image import REPO

PACKAGE = "linux-source-6.12"
SUITE = ("kernels-without", "trixie")
CONFIG = os.path.join(REPO, "tests/guest/kernel.config")
SETUP = os.path.join(REPO, "tools/setup/install")
NEEDS = os.path.join(REPO, "tools/setup/packages-kernel")
TARBALL = re.compile(r"/linux-source-[\d.]+\.tar\.xz$")
MARK = "+source."  # in the version, before the configuration's hash
SPACE_MB = 6000
NEWS_EVERY_S = 30


def config_hash(path=CONFIG):
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()[:8]


def unmet(wanted, got):
    """Lines of the wanted configuration that the kernel's own rules did not let through."""
    lines = set(got.splitlines())
    names = {line.partition("=")[0] for line in lines}

    def holds(line):
        name = line.removeprefix("# ").removesuffix(" is not set")
        return line in lines or (name != line and name not in names)

    return [line for line in wanted.splitlines() if line.startswith(("CONFIG_", "# CONFIG_")) and not holds(line)]


class SourceKernel:
    """`folder` is where kernels are kept; `say` prints a line for the person waiting."""

    def __init__(self, folder, say):
        self._folder = folder
        self._say = say

    def offered(self):
        """The one version that can be built, as a set; empty when the archive was never reached."""
        listing = os.path.join(self._folder, "available-source")
        if not os.path.exists(listing) or time.time() - os.path.getmtime(listing) > archive.LIST_AGE_S:
            answer = archive.apt("apt-cache", "show", PACKAGE, suite=SUITE)
            found = re.findall(rb"^Version: (\d+\.\d+\.\d+)-", answer.stdout, re.MULTILINE)
            if answer.returncode == 0 and found:
                os.makedirs(self._folder, exist_ok=True)
                archive.publish(max(found, key=lambda version: [int(part) for part in version.split(b".")]), listing)
        if not os.path.exists(listing):
            return set()
        with open(listing, encoding="ascii") as stream:
            return {stream.read() + MARK + config_hash()}

    def is_outdated(self, version):
        """Whether it was built with another configuration than the present one."""
        return MARK in version and not version.endswith(MARK + config_hash())

    def build(self, version, path):
        os.makedirs(self._folder, exist_ok=True)
        with open(os.path.join(self._folder, "build-lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.exists(path):
                return
            for leftover in glob.glob(os.path.join(self._folder, "build.*")):  # of a harness killed at this point
                shutil.rmtree(leftover, ignore_errors=True)
            free_mb = shutil.disk_usage(self._folder).free >> 20
            if free_mb < SPACE_MB:
                raise HarnessError(f"building a kernel needs {SPACE_MB} MB in {self._folder}, there are {free_mb} MB")
            self._say(f"building kernel {version} from Debian's {PACKAGE} (about 10 min on 2 cores, only this once)")
            self._install_tools()
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="build.") as work:
                tree = self._unpack(work)
                self._configure(tree)
                self._make(tree, version)
                # As for Debian's: without symbols, a fifth of the size to load at each boot.
                kernel = os.path.join(work, "kernel")
                _run(["objcopy", "-R", ".comment", "-S", os.path.join(tree, "vmlinux"), kernel])
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.rename(kernel, path)
            for old in glob.glob(os.path.join(self._folder, "*" + MARK + "*")):
                if os.path.basename(old) != version:
                    shutil.rmtree(old, ignore_errors=True)
            self._say(f"kernel {version} is ready")

    def _install_tools(self):
        if subprocess.run([SETUP], env={**os.environ, "SCHEDD_PACKAGES": NEEDS}, check=False).returncode != 0:
            raise HarnessError("the tools to build a kernel are missing, see above")

    def _unpack(self, work):
        self._say(f"  downloading {PACKAGE} (150 MB)")
        package = archive.download(PACKAGE, SUITE, work)
        self._say("  unpacking")
        with subprocess.Popen(["tar", "-xJ", "-C", work], stdin=subprocess.PIPE) as tar:
            archive.read_file(package, TARBALL, lambda stream: _feed(stream, tar.stdin))
        if tar.returncode != 0:
            raise HarnessError(f"{PACKAGE} cannot be unpacked")
        os.unlink(package)
        return glob.glob(work + "/linux-source-*/")[0]

    def _configure(self, tree):
        _run(["make", "tinyconfig"], tree)
        _run(["scripts/kconfig/merge_config.sh", "-m", ".config", CONFIG], tree)
        _run(["make", "olddefconfig"], tree)
        with open(CONFIG, encoding="utf-8") as wanted, open(os.path.join(tree, ".config"), encoding="utf-8") as got:
            if missing := unmet(wanted.read(), got.read()):
                raise HarnessError(f"{CONFIG} asks for what this kernel does not let be: {', '.join(missing)}")

    def _make(self, tree, version):
        release = re.match(r"[\d.]*\d", version).group()
        # make ends with us, however we end; it takes the compilers with it.
        command = ["setpriv", "--pdeathsig", "TERM", "make", f"-j{os.cpu_count()}", f"LOCALVERSION={version[len(release):]}",
                   "KBUILD_BUILD_USER=schedd", "KBUILD_BUILD_HOST=guest", "vmlinux"]
        steps, started_at, said_at, tail = 0, time.monotonic(), time.monotonic(), []
        with subprocess.Popen(command, cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace") as make:
            try:
                for line in make.stdout:
                    steps, tail = steps + 1, [*tail[-19:], line]
                    if time.monotonic() - said_at > NEWS_EVERY_S:
                        said_at = time.monotonic()
                        self._say(f"  {(said_at - started_at) / 60:.1f} min: {steps} steps done, now {os.path.basename(line.strip())}")
            finally:
                make.terminate()  # changes nothing when it has ended
        if make.returncode != 0:
            raise HarnessError(f"kernel {version} does not build:\n{''.join(tail)}")


def _feed(stream, pipe):
    try:
        shutil.copyfileobj(stream, pipe)
    except BrokenPipeError:  # the reader's exit code says why
        pass


def _run(command, folder=None):
    answer = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="replace", check=False)
    if answer.returncode != 0:
        raise HarnessError(f"{' '.join(command[:2])} failed:\n" + "\n".join(answer.stdout.splitlines()[-20:]))
