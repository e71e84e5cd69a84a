#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# sched_yield(): a task that nobody waits for goes on at once, and no slice is ended for it; one that somebody waits for gives way.
# guest: cpus=2 mem=1G timeout=120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

start_schedd
counters /tmp/before
YIELDS=$(taskset -c 1 yields 3)
counters /tmp/after
REFILLS=$(grown refilledSliceCount /tmp/before /tmp/after)
note "alone: $YIELDS yields, $REFILLS slices given"
holds "it yielded" "$YIELDS > 1000"
holds "nobody waits: few slices are ended for it" "$REFILLS * 10 < $YIELDS"

# As heavy as the task that yields.
hog taskset -c 1
counters /tmp/before
RAN=$(run_ns "$HOG") BEGUN=$(now_ms)
YIELDS=$(taskset -c 1 yields 4)
SHARE=$((($(run_ns "$HOG") - RAN) / 10000 / ($(now_ms) - BEGUN)))
counters /tmp/after
REFILLS=$(grown refilledSliceCount /tmp/before /tmp/after)
note "beside an endless loop on the same CPU: $YIELDS yields, $REFILLS slices given, the loop got $SHARE % of the CPU"
holds "somebody waits: its slice ends, and who comes first is chosen anew" "$REFILLS * 2 > $YIELDS"
holds "it got its half at least" "$SHARE >= 45"
end_hogs
stays_attached "attached"
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
finish
