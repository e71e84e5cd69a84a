#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The least that must hold on every kernel with sched_ext: what the other scripts show at length, a few seconds each.
# guest: cpus=4 mem=2G timeout=300 smoke=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"
. "$(dirname "$0")/programs.bash"

decisions() { status .counters.decisionCount; }
more_decisions_than() { [ "$(decisions)" -gt "$1" ]; }
set_cpu() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online"; }

note "kernel $(uname -r)"

# -- a build of the kernel on which no sched_ext scheduler can be loaded --
if btf_is_defective; then
  exits "schedd does not start" 7 schedd
  begin "and says what is wrong, and what to do"
  if grep -q 'BTF) is defective.*scx_bpf_create_dsq.*Boot another kernel' <<<"$OUTPUT"; then pass; else fail "$OUTPUT"; fi
  is "nothing is left behind" "$(find /sys/fs/bpf /run/schedd -mindepth 1 2>/dev/null) $(state)" " disabled"
  begin "the rest" && skip "this build of the kernel cannot load any sched_ext scheduler: its BTF lacks scx_bpf_create_dsq_impl"
  finish
fi

# -- attach --
start_schedd --watchdog-timeout=5s --orphan-timeout=2m
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
check "this shell runs under sched_ext" in_ext $$

# -- what the verifier made of it --
check_budgets

# -- load --
check "stress-ng ends well" stress-ng --cpu 2 --fork 2 --pipe 2 --switch 2 --timeout 5s
holds "the policy decided runs" "$(status .counters.decidedRunCount) > 100"

# -- weights --
hog taskset -c 1
FIRST=$HOG
hog taskset -c 1
SECOND=$HOG
check "an override is made" ctl task boost --tgid "$SECOND" --weight 300 --id kept
sleep 1
near "weights 100 and 300: percent of the second" "$(share 6 "$SECOND" "$FIRST")" 75 5
for _ in 1 2 3 4; do hog env; done

# -- the daemon is stopped --
kill -STOP "$SCHEDD"
SLOWEST=$(slowest_run 7)
stays_attached "stopped for 7 s, with a watchdog of 5 s: still attached"
holds "each hog went on ($((SLOWEST / 1000000)) ms)" "$SLOWEST > 1e8"
kill -CONT "$SCHEDD"
check "continued, it answers" ctl status
check "decisions go on" wait_until 10 more_decisions_than $(($(decisions) + 50))

# -- the daemon is killed, and another one starts --
kill -KILL "$SCHEDD"
wait "$SCHEDD" 2>/dev/null
SLOWEST=$(slowest_run 2)
holds "killed: each hog goes on ($((SLOWEST / 1000000)) ms in 2 s)" "$SLOWEST > 5e7"
schedd --watchdog-timeout=5s --orphan-timeout=2m 2>>"$SCHEDD_LOG" &
SCHEDD=$!
check "the next one adopts it" wait_until 20 grep -q adopted "$SCHEDD_LOG"
is "the override is in force" "$(ctl task get "$SECOND" -o json | jq -r '"\(.weight) \(.taskOverride)"')" "300 taskOverrides/kept"
check "it decides" wait_until 10 more_decisions_than $(($(decisions) + 50))

# -- CPUs go and come --
for cpu in 1 2 3; do set_cpu "$cpu" 0; done
SLOWEST=$(slowest_run 2)
holds "on one CPU each hog goes on ($((SLOWEST / 1000000)) ms in 2 s)" "$SLOWEST > 2e7"
for cpu in 1 2 3; do set_cpu "$cpu" 1; done
is "all CPUs are back" "$(cat /sys/devices/system/cpu/online)" 0-3
RUN=$(status .counters.runTimeNanos)
sleep 2
holds "and used" "$(status .counters.runTimeNanos) - $RUN > 4e9"

# -- detach --
is "it was attached once, and all the time" "$(ops | cut -c1-6) $(cat /sys/kernel/sched_ext/enable_seq)" "schedd $SEQ"
is "the kernel never threw it out" "$(status '.lastExit // "none"')" none
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "the state is disabled" detached
holds "every hog goes on in the kernel's own class" "$(slowest_run 1) > 1e7"
is "nothing is left behind" "$(find /sys/fs/bpf /run/schedd -mindepth 1 2>/dev/null; programs)" ""
end_hogs
finish
