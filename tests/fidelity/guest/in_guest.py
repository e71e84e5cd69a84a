#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The part of tests/fidelity/fidelity.py that runs in the guest: every workload under schedd with every setting.

    in_guest.py RUNS SETTINGS WORKLOAD…

SETTINGS is JSON: {name: {parameter: "10ms"}}. Prints one JSON object a line: what each task of one run did. Exit code: 0, or 1
when something could not be measured (then {"problem": …} says what).
"""

import json
import os
import subprocess
import sys
import time

STATE = "/sys/kernel/sched_ext/state"
ATTACHES_WITHIN_S = 60


class Problem(Exception):
    pass


def say(**fields):
    print(json.dumps(fields), flush=True)


def attached():
    with open(STATE, encoding="ascii") as stream:
        return stream.read().strip() == "enabled"


def start_schedd():
    with open("/tmp/schedd.log", "wb") as log:
        process = subprocess.Popen(["schedd"], stdout=log, stderr=log)
    deadline = time.monotonic() + ATTACHES_WITHIN_S
    while not attached():
        if process.poll() is not None or time.monotonic() > deadline:
            with open("/tmp/schedd.log", encoding="utf-8", errors="replace") as log:
                raise Problem(f"schedd does not attach: {log.read()[-300:]}")
        time.sleep(0.1)
    time.sleep(1)
    return process


def cpu_ns(pid):
    """CPU time of all threads of a process."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stream:
            total += int(stream.read().split()[0])
    return total


def schedctl(*arguments):
    answer = subprocess.run(["schedctl", *arguments], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise Problem(f"schedctl {' '.join(arguments)}: {answer.stderr.strip()[-300:]}")
    return answer.stdout


def run(workload, daemon):
    """What each task did, by its own account and by schedd's."""
    before, began = cpu_ns(daemon), time.monotonic_ns()
    with subprocess.Popen(["workload_run", workload], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        line = load.stdout.readline()
        if not line:
            raise Problem(f"workload_run {workload}: exit code {load.wait()}")
        own_cost = (cpu_ns(daemon) - before) / (time.monotonic_ns() - began)
        did = json.loads(line)
        known = json.loads(schedctl("task", "list", "-o", "json", "--filter", f"tgid = {did['tgid']}"))["tasks"]
        load.stdin.close()
    stats = {int(task["tid"]): task["stats"] for task in known}
    for task in did["tasks"]:
        of_task = stats.get(task["tid"])
        if of_task is None:
            continue  # it has ended
        task["wakeups"] = int(of_task["wakeupCount"])
        for key, name in (("p50_ns", "wakeupLatencyP50Nanos"), ("p99_ns", "wakeupLatencyP99Nanos"), ("mean_ns", "wakeupLatencyMeanNanos")):
            task[key] = int(of_task[name])
    return did["tasks"], own_cost


def main():
    runs, settings, workloads = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    daemon = start_schedd()
    say(kernel=os.uname().release, cpus=os.cpu_count())
    for number in range(runs):
        for workload in workloads:
            for name, parameters in settings.items():
                schedctl("policy", "set", *(f"{key}={value}" for key, value in parameters.items()))
                tasks, own_cost = run(workload, daemon.pid)
                say(workload=os.path.basename(workload).split(".")[0], setting=name, run=number, schedd_cpus=round(own_cost, 4), tasks=tasks)
                if daemon.poll() is not None or not attached():
                    raise Problem(f"schedd ended during {workload}")


if __name__ == "__main__":
    try:
        main()
    except (Problem, OSError, ValueError, KeyError) as error:
        say(problem=f"{type(error).__name__}: {error}")
        sys.exit(1)
