#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# sched_yield(): a task that nobody waits for goes on at once, and no slice is ended for it; one that somebody waits for gives way.
# guest: cpus=2 mem=1G timeout=120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

involuntary() { sed -n "s/^nonvoluntary_ctxt_switches:[[:space:]]*//p" "/proc/$1/status"; }

start_schedd
counters /tmp/before
YIELDS=$(taskset -c 1 yields 3)
counters /tmp/after
REFILLS=$(grown refilledSliceCount /tmp/before /tmp/after)
note "alone: $YIELDS yields, $REFILLS slices given"
holds "it yielded" "$YIELDS > 1000"
holds "nobody waits: few slices are ended for it" "$REFILLS * 10 < $YIELDS"

# As heavy as the task that yields, whose slice is four times as long: by slices alone the loop would get the CPU every 80 ms or so.
hog taskset -c 1
ctl task boost --comm yields --slice 40ms >/dev/null
counters /tmp/before
RAN=$(run_ns "$HOG") TURNS=$(involuntary "$HOG") BEGUN=$(now_ms)
YIELDS=$(taskset -c 1 yields 4)
TURNS=$(($(involuntary "$HOG") - TURNS))
SHARE=$((($(run_ns "$HOG") - RAN) / 10000 / ($(now_ms) - BEGUN)))
counters /tmp/after
REFILLS=$(grown refilledSliceCount /tmp/before /tmp/after)
note "beside an endless loop on the same CPU: $YIELDS yields, $REFILLS slices given, the loop got $SHARE % of the CPU in $TURNS turns"
holds "it gives way as soon as the loop comes first by its deadline" "$TURNS > 90"
holds "the loop got its half at least" "$SHARE >= 45"
holds "while nobody new comes, it is not asked each time who is first" "$REFILLS * 10 < $YIELDS"
end_hogs
stays_attached "attached"
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
finish
