#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The part of ./run bench that runs in the guest: every workload under every scheduler, in turn, again and again.

    in_guest.py RUNS WORKLOADS [NAME=COMMAND]…

WORKLOADS is a regular expression. Prints one JSON object a line: a figure that was measured. The first round warms up and is not
printed. Exit code: 0, or 1 when something could not be measured (then {"problem": …} says what).
"""

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

from workloads import BenchError, OwnCost, all_workloads

STATE = "/sys/kernel/sched_ext/state"
ATTACHES_WITHIN_S = 60


def say(**fields):
    print(json.dumps(fields), flush=True)


def state():
    with open(STATE, encoding="ascii") as stream:
        return stream.read().strip()


@contextlib.contextmanager
def scheduler(command):
    """The kernel's own for None, else that which `command` attaches until it gets SIGINT. Its process, if there is one."""
    if command is None:
        yield None
        return
    with open("/tmp/scheduler.log", "wb") as log:
        process = subprocess.Popen(shlex.split(command), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + ATTACHES_WITHIN_S
        while state() != "enabled":
            if process.poll() is not None or time.monotonic() > deadline:
                with open("/tmp/scheduler.log", encoding="utf-8", errors="replace") as log:
                    raise BenchError(f"{command} does not attach: {log.read()[-300:]}")
            time.sleep(0.1)
        time.sleep(1)
        yield process.pid
        if process.poll() is not None or state() != "enabled":
            raise BenchError(f"{command} ended in the middle")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def main():
    runs, wanted = int(sys.argv[1]), re.compile(sys.argv[2])
    schedulers = {"none": None, "schedd": "schedd"} | dict(word.split("=", 1) for word in sys.argv[3:])
    chosen = [workload for workload in all_workloads() if any(wanted.search(figure.name) for figure in workload.figures)]
    say(kernel=os.uname().release, cpus=os.cpu_count(), schedulers=list(schedulers), workloads=len(chosen))
    for run in range(runs + 1):
        for name, command in schedulers.items():
            with scheduler(command) as process:
                for workload in chosen:
                    if isinstance(workload, OwnCost):
                        workload.of(process)
                    for figure, value in zip(workload.figures, workload.run()):
                        if run > 0:
                            say(scheduler=name, figure=figure.name, unit=figure.unit, better=figure.better, run=run, value=value)
                    time.sleep(0.2)
        say(done=run, of=runs)


if __name__ == "__main__":
    try:
        main()
    except (BenchError, subprocess.CalledProcessError, OSError, ValueError) as error:
        say(problem=str(error))
        sys.exit(1)
