# SPDX-License-Identifier: Apache-2.0
"""One emulated machine: starts QEMU, passes the guest's output on, waits for the exit mark, ends it.

Everything between QEMU and us is pipes and an anonymous file, so a killed harness leaves nothing behind; QEMU itself
is told by the kernel to die with us. Times are seconds of this host. Single-threaded. Failure of QEMU
itself: HarnessError; what happens in the guest is told by the Outcome.
"""

import ctypes
import dataclasses
import os
import selectors
import signal
import subprocess
import time

from errors import HarnessError

PR_SET_PDEATHSIG = 1
APPEND = (
    "console=ttyS0 panic=-1 loglevel=5 mitigations=off tsc=reliable nowatchdog "
    "initcall_blacklist=load_system_certificate_list"
)
PORTS = ("out", "err", "ctl", "log")
CHUNK = 1 << 16


@dataclasses.dataclass
class Outcome:
    """How a run ended: `code` of the command, or None with a `reason` ("timeout", "panic", "died")."""

    code: int | None = None
    reason: str = ""
    boot_s: float | None = None  # until the command started
    total_s: float = 0.0
    console: bytes = b""  # kernel messages of level warning and above
    log: bytes = b""  # the whole kernel log, when the command ended


def qemu_command(kernel, initrd_fd, port_fds, cpus, mem, icount, append=()):
    accel = ["-accel", "tcg,thread=multi"]
    if icount:  # guest time is then a function of the instructions executed
        accel = ["-accel", "tcg,thread=single", "-icount", "shift=2,sleep=off"]
    command = ["qemu-system-x86_64", *accel, "-machine", "q35", "-cpu", "EPYC", "-smp", str(cpus), "-m", mem]
    command += ["-display", "none", "-nodefaults", "-no-user-config", "-no-reboot"]
    command += ["-kernel", kernel, "-initrd", f"/proc/self/fd/{initrd_fd}", "-append", " ".join([APPEND, *append])]
    command += ["-chardev", f"file,id=console,path=/proc/self/fd/{port_fds['console']}", "-serial", "chardev:console"]
    command += ["-device", "virtio-serial-pci"]
    for name in PORTS:
        command += ["-chardev", f"file,id={name},path=/proc/self/fd/{port_fds[name]}"]
        command += ["-device", f"virtserialport,chardev={name},name={name}"]
    return command


def _die_with_parent(parent):
    def arrange():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the call above
            os._exit(1)

    return arrange


# What it says of each CPU, and of no consequence.
NO_COMPLAINT = "TCG doesn't support requested feature"


class Machine:
    """Runs once: construct, run(), read the Outcome."""

    def __init__(self, kernel, initrd, cpus, mem, icount, write_out, write_err, append=()):
        """initrd: bytes pieces; write_out, write_err: functions that take the command's output; append: further arguments of the kernel."""
        self._sinks = {"out": write_out, "err": write_err}
        self._kept = {"console": bytearray(), "ctl": bytearray(), "log": bytearray()}
        self._outcome = Outcome()
        self._started_at = time.monotonic()
        self._selector = selectors.DefaultSelector()
        write_ends = {}
        for name in (*PORTS, "console"):
            read_end, write_ends[name] = os.pipe()
            os.set_blocking(read_end, False)
            self._selector.register(read_end, selectors.EVENT_READ, name)
        memory = os.memfd_create("initramfs")
        with open(memory, "wb", closefd=False) as stream:
            for piece in initrd:
                stream.write(piece)
        fds = [memory, *write_ends.values()]
        command = qemu_command(kernel, memory, write_ends, cpus, mem, icount, append)
        try:
            self._qemu = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                pass_fds=fds, preexec_fn=_die_with_parent(os.getpid()))
        except OSError as error:
            raise HarnessError(f"cannot start qemu-system-x86_64 ({error.strerror}); run ./run setup") from error
        for fd in fds:
            os.close(fd)

    def run(self, timeout_s):
        """Passes output on until the command ended, the machine died or the time is over."""
        try:
            deadline = self._started_at + timeout_s
            while self._selector.get_map() and self._outcome.code is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    self._outcome.reason = "timeout"
                    break
                for key, _ in self._selector.select(left):
                    self._pass_on(key)
        finally:
            self.kill()
        self._drain()
        self._finish()
        return self._outcome

    def kill(self):
        self._qemu.kill()
        self._qemu.wait()

    def _pass_on(self, key):
        data = os.read(key.fd, CHUNK)
        if not data:
            self._selector.unregister(key.fd)
            os.close(key.fd)
            return
        name = key.data
        if name in self._sinks:
            self._sinks[name](data)
            return
        self._kept[name] += data
        if name == "ctl":
            self._read_marks()

    def _read_marks(self):
        for line in bytes(self._kept["ctl"]).split(b"\n")[:-1]:
            word, _, value = line.partition(b" ")
            if word == b"ready" and self._outcome.boot_s is None:
                self._outcome.boot_s = time.monotonic() - self._started_at
            elif word == b"exit":
                self._outcome.code = int(value)

    def _drain(self):
        """What QEMU had already written when it ended: the pipes' write ends are closed now."""
        while self._selector.get_map():
            for key, _ in self._selector.select(0):
                self._pass_on(key)

    def _finish(self):
        outcome = self._outcome
        outcome.total_s = time.monotonic() - self._started_at
        outcome.console, outcome.log = bytes(self._kept["console"]), bytes(self._kept["log"])
        complaint = " ".join(line for line in self._qemu.stderr.read().decode(errors="replace").splitlines() if NO_COMPLAINT not in line)
        if outcome.code is not None or outcome.reason:
            return
        killed_by = -self._qemu.returncode
        if killed_by > 0 and killed_by != signal.SIGKILL:  # that one is ours
            raise HarnessError(f"QEMU was ended by signal {killed_by} ({signal.strsignal(killed_by)}) {complaint}".rstrip())
        if outcome.boot_s is None and complaint:
            raise HarnessError(f"QEMU failed: {complaint}")
        outcome.reason = "panic" if b"Kernel panic" in outcome.console else "died"
