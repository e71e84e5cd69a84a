#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The part of ./run chaos that runs in the guest: actions of the plan, one after the other, until the time is over.

    in_guest.py MINUTES SEED ALARMING

Each action is printed with the guest's time in seconds, as in its kernel log, before it is carried out; the last line is the
verdict. Exit code: 0 passed, 1 an invariant was violated.
"""

import collections
import os
import sys
import time

from daemon import LOG, read
from plan import Plan
from violation import Violation
from world import World

LOG_LINES = 15


def say(text):
    print(f"[{time.clock_gettime(time.CLOCK_BOOTTIME):8.1f}] {text}", flush=True)


def lead(seed):
    """This program goes before what it watches; what it starts is ordinary again."""
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(10))
    return Plan(seed, os.cpu_count())


def run(plan, world, minutes, done):
    deadline = time.monotonic() + 60 * minutes
    for number, action in enumerate(plan, 1):
        say(f"{number} {action}")
        done[action.kind] += 1
        world.do(action)
        world.watch(action.pause_s)
        if action.kind == "settle" and time.monotonic() > deadline:
            break
    say("end")
    world.end()


def tell_daemon():
    """What each thread of the daemon does."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if read(f"/proc/{pid}/comm") != "schedd":
            continue
        for thread in os.listdir(f"/proc/{pid}/task"):
            directory = f"/proc/{pid}/task/{thread}"
            stack = " < ".join(line.split()[-1] for line in read(f"{directory}/stack").splitlines())
            status, times = read(f"{directory}/stat").rpartition(")")[2].split(), read(f"{directory}/schedstat").split()
            if not status or not times:  # it ended
                continue
            state, run_ns, wait_ns = status[0], int(times[0]), int(times[1])
            print(f"  {thread} {read(f'{directory}/comm')}: {state}, ran {run_ns / 1e9:.1f} s, waited {wait_ns / 1e9:.1f} s, {stack}")


def tell_surroundings():
    print(f"state {read('/sys/kernel/sched_ext/state')}, ops '{read('/sys/kernel/sched_ext/root/ops')}', online {read('/sys/devices/system/cpu/online')}")
    for line in read(LOG).splitlines()[-LOG_LINES:]:
        print("  " + line)
    tell_daemon()


def main():
    minutes, seed, alarming = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    done, begun, world = collections.Counter(), time.monotonic(), None
    plan = lead(seed)
    verdict = "passed"
    try:
        say(f"seed {seed}, kernel {os.uname().release}, {os.cpu_count()} CPUs, {plan.hogs} hogs")
        world = World(os.cpu_count(), plan.hogs, alarming)
        run(plan, world, minutes, done)
    except Violation as violation:
        say(f"VIOLATED: {violation}")
        tell_surroundings()
        verdict = "FAILED"
    print("actions: " + ", ".join(f"{kind} {times}" for kind, times in sorted(done.items())))
    if world is not None:
        print(f"longest wait seen {world.longest_wait_s:.1f} s, slowest start of a daemon {world.slowest_start_s:.1f} s")
    print(f"chaos {verdict}: seed {seed}, {done.total()} actions in {(time.monotonic() - begun) / 60:.1f} min")
    sys.exit(verdict != "passed")


if __name__ == "__main__":
    main()
