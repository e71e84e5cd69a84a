# SPDX-License-Identifier: Apache-2.0
"""Writes cpio archives in the "newc" form that a kernel takes as initramfs.

No root needed: owners, modes and device nodes are only fields of the archive. Single-threaded, no state
outside the object. Failure: OSError of the source file.
"""

import os
import stat


class Writer:
    """An archive that grows in memory; parents of a path are added when they are first needed."""

    def __init__(self):
        self._chunks = []
        self._seen = set()
        self._inode = 0

    def directory(self, path, mode=0o755):
        path = path.strip("/")
        if path and path not in self._seen:
            self._parents(path)
            self._entry(path, stat.S_IFDIR | mode)

    def symlink(self, path, target):
        self._parents(path)
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path, major, minor):
        self._parents(path)
        self._entry(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def data(self, path, content, mode=0o644, changed_at_s=0):
        self._parents(path)
        self._entry(path, stat.S_IFREG | mode, content, changed_at_s=changed_at_s)

    def file(self, path, source):
        with open(source, "rb") as stream:
            status = os.fstat(stream.fileno())
            # The time of change matters to Python: it tells whether a compiled module is current.
            self.data(path, stream.read(), 0o755 if status.st_mode & 0o111 else 0o644, int(status.st_mtime))

    def bytes(self):
        """The finished archive. Its length is a multiple of 4, so another can follow it."""
        trailer = _header(0, 0, 0, (0, 0), "TRAILER!!!", 0) + _pad_name("TRAILER!!!")
        return b"".join(self._chunks) + trailer

    def _parents(self, path):
        parent = os.path.dirname(path.strip("/"))
        if parent:
            self.directory(parent)

    def _entry(self, path, mode, content=b"", device=(0, 0), changed_at_s=0):
        path = path.strip("/")
        if path in self._seen:
            return
        self._seen.add(path)
        self._inode += 1
        self._chunks.append(_header(self._inode, mode, len(content), device, path, changed_at_s))
        self._chunks.append(_pad_name(path))
        self._chunks.append(content)
        self._chunks.append(b"\0" * (-len(content) % 4))


def _header(inode, mode, size, device, name, changed_at_s):
    # inode, mode, uid, gid, links, mtime, size, device of the file system, device of the node, name, check
    fields = (inode, mode, 0, 0, 1, changed_at_s, size, 0, 0, *device, len(name.encode()) + 1, 0)
    return b"070701" + b"".join(b"%08X" % field for field in fields)


def _pad_name(name):
    raw = name.encode() + b"\0"
    return raw + b"\0" * (-(110 + len(raw)) % 4)
