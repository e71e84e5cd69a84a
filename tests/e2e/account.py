#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One sample of all accounts at one instant: stops the loads, reads, lets them go on. Prints five numbers of ns.

    account.py TARGET PID…

    BUSY      /proc/schedstat's rq_cpu_time of all CPUs: what the kernel says they ran
    TASKS     sum of run time over the tasks that schedd lists
    ENDED, UNSLOTTED, TOTAL     the counters: run time of ended tasks, of tasks without slot, of all

PIDs are the loads; children of theirs are waited for. One process reads everything over one connection: with a process for each
call, those that end in between would be in both TASKS and ENDED.
"""

import os
import signal
import sys
import time

import grpc

sys.path.insert(0, "/usr/local/bin")  # where the guest's payload has it
import reflection_client  # noqa: E402


def busy_ns():
    with open("/proc/schedstat", encoding="ascii") as stream:
        return sum(int(line.split()[7]) for line in stream if line.startswith("cpu"))


def method(channel, server, path):
    found = server.method(path)
    request_type = server.factory.GetPrototype(found.input_type)
    call = channel.unary_unary(f"/{path}", request_serializer=request_type.SerializeToString,
                               response_deserializer=server.factory.GetPrototype(found.output_type).FromString)
    return lambda **fields: call(request_type(**fields), timeout=30)


def running_children(pid):
    """Children of a task that have not ended; a stopped parent leaves those that have as zombies."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
        children = stream.read().split()
    states = []
    for child in children:
        with open(f"/proc/{child}/stat", encoding="utf-8", errors="replace") as stream:
            states.append(stream.read().rpartition(")")[2].split()[0])
    return [state for state in states if state not in "ZX"]


def main():
    loads = [int(word) for word in sys.argv[2:]]
    with grpc.insecure_channel(sys.argv[1]) as channel:
        server = reflection_client.Server(channel, 30)
        get_scheduler = method(channel, server, "schedd.v1.SchedulerService/GetScheduler")
        list_tasks = method(channel, server, "schedd.v1.TaskService/ListTasks")
        get_scheduler(name="schedulers/default")  # the first call sets things up
        list_tasks()
        for pid in loads:
            os.kill(pid, signal.SIGSTOP)
        while any(running_children(pid) for pid in loads):
            time.sleep(0.05)
        time.sleep(0.2)
        tasks = sum(task.stats.run_time_nanos for task in list_tasks().tasks)
        counters = get_scheduler(name="schedulers/default").counters
        busy = busy_ns()
        for pid in loads:
            os.kill(pid, signal.SIGCONT)
    print(busy, tasks, counters.ended_task_run_time_nanos, counters.unslotted_run_time_nanos, counters.run_time_nanos)


if __name__ == "__main__":
    main()
