#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every nanosecond is charged once: what tasks used, by schedd's account, is what the CPUs were busy for, by the kernel's.
#
# The reference is rq_cpu_time, the seventh number of each cpu line of /proc/schedstat: the time for which the CPU ran anything
# but its idle task, added up by the kernel at each switch, in ns. /proc/stat will not do: it counts whole ticks. rq_cpu_time
# includes tasks of the classes above ours (real-time, stop), which idle in this guest: their part is in the 1 % that may differ.
# guest: cpus=4 mem=2G timeout=240 with=python
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

WINDOW_S=$(usually 8 thorough 30)
sample() { python3 "$(dirname "$0")/account.py" "unix://$SOCKET" "${HOGS[@]}"; }
# Per cent by which the second differs from the first.
differs() { awk "BEGIN { printf \"%.3f\", ($2 - $1) / $1 * 100 }"; }

# Slices are long, for the sake of the last comparison: see there.
start_schedd --set base_slice=40ms
for _ in 1 2 3 4 5; do hog env; done
# Tasks that end within the window: their time must not be lost with them.
(while :; do (for ((i = 0; i < 50000; i++)); do :; done); done) &
HOGS+=("$!")
read -r BUSY_0 TASKS_0 ENDED_0 UNSLOTTED_0 TOTAL_0 < <(sample)
sleep "$WINDOW_S"
read -r BUSY_1 TASKS_1 ENDED_1 UNSLOTTED_1 TOTAL_1 < <(sample)
BUSY=$((BUSY_1 - BUSY_0))
SUM=$((TASKS_1 + ENDED_1 + UNSLOTTED_1 - TASKS_0 - ENDED_0 - UNSLOTTED_0))
TOTAL=$((TOTAL_1 - TOTAL_0))
note "over the window: CPUs busy $BUSY ns; sum over tasks $SUM ns, of these ended $((ENDED_1 - ENDED_0)) ns; counter of all $TOTAL ns"
holds "the CPUs were busy" "$BUSY > 3.0e9 * $WINDOW_S"
holds "tasks ended in the window and left their time behind" "$ENDED_1 - $ENDED_0 > 1e8"
near "the sum over tasks is the CPUs' busy time: % off" "$(differs "$BUSY" "$SUM")" 0 1
near "so is the counter of all run time: % off" "$(differs "$BUSY" "$TOTAL")" 0 1

# Each task by itself, too: a mistake in one may make up for a mistake in another. Within 2 %, because the kernel leaves interrupts
# and the time of the switch out of a task's own account and schedd does not, and on an emulated CPU they take about 1 %.
kill -STOP "${HOGS[@]}"
sleep 0.5
ctl task list -o json >/tmp/list
for pid in "${HOGS[@]:0:5}"; do
  OURS=$(jq -r --argjson tid "$pid" '.tasks[] | select(.tid == $tid) | .stats.runTimeNanos' /tmp/list)
  near "run time of task $pid is the kernel's: % off" "$(differs "$(run_ns "$pid")" "${OURS:-0}")" 0 2
done
kill -CONT "${HOGS[@]}"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
