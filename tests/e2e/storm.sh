#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Tasks that come and go by the thousand: none is refused, none is stuck, no slot is lost.
# guest: cpus=4 mem=3G timeout=300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

FORKS=$(usually 1000 thorough 50000) THREADS=$(usually 200 thorough 2000)
slots() { status .counters.taskCount; }
made() { awk '/^processes/ { print $2 }' /proc/stat; } # threads, too
storm() { # WHAT NUMBER ARGUMENT…: of stress-ng
  local what="$1" number="$2" begun made_before
  shift 2
  begun=$(now_ms) made_before=$(made)
  check "$number $what" stress-ng "$@" --timeout 600s
  is "none failed" "$(grep -c 'unsuccessful run\|fork failed' <<<"$OUTPUT")" 0
  holds "that many were made, in $(($(now_ms) - begun)) ms" "$(made) - $made_before >= $number"
}
few_slots() { [ "$(slots)" -le "$1" ]; }

start_schedd
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
BEFORE=$(slots)
RSS_BEFORE=$(awk '/^VmRSS/ { print $2 }' "/proc/$SCHEDD/status")
# CPUs that are never idle, but for the storm.
for _ in 1 2 3 4; do hog nice -n 19; done
storm "short tasks" "$FORKS" --fork 4 --fork-ops "$FORKS"
storm "threads, made and ended in a loop" "$THREADS" --pthread 2 --pthread-ops "$THREADS"
end_hogs
check "no slot is lost" wait_until 10 few_slots $((BEFORE + 8))
RSS=$(awk '/^VmRSS/ { print $2 }' "/proc/$SCHEDD/status")
holds "nor memory of the daemon ($RSS_BEFORE kB before, $RSS kB now)" "$RSS < $RSS_BEFORE + 8192"
stays_attached "attached"
is "all the time" "$(cat /sys/kernel/sched_ext/enable_seq)" "$SEQ"
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0

# More tasks than slots: the guest alone has more than 64.
start_schedd --max-tasks=64
for _ in 1 2 3 4 5 6; do hog env; done
check "tasks without a slot end well" stress-ng --switch 4 --pipe 4 --fork 2 --timeout 5s
holds "how many there were is counted" "$(status .counters.tableFullCount) > 0"
# Exactly: tasks that sleep, forked by this shell. The calls that read the counter fork some, too.
SLEEPERS=()
exec 9<> <(:)
counters /tmp/before
for ((i = 0; i < 300; i++)); do
  (read -r -u 9 && echo ran >>/tmp/ran) &
  SLEEPERS+=("$!")
done
counters /tmp/after
FULL=$(grown tableFullCount /tmp/before /tmp/after)
holds "each of them is counted ($FULL with those of the calls)" "$FULL >= 300 && $FULL <= 340"
is "the table is full and no fuller" "$(jq -r .taskCount /tmp/after)" 64
for ((i = 0; i < 300; i++)); do echo >&9; done
wait "${SLEEPERS[@]}"
# A fork that is refused would also have ended this script.
is "each of them was made and ran, of 300" "$(wc -l </tmp/ran)" 300
holds "and each hog runs, with a slot or without" "$(slowest_run 3) > 1e8"
stays_attached "attached with a full table"
end_hogs
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
stop_schedd
is "exit code after SIGTERM, again" "$SCHEDD_EXIT" 0
finish
