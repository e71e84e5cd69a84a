#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./run guest: boots a kernel with sched_ext under QEMU and runs one command in it.

The command's stdout and stderr are ours, our own messages go to stderr. Exit code: the command's own, or 124 time
limit, 125 harness error, 126 the guest panicked or died. No process and no temporary file is left behind,
also when this program is killed.
"""

import argparse
import os
import platform
import re
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import image  # noqa: E402
import kernels  # noqa: E402
from errors import HarnessError  # noqa: E402
from machine import Machine  # noqa: E402

EXIT_TIMEOUT, EXIT_HARNESS, EXIT_GUEST_DIED = 124, 125, 126


def say(text):
    print(f"guest: {text}", file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    """Wrong arguments are harness errors: 2 could be the command's own code."""

    def error(self, message):
        self.exit(EXIT_HARNESS, f"guest: error: {message}\n  what to do: see ./run guest --help\n")


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def memory(text):
    if not re.fullmatch(r"[1-9][0-9]*[MG]", text):
        raise ValueError(text)
    return text


def pair(text):
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(text)
    return name, value


def file_spec(text):
    source, _, target = text.partition(":")
    if not source or (target and not target.startswith("/")):
        raise ValueError(text)
    return source, target or os.path.abspath(source)


def parse(argv):
    parser = Parser(prog="./run guest", description=__doc__.split("\n")[0],
                    epilog="Exit code: COMMAND's own; 124 time limit, 125 harness error, 126 guest panic.")
    parser.add_argument("--kernel", default="newest", metavar="VERSION",
                        help="newest (default), a series as 7.3, a version, the path of a kernel image, or "
                             "'without-sched_ext' for one that lacks it; Debian's, but 6.12 is built here on first use")
    parser.add_argument("--cpus", type=positive, default=4, metavar="N", help="processors (default 4)")
    parser.add_argument("--mem", type=memory, default="2G", metavar="M", help="memory, as 512M or 2G (default 2G)")
    parser.add_argument("--timeout", type=positive, default=300, metavar="SECONDS",
                        help="time limit, boot included (default 300)")
    parser.add_argument("--icount", action="store_true",
                        help="reproducible times: one host thread, guest time counts instructions (2 to 2.5 times slower)")
    parser.add_argument("--env", type=pair, action="append", default=[], metavar="K=V", help="set in the guest")
    parser.add_argument("--file", type=file_spec, action="append", default=[], metavar="SRC[:DST]",
                        help="file or directory to have in the guest (default: at the same path)")
    parser.add_argument("--with", dest="groups", action="append", default=[], metavar="GROUP",
                        help="a further group of tests/guest/payload, as python")
    parser.add_argument("--append", action="append", default=[], metavar="WORD",
                        help="a further argument of the kernel, as isolcpus=3 (may be given more than once)")
    parser.add_argument("--dmesg", metavar="FILE", help="write the guest's kernel log here")
    parser.add_argument("--verbose", action="store_true", help="say what boots and how long it took")
    parser.add_argument("--list", action="store_true", help="name the kernels to be had, newest first")
    parser.add_argument("--prepare", action="store_true", help="only get the kernel (download or build it), boot nothing")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="after --: the command and its arguments")
    options = parser.parse_args(argv)
    if not (options.list or options.prepare or options.command):
        parser.error("no command; write it after --, as in: ./run guest -- uname -r")
    return options


def cache_dir():
    path = os.environ.get("SCHEDD_CACHE")
    if not path:
        raise HarnessError("SCHEDD_CACHE is not set; start this program by ./run guest")
    return path


def list_kernels(store):
    known = store.known()
    for version, way in known.items():
        print(version + (f" ({way})" if way else ""))
    return 0 if known else EXIT_HARNESS


def prepare(store, wanted):
    version, _ = store.get(wanted)
    print(version)
    return 0


def initrd_pieces(cache, options):
    payload = image.read_payload()
    pieces = []
    for group in ["base", "built", *options.groups]:
        if group not in payload:
            raise HarnessError(f"--with {group}: no such group; there are: {', '.join(sorted(payload))}")
        path, missing = image.group_image(cache, group, payload[group])
        if missing:
            say("not built, so not in the guest: " + ", ".join(os.path.basename(name) for name in missing))
        with open(path, "rb") as stream:
            pieces.append(stream.read())
    return pieces + [image.overlay(options.command, options.env, options.file)]


def writer(fd):
    def write(data):
        while data:
            data = data[os.write(fd, data):]

    return write


def write_dmesg(path, outcome):
    content = outcome.log or b"# the guest did not end by itself; warnings from its console:\n" + outcome.console
    try:
        with open(path, "wb") as stream:
            stream.write(content)
    except OSError as error:
        raise HarnessError(f"--dmesg {path}: {error.strerror}") from error


def boot(options):
    if platform.machine() != "x86_64":
        raise HarnessError(f"guests need an x86-64 host for now, this is {platform.machine()}")
    cache = cache_dir()
    version, kernel = kernels.Store(cache, say).get(options.kernel)
    pieces = initrd_pieces(cache, options)
    # Should our own output block (a reader that stopped reading), the limit must hold all the same.
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(EXIT_TIMEOUT))
    signal.alarm(options.timeout + 5)
    machine = Machine(kernel, pieces, options.cpus, options.mem, options.icount, writer(1), writer(2),
                      options.append)
    outcome = machine.run(options.timeout)
    if options.verbose and outcome.boot_s is not None:
        say(f"kernel {version}, {options.cpus} CPUs; boot {outcome.boot_s:.1f} s, all {outcome.total_s:.1f} s")
    if options.dmesg:
        write_dmesg(options.dmesg, outcome)
    return report(outcome, options.timeout)


def telling_lines(console, limit=16):
    """The console's lines that tell most: from the first sign of trouble on, otherwise the last ones."""
    for number, line in enumerate(console):
        if re.search(r"BUG: |Oops|Kernel panic|WARNING: ", line):
            return console[number : number + limit]
    return console[-limit:]


def report(outcome, timeout_s):
    if outcome.code is not None:
        return outcome.code
    for line in telling_lines(outcome.console.decode(errors="replace").splitlines()):
        print("  " + line.rstrip(), file=sys.stderr)
    if outcome.reason == "timeout":
        say(f"time limit of {timeout_s} s reached" + ("" if outcome.boot_s else " before the guest had booted"))
        return EXIT_TIMEOUT
    say("the guest's kernel panicked" if outcome.reason == "panic" else "the guest ended before the command did")
    return EXIT_GUEST_DIED


def main():
    options = parse(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    try:
        if options.list:
            return list_kernels(kernels.Store(cache_dir(), say))
        if options.prepare:
            return prepare(kernels.Store(cache_dir(), say), options.kernel)
        return boot(options)
    except BrokenPipeError:  # our reader went away, as in: ./run guest … | head
        return 128 + signal.SIGPIPE
    except HarnessError as error:
        say(f"error: {error}")
        return EXIT_HARNESS


if __name__ == "__main__":
    sys.exit(main())
