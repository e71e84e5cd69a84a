# SPDX-License-Identifier: Apache-2.0
"""Downloads what later stages need while the compilers work: guests' kernels, and buf.

Only the waiting is saved: who needs one of these asks for it again, waits if it is not there yet, and reports if it cannot be
had. So nothing here fails, and nothing is printed. One thread of its own, which ends with the process.
"""

import subprocess
import threading

BUILT_HERE = "+source."  # in the version of a kernel that is no package of Debian's (tests/guest/source_kernel.py)
GUEST = ("python3", "tests/guest/guest.py")


def commands(stages, kernels):
    """What to run. kernels: a function that returns the versions that guests will boot; it may ask the archive."""
    if "lint" in stages:
        yield ["tools/setup/buf"]
    if "guest" in stages:
        # One that is built takes the processors, which have enough to do.
        for kernel in kernels():
            if BUILT_HERE not in kernel:
                yield [*GUEST, "--kernel", kernel, "--prepare"]


def start(stages, kernels, folder):
    """Returns at once; the thread, for tests."""
    def run():
        try:
            for command in commands(stages, kernels):
                subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, check=False)
        except (OSError, RuntimeError):
            pass  # whoever needs it will say so

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
