# SPDX-License-Identifier: Apache-2.0
"""Carries out the actions of a plan on the machine that this runs on, and knows what must be true after each.

check() is cheap and called all the time; settle() asks the daemon about everything and needs it to serve. All of the invariants
are in these two. For a guest: it takes the whole machine. Single-threaded. Failure: Violation.
"""

import os
import re
import signal
import subprocess
import time

from daemon import Daemon, enable_count, is_attached, leftovers, read
from loads import Loads, thread_count
from violation import Violation

WATCHDOG_S = 5
ORPHAN_S = 120  # longer than the plan's longest time without a daemon
SPARE_SLOTS = 16  # tasks that come and go while they are counted
SOON_S = 20
FEW_PIDS = 450  # twice of what is in use


class World:
    """`alarming`: a regular expression of what the kernel's log must not contain."""

    def __init__(self, cpus, hogs, alarming):
        self._cpus = cpus
        self._alarming = re.compile(alarming)
        self._kernel_log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        self._daemon = Daemon([f"--watchdog-timeout={WATCHDOG_S}s", f"--orphan-timeout={ORPHAN_S}s"], self.watch)
        self._loads = None
        self._lives, self._attached = False, False
        self._attachments = enable_count()
        self._parameters = {}  # as the daemon acknowledged them
        self._overrides = {}  # name -> (hog, weight), likewise
        self._nice = {}
        self.slowest_start_s = 0.0
        self._begin(hogs)

    @property
    def longest_wait_s(self):
        return self._loads.longest_wait_s

    def do(self, action):
        getattr(self, "do_" + action.kind)(**dict(action.arguments))
        self.check()

    def watch(self, seconds):
        """Looks at what goes on for so long; at least once."""
        deadline = time.monotonic() + seconds
        while True:
            if self._loads:
                self._loads.check(is_attached())
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))

    def check(self):
        self._check_kernel_log()
        if self._lives:
            self._daemon.check_alive()
        if is_attached() != self._attached:
            raise Violation(f"{'not ' if self._attached else ''}attached: state {read('/sys/kernel/sched_ext/state')}")
        if enable_count() != self._attachments:
            raise Violation(f"attached {enable_count()} times, not {self._attachments}")
        self.watch(0)

    def end(self):
        """Ends the daemon as an operator would; then nothing of it is left."""
        self._daemon.terminate()
        self._lives = self._attached = False
        self.check()
        self.watch(1)
        if left := leftovers():
            raise Violation(f"left behind: {left}")
        self._loads.end()

    def _begin(self, hogs):
        self._daemon.start()
        self._serves(attaches=True)
        self._loads = Loads(hogs)
        self._nice = dict.fromkeys(range(hogs), 0)

    def _serves(self, attaches):
        self.slowest_start_s = max(self.slowest_start_s, self._daemon.await_serving())
        self._lives, self._attached = True, True
        self._attachments += attaches

    # -- the daemon --
    def do_stop(self):
        self._daemon.signal(signal.SIGSTOP)

    def do_continue(self):
        self._daemon.signal(signal.SIGCONT)

    def do_kill(self):
        self._lives = False
        self._daemon.signal(signal.SIGKILL)

    def do_start(self):
        self._daemon.start()
        self._serves(attaches=not self._attached)

    def do_replace(self):
        self._lives = False
        self.slowest_start_s = max(self.slowest_start_s, self._daemon.replace())
        self._lives = True

    def do_detach(self):
        self._daemon.schedctl("scheduler", "detach")
        self._attached = False

    def do_attach(self):
        self._daemon.schedctl("scheduler", "attach")
        self._attached = True
        self._attachments += 1

    # -- what callers change --
    def do_boost(self, id, hog, weight):
        pid = self._loads.hogs[hog].pid
        made = self._daemon.document("task", "boost", "--tgid", str(pid), "--weight", str(weight), "--id", id)
        if made.get("matchedTaskCount") != 1:
            raise Violation(f"override {id} of hog {hog} (pid {pid}) matches {made.get('matchedTaskCount')} tasks")
        self._overrides[id] = (hog, weight)

    def do_unboost(self, id):
        self._daemon.schedctl("task", "unboost", id)
        del self._overrides[id]

    def do_policy(self, name, value):
        key = re.sub(r"_(.)", lambda match: match[1].upper(), name)
        self._parameters[key] = self._daemon.document("policy", "set", f"{name}={value}")["parameters"][key]

    # -- the machine --
    def do_offline(self, cpu):
        self._set_cpu(cpu, "0")

    def do_online(self, cpu):
        self._set_cpu(cpu, "1")

    def _set_cpu(self, cpu, online):
        try:
            with open(f"/sys/devices/system/cpu/cpu{cpu}/online", "w", encoding="ascii") as stream:
                stream.write(online)
        except OSError as error:
            raise Violation(f"CPU {cpu} cannot be set to {online}: {error.strerror}") from error

    # -- the tasks --
    def do_affinity(self, hog, masks):
        for mask in masks:
            os.sched_setaffinity(self._loads.hogs[hog].pid, {cpu for cpu in range(self._cpus) if mask >> cpu & 1})

    def do_renice(self, hog, nice):
        os.setpriority(os.PRIO_PROCESS, self._loads.hogs[hog].pid, nice)
        self._nice[hog] = nice

    def do_respawn(self, hog):
        self._loads.respawn(hog)
        self._nice[hog] = 0
        self._overrides = {name: (whose, weight) for name, (whose, weight) in self._overrides.items() if whose != hog}

    def do_forks(self, count):
        self._loads.storm("--fork", "2", "--fork-ops", str(count))

    def do_threads(self, count):
        self._loads.storm("--pthread", "2", "--pthread-ops", str(count))

    def do_pids(self, count):
        """Process IDs begin anew several times, so those of hogs that ended go to others."""
        self._await("the storms end", lambda: not self._loads.storming(), 60)
        before = read("/proc/sys/kernel/pid_max")
        try:
            self._write_pid_max(FEW_PIDS)
            with subprocess.Popen(["bash", "-c", f"for ((i = 0; i < {count}; i++)); do (:); done"]) as forks:
                os.setpriority(os.PRIO_PROCESS, forks.pid, -10)  # before most hogs, or it takes minutes
                while forks.poll() is None:
                    self.watch(0.1)
        finally:
            self._write_pid_max(before)

    def _write_pid_max(self, value):
        with open("/proc/sys/kernel/pid_max", "w", encoding="ascii") as stream:
            stream.write(f"{value}\n")

    # -- all that the daemon must know --
    def do_settle(self):
        status = self._daemon.status()
        counters = status["counters"]
        if status["state"] != "STATE_ATTACHED":
            raise Violation(f"the daemon says {status['state']}")
        for name in ("schedulingAllocationCount", "schedulingPageFaultCount", "tableFullCount"):
            if int(counters[name]) != 0:
                raise Violation(f"{name} is {counters[name]}")
        self._await("decisions go on", lambda: int(self._daemon.status()["counters"]["decisionCount"]) > int(counters["decisionCount"]))
        self._await("slots of ended tasks come back", self._has_slots_back)
        self._check_parameters()
        self._await("the overrides are those that were acknowledged", self._overrides_are_right, then=self._tell_overrides)
        self._await("each task has the weight that it should have", self._weights_are_right, then=self._tell_weights)

    def _has_slots_back(self):
        return int(self._daemon.status()["counters"]["taskCount"]) <= thread_count() + SPARE_SLOTS

    def _check_parameters(self):
        got = self._daemon.document("policy", "get")["parameters"]
        for name, value in self._parameters.items():
            if got[name] != value:
                raise Violation(f"{name} is {got[name]}, acknowledged was {value}")

    def _override_names(self):
        return {override["name"].rpartition("/")[2] for override in self._daemon.document("task", "overrides")["taskOverrides"]}

    def _overrides_are_right(self):
        return self._override_names() == set(self._overrides)

    def _tell_overrides(self):
        return f"there are {sorted(self._override_names())}, acknowledged were {sorted(self._overrides)}"

    def _wrong_weights(self):
        """What is wrong about overrides, weights and nice values, over all tasks."""
        tasks = {task["tid"]: task for task in self._daemon.document("task", "list")["tasks"]}
        wrong, boosted = [], {}
        for name, (hog, weight) in self._overrides.items():
            boosted[self._loads.hogs[hog].pid] = (f"taskOverrides/{name}", weight)
        for pid, (name, weight) in boosted.items():
            task = tasks.get(pid, {})
            if (task.get("taskOverride"), task.get("weight")) != (name, weight):
                wrong.append(f"{pid}: {task.get('taskOverride')} weight {task.get('weight')}, not {name} weight {weight}")
        wrong += [f"{pid} ({task['comm']}): a stranger has {task['taskOverride']}"
                  for pid, task in tasks.items() if task["taskOverride"] and pid not in boosted]
        for hog, nice in self._nice.items():
            got = tasks.get(self._loads.hogs[hog].pid, {}).get("nice")
            if got != nice:
                wrong.append(f"hog {hog}: nice {got}, not {nice}")
        return wrong

    def _weights_are_right(self):
        return not self._wrong_weights()

    def _tell_weights(self):
        return "; ".join(self._wrong_weights())

    # -- means --
    def _await(self, what, holds, seconds=SOON_S, then=lambda: ""):
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Violation(f"not within {seconds} s: {what}. {then()}")
            self.watch(0.2)

    def _check_kernel_log(self):
        while True:
            try:
                record = os.read(self._kernel_log, 8192).decode(errors="replace")
            except BlockingIOError:
                return
            except BrokenPipeError:  # records were overwritten before they were read: go on with the next one
                continue
            text = record.partition(";")[2].splitlines()[0]
            if self._alarming.search(text):
                raise Violation(f"the kernel says: {text}")
