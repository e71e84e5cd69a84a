# SPDX-License-Identifier: Apache-2.0
"""Makes the guest's initramfs: cached archives of the payload's groups, then one small archive per run.

A group's archive is cached under a hash of its entries (path, size, time of change), so a boot after the first
only concatenates files. Paths are the host's own; owner of the cache is the harness. Failure: HarnessError.
"""

import functools
import glob
import hashlib
import os
import shlex
import subprocess
import time

import cpio
from errors import HarnessError

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.dirname(os.path.abspath(__file__))
KEEP_IMAGES = 8  # cached archives; the oldest go first
MERGED = ("bin", "sbin", "lib", "lib64")  # links into /usr, as on Debian

PASSWD = "root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000:user:/tmp:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUP = "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n"


def read_payload(path=os.path.join(HERE, "payload")):
    """The manifest as {group: [(source, destination or None)]}."""
    groups = {}
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if len(words) not in (2, 3):
                raise HarnessError(f"{path}:{number}: expected GROUP SOURCE [DESTINATION]")
            groups.setdefault(words[0], []).append((words[1], words[2] if len(words) == 3 else None))
    return groups


def expand(source, destination):
    """Pairs (file on the host, path in the guest) of one entry: globs and directories resolved."""
    pattern = source if os.path.isabs(source) else os.path.join(REPO, source)
    pairs = []
    for path in sorted(glob.glob(pattern)):
        target = destination or (path if os.path.isabs(source) else "/usr/local/bin/" + os.path.basename(path))
        if target.endswith("/"):
            target += os.path.basename(path)
        if not os.path.isdir(path):
            pairs.append((path, target))
            continue
        for folder, names, files in os.walk(path):
            names.sort()
            for name in sorted(files):
                inside = os.path.relpath(os.path.join(folder, name), path)
                pairs.append((os.path.join(folder, name), os.path.join(target, inside)))
    return pairs


def is_elf(path):
    with open(path, "rb") as stream:
        return stream.read(4) == b"\x7fELF"


def merged(path):
    """The path with /bin, /lib … replaced by the /usr directories they are links to."""
    first = path.strip("/").split("/", 1)[0]
    return "/usr" + path if first in MERGED else path


@functools.lru_cache(maxsize=None)
def libraries(path):
    """Shared libraries an ELF file needs, as (file on the host, path in the guest)."""
    answer = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    found = []
    for line in answer.stdout.splitlines():
        words = line.split()
        if "not found" in line:
            raise HarnessError(f"{path} needs {words[0]}, which this machine does not have")
        library = words[2] if "=>" in words else words[0]
        if library.startswith("/"):
            inside = merged(os.path.normpath(library))
            found.append((library, inside if inside.startswith("/usr/") else "/usr/lib/" + os.path.basename(library)))
    return found


def add_files(archive, pairs):
    for source, target in pairs:
        real = os.path.realpath(source)
        archive.file(merged(target), real)
        if is_elf(real):
            for library, inside in libraries(real):
                archive.file(inside, os.path.realpath(library))


def add_skeleton(archive):
    """Directories, links, users and busybox's commands: what makes the base group a bootable root."""
    for name in MERGED:
        archive.directory("usr/" + name)
        archive.symlink(name, "usr/" + name)
    for name in ("dev", "proc", "sys", "run", "root", "mnt", "etc", "var", "usr/local/bin"):
        archive.directory(name)
    archive.directory("tmp", 0o1777)
    archive.symlink("var/tmp", "/tmp")
    archive.symlink("var/run", "/run")
    archive.device("dev/console", 5, 1)
    archive.device("dev/null", 1, 3)
    archive.data("etc/passwd", PASSWD.encode())
    archive.data("etc/group", GROUP.encode())
    archive.data("etc/hosts", b"127.0.0.1 localhost guest\n::1 localhost\n")
    archive.data("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files\n")
    archive.file("init", os.path.join(HERE, "init"))
    commands = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True)
    for command in commands.stdout.split():
        archive.symlink("usr/bin/" + command, "busybox")


def group_image(cache, group, entries):
    """Path of the group's cached archive; made when its files changed or it is new."""
    pairs, missing = [], []
    for source, destination in entries:
        found = expand(source, destination)
        pairs += found
        if not found:
            missing.append(source)
    if missing and group != "built":
        raise HarnessError(f"{', '.join(missing)} missing on this machine; run ./run setup")
    digest = hashlib.sha256()
    for source, target in pairs + [(os.path.join(HERE, name), name) for name in ("init", "image.py", "cpio.py")]:
        status = os.stat(source)
        digest.update(f"{source}\0{target}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    path = os.path.join(cache, "images", f"{group}-{digest.hexdigest()[:20]}.cpio")
    if not os.path.exists(path):
        archive = cpio.Writer()
        add_files(archive, pairs)
        if group == "base":
            add_skeleton(archive)
        _write_atomically(path, archive.bytes())
        _prune(os.path.dirname(path))
    else:
        _mark_used(path)
    return path, missing


def command_script(command, environment):
    """The shell text that /init runs in the guest."""
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment)
    return f"{exports}exec {shlex.join(command)}\n"


def overlay(command, environment, files):
    """The archive of one run: its command and the files named on the command line."""
    archive = cpio.Writer()
    archive.data("command", command_script(command, environment).encode())
    for source, target in files:
        pairs = expand(os.path.abspath(source), target)
        if not pairs:
            raise HarnessError(f"--file {source}: no such file")
        add_files(archive, pairs)
    return archive.bytes()


def _write_atomically(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = f"{path}.{os.getpid()}"
    try:
        with open(partial, "wb") as stream:
            stream.write(content)
        os.rename(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.unlink(partial)
        raise HarnessError(f"cannot write {path}: {error.strerror}") from error


def _mark_used(path):
    try:
        os.utime(path)
    except PermissionError:  # another user's cache: it keeps its own order
        pass


def _prune(folder):
    """Old images go; so do halves that a harness killed an hour ago or longer left behind."""
    images = sorted(glob.glob(os.path.join(folder, "*.cpio")), key=os.path.getmtime)
    halves = [path for path in glob.glob(os.path.join(folder, "*.cpio.*")) if time.time() - os.path.getmtime(path) > 3600]
    for path in images[:-KEEP_IMAGES] + halves:
        os.unlink(path)
