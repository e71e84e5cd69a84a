#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The other policy, fifo, schedules the machine, too.
# guest: cpus=4 mem=2G timeout=150 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

start_schedd --policy=fifo
is "it says so" "$(status .policyKind)" fifo
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
check "stress-ng ends well" stress-ng --cpu 4 --fork 2 --pipe 2 --switch 2 --timeout 5s
stays_attached "still attached"
is "all the time" "$(cat /sys/kernel/sched_ext/enable_seq)" "$SEQ"
holds "it decided" "$(status .counters.decidedRunCount) > 100"
# In turns, whatever their weights: by weight the first would get 90 %.
hog taskset -c 1
FIRST=$HOG
hog taskset -c 1
renice -n 10 -p "$HOG" >/dev/null
sleep 1
near "percent of the first" "$(share 6 "$FIRST" "$HOG")" 50 5
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "the state is disabled" detached
finish
