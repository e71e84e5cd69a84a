#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The machine never waits for the daemon: stopped for twice the watchdog's time, or killed, tasks go on.
# guest: cpus=4 mem=2G timeout=180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

run_all() { for pid in "${HOGS[@]}"; do run_ns "$pid"; done; }
decisions() { status .counters.decisionCount; }
degraded_s() { status .counters.degradedDuration | tr -d s; }
more_than() { [ "$(decisions)" -gt "$1" ]; }

start_schedd --watchdog-timeout=5s
for _ in 1 2 3 4 5 6 7 8; do hog env; done
# A task that sleeps and wakes, and writes down how often.
(while :; do sleep 0.05 && echo; done) >/tmp/beats &
HOGS+=("$!")
sleep 2
DEGRADED_BEFORE=$(degraded_s)

kill -STOP "$SCHEDD"
mapfile -t BEFORE < <(run_all)
BEATS=$(wc -l </tmp/beats)
sleep 10
mapfile -t AFTER < <(run_all)
BEATS=$(($(wc -l </tmp/beats) - BEATS))
stays_attached "stopped for 10 s, with a watchdog of 5 s: still attached"
begin "each hog went on: at least half of its share"
SLOWEST=$(for i in 0 1 2 3 4 5 6 7; do echo $((AFTER[i] - BEFORE[i])); done | sort -n | head -1)
note "shares of a CPU: $(for i in 0 1 2 3 4 5 6 7; do echo $(((AFTER[i] - BEFORE[i]) / 100000000)); done | xargs) %; wakeups of the sleeper: $BEATS"
if [ "$SLOWEST" -gt 2500000000 ]; then pass; else fail "the slowest ran $SLOWEST ns in 10 s"; fi
holds "a task that sleeps and wakes went on as well" "$BEATS > 20"
kill -CONT "$SCHEDD"
check "continued, it answers" ctl status
DECISIONS=$(decisions)
check "decisions go on" wait_until 10 more_than $((DECISIONS + 50))
stays_attached "still attached"
DEGRADED=$(jq -n "$(degraded_s) - $DEGRADED_BEFORE")
holds "the time without it is counted ($DEGRADED s)" "$DEGRADED >= 9 && $DEGRADED <= 16"

kill -KILL "$SCHEDD"
check "killed: the kernel's own class has the tasks within 2 s" wait_until 2 detached
wait "$SCHEDD" 2>/dev/null
begin "no hog is with sched_ext"
LEFT=$(for pid in "${HOGS[@]}"; do in_ext "$pid" && echo "$pid"; done)
if [ -z "$LEFT" ]; then pass; else fail "$LEFT"; fi
mapfile -t BEFORE < <(run_all)
sleep 2
mapfile -t AFTER < <(run_all)
holds "they go on there" "$(for i in 0 1 2 3 4 5 6 7; do echo $((AFTER[i] - BEFORE[i])); done | sort -n | head -1) > 200000000"
start_schedd
check "a new one has them all" in_ext "${HOGS[0]}"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
