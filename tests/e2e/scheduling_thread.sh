#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The scheduling thread allocates nothing and takes no page fault once attached, whatever goes on around it.
# Page faults are also read here, from the kernel's file of that thread.
# guest: cpus=4 mem=2G timeout=180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

scheduling_tid() { grep -lx schedd-sched "/proc/$SCHEDD/task/"*/comm | cut -d/ -f5; }
# Minor and major faults: fields 10 and 12 of stat (proc(5)), the 8th and 10th behind the name in parentheses.
faults() { sed 's/.*) //' "/proc/$SCHEDD/task/$TID/stat" | cut -d' ' -f8,10; }

start_schedd
TID=$(scheduling_tid)
BEFORE=$(faults)
PASSES=$(status .counters.passCount)
# Many tasks at once, tasks that come and go, changes of everything that can change, and readers.
stress-ng --cpu 4 --fork 2 --pipe 2 --switch 2 --timeout 12s >/dev/null 2>&1 &
LOAD=$!
ctl task watch -o json --interval 500ms --count 10 >/dev/null &
WATCH=$!
hog env
for weight in 10 1000 100; do
  ctl task boost --tgid "$HOG" --weight "$weight" --ttl 2s -q
  ctl policy set "base_slice=${weight}00us" max_slice=100ms starvation_bound=600ms -q
done
hackbench --pipe --groups 2 --loops 50 >/dev/null
wait "$LOAD" "$WATCH"
AFTER=$(faults)
holds "it worked meanwhile" "$(status .counters.passCount) - $PASSES > 1000 && $(status .counters.decisionCount) > 1000"
is "page faults by the kernel's file (minor major)" "$AFTER" "$BEFORE"
is "page faults by the counter" "$(status .counters.schedulingPageFaultCount)" 0
is "allocations by the counter" "$(status .counters.schedulingAllocationCount)" 0
note "passes $(status .counters.passCount), decisions $(status .counters.decisionCount), faults since its start $AFTER"
begin "its memory is locked"
if [ "$(awk '/^VmLck/ { print $2 }' "/proc/$SCHEDD/status")" -gt 10000 ]; then pass; else fail "$(grep Vm "/proc/$SCHEDD/status")"; fi
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
