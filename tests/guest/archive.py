# SPDX-License-Identifier: Apache-2.0
"""Packages of Debian's archive for the guest harness: found and downloaded, never installed.

Lists are private (tools/setup/apt_private) and at most a day old. Several processes may use it at a time. Failure to reach
the archive is an exit code, for callers that can do without; what cannot be gone on from is a HarnessError.
"""

import glob
import os
import subprocess
import tarfile

from errors import HarnessError
from image import REPO

APT = os.path.join(REPO, "tools/setup/apt_private")
LIST_AGE_S = 86400


def apt(tool, *arguments, suite, folder=None):
    """Runs apt-cache or apt-get; suite: (where apt_private keeps its lists, Debian's name of it)."""
    command = [APT, "--max-age", str(LIST_AGE_S), *suite, tool, *arguments]
    # apt drops to a user that may not write here; the download is verified all the same.
    if tool == "apt-get":
        command[6:6] = ["-o", "APT::Sandbox::User=root", "-q"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False)


def download(package, suite, folder):
    """Path of the package file, fetched into the folder."""
    answer = apt("apt-get", "download", package, suite=suite, folder=folder)
    if answer.returncode != 0:
        raise HarnessError(f"cannot download {package}: {last_line(answer.stderr)}")
    return glob.glob(folder + "/*.deb")[0]


def read_file(package, pattern, take):
    """What take(stream) returns for the first file in a package file whose path the compiled pattern finds."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpack:
        with tarfile.open(fileobj=unpack.stdout, mode="r|") as archive:
            for member in archive:
                if member.isfile() and pattern.search(member.name):
                    taken = take(archive.extractfile(member))
                    unpack.kill()
                    return taken
    raise HarnessError(f"{os.path.basename(package)} does not contain what was looked for")


def publish(content, path):
    """Writes a file that others see whole or not at all."""
    partial = f"{path}.{os.getpid()}"
    with open(partial, "wb") as stream:
        stream.write(content)
    os.rename(partial, path)


def last_line(raw):
    lines = raw.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no message"
