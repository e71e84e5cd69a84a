#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A decision is good for a slice of CPU time: tasks that wake each other all the time need no further one, what changes reaches them
# all the same, and none of them starves.
# guest: cpus=2 mem=1G timeout=180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

BOUND_MS=300
start_schedd --set "starvation_bound=${BOUND_MS}ms"
hog env
hog env
hog env
switch_and_pipe
sleep 2
counters /tmp/before
sleep 4
counters /tmp/after
LEASED=$(grown leasedWaitCount /tmp/before /tmp/after) EVENTS=$(grown eventCount /tmp/before /tmp/after)
note "beside 3 hogs, 2 pairs over a pipe and 2 that switch: $LEASED wakeups under a lease, $EVENTS events"
holds "most wakeups ask nobody" "$LEASED > $EVENTS"

# A change counts for them at once: its generation is that of their decisions.
GENERATION=$(ctl policy set base_slice=8ms -o json | jq -r .appliedGeneration)
# How many of the pairs' tasks there are, and how many of them were decided under that generation.
decided() { ctl task list --filter 'comm = "stress-ng-pipe"' -o json | jq -r "[.tasks[].stats.policyGeneration | tonumber] | \"\(length) \(map(select(. >= $GENERATION)) | length)\""; }
all_are_decided_anew() {
  local tasks anew
  read -r tasks anew < <(decided)
  note "of $tasks tasks that wake each other, $anew were decided anew"
  [ "$tasks" -ge 4 ] && [ "$anew" = "$tasks" ]
}
holds "the change has a generation" "${GENERATION:-0} > 0"
check "every leased task is decided anew after a change" wait_until 10 all_are_decided_anew
end_hogs

# One that uses more than its share, in pieces with sleeps between, beside a heavy one: its waits are bounded, with an event or
# without. Both on CPU 1.
hog taskset -c 1
ctl task boost --tgid "$HOG" --weight 10000 >/dev/null
# shellcheck disable=SC2016 # its own variable
taskset -c 1 bash -c 'while :; do for ((i = 0; i < 2000; i++)); do :; done; read -r -t 0.002 <&3; done' 3<> <(:) &
LIGHT=$!
HOGS+=("$LIGHT")
ctl task boost --tgid "$LIGHT" --weight 1 >/dev/null
sleep 2
counters /tmp/before
WORST=0 LAST='' SINCE=$(now_ms)
END=$((SINCE + 10000))
while NOW=$(now_ms) && [ "$NOW" -lt "$END" ]; do
  RUN=$(run_ns "$LIGHT")
  if [ "$RUN" != "$LAST" ]; then LAST=$RUN SINCE=$NOW; fi
  [ $((NOW - SINCE)) -le "$WORST" ] || WORST=$((NOW - SINCE))
  sleep 0.02
done
counters /tmp/after
note "weight 1 beside 10000: $(grown leasedWaitCount /tmp/before /tmp/after) waits under a lease on the whole machine, longest standstill $WORST ms"
# A slice of the other one, and two looks.
holds "it stands still for no longer than $BOUND_MS ms, a slice and a look: $WORST ms" "$WORST <= $BOUND_MS + 40 + 40"
end_hogs

# Before its decision comes a waking task may take a CPU, too, by the terms of the last one: while the daemon is silent no lease
# lasts, and nobody else decides.
hog taskset -c 1
hog taskset -c 1
taskset -c 1 wakes 6 >/tmp/delays &
WAKES=$!
sleep 1
counters /tmp/before
kill -STOP "$SCHEDD"
sleep 4
kill -CONT "$SCHEDD"
counters /tmp/after
wait "$WAKES"
note "daemon stopped for 4 of 6 s, 2 hogs and a task that wakes every 10 ms on a CPU: $(grown preemptionCount /tmp/before /tmp/after) preemptions, delays (p99, most; us) $(cat /tmp/delays)"
holds "a waking task takes the CPU without a decision" "$(grown preemptionCount /tmp/before /tmp/after) > 100"
stays_attached "attached"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
finish
