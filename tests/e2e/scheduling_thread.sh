#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The scheduling thread allocates nothing and takes no page fault once attached, whatever goes on around it. What schedd says that it
# costs is what the kernel says: page faults, CPU time and context switches are also read here, from the kernel's files.
# guest: cpus=4 mem=2G timeout=180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

scheduling_tid() { grep -lx schedd-sched "/proc/$SCHEDD/task/"*/comm | cut -d/ -f5; }
# Minor and major faults: fields 10 and 12 of stat (proc(5)), the 8th and 10th behind the name in parentheses.
faults() { sed 's/.*) //' "/proc/$SCHEDD/task/$TID/stat" | cut -d' ' -f8,10; }
# CPU time of all threads of schedd, in seconds: user and system, fields 14 and 15 of stat, in hundredths.
daemon_cpu() { sed 's/.*) //' "/proc/$SCHEDD/stat" | awk '{ print ($12 + $13) / 100 }'; }
# Context switches of the scheduling thread: the word is voluntary or nonvoluntary.
switches() { awk -v name="$1_ctxt_switches:" '$1 == name { print $2 }' "/proc/$SCHEDD/task/$TID/status"; }

start_schedd
TID=$(scheduling_tid)
BEFORE=$(faults)
PASSES=$(status .counters.passCount)
CPU_BEFORE=$(daemon_cpu)
CPU_TOLD_BEFORE=$(status '.daemonCpuDuration | rtrimstr("s")')
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

# What it costs. The kernel's files are read before and after.
CPU_AFTER=$(daemon_cpu) VOLUNTARY=$(switches voluntary) INVOLUNTARY=$(switches nonvoluntary)
ctl status -o json >/tmp/cost
cost() { jq -r "$1" /tmp/cost; }
CPU_TOLD=$(cost '.daemonCpuDuration | rtrimstr("s")') CPU_SCHEDULING=$(cost '.schedulingCpuDuration | rtrimstr("s")')
VOLUNTARY_TOLD=$(cost .counters.schedulingVoluntarySwitchCount) INVOLUNTARY_TOLD=$(cost .counters.schedulingInvoluntarySwitchCount)
# What schedd uses to answer lies in between.
near "CPU time of schedd under load, in seconds" "$(awk -v a="$CPU_TOLD" -v b="$CPU_TOLD_BEFORE" 'BEGIN { print a - b }')" \
  "$(awk -v a="$CPU_AFTER" -v b="$CPU_BEFORE" 'BEGIN { print a - b }')" 0.5
holds "the scheduling thread's is a part of it: $CPU_SCHEDULING of $CPU_TOLD s" "0 < $CPU_SCHEDULING && $CPU_SCHEDULING <= $CPU_TOLD + 0.001"
# It slept a few times before the dispatcher was attached; those are not told.
holds "its voluntary context switches: told $VOLUNTARY_TOLD, the kernel had $VOLUNTARY before" \
  "$VOLUNTARY_TOLD > 0 && $VOLUNTARY_TOLD >= $VOLUNTARY - 200 && $VOLUNTARY_TOLD <= $(switches voluntary)"
holds "its involuntary context switches: told $INVOLUNTARY_TOLD, the kernel had $INVOLUNTARY before" \
  "$INVOLUNTARY_TOLD >= 0 && $INVOLUNTARY_TOLD >= $INVOLUNTARY - 200 && $INVOLUNTARY_TOLD <= $(switches nonvoluntary)"
holds "all threads together have more of both" "$(cost .counters.daemonVoluntarySwitchCount) >= $VOLUNTARY_TOLD" \
  "&& $(cost .counters.daemonInvoluntarySwitchCount) >= $INVOLUNTARY_TOLD"
LATENCIES=$(cost .counters.decisionLatencyCount) DECIDED=$(cost .counters.decidedRunCount) LEASED=$(cost .counters.leasedWaitCount)
P50=$(cost .counters.decisionLatencyP50Nanos) P99=$(cost .counters.decisionLatencyP99Nanos)
MEAN=$(cost .counters.decisionLatencyMeanNanos) MAX=$(cost .counters.decisionLatencyMaxNanos)
note "$LATENCIES decision latencies: p50 $P50, p99 $P99, mean $MEAN, max $MAX ns"
# Every decided run is one, but those under a lease; a few of these may begin while the counters are read.
holds "decided runs have a decision latency: $LATENCIES of $DECIDED, $LEASED wakeups under a lease" \
  "$LATENCIES > 500 && $LATENCIES <= $DECIDED && $LATENCIES >= $DECIDED - $LEASED - 1000"
holds "its figures are in order" "0 < $P50 && $P50 <= $P99 && $P99 <= $MAX && 0 < $MEAN && $MEAN <= $MAX"
# The kernel's watchdog ends a scheduler that lets a task wait for 5 s.
holds "nobody waited for longer than the watchdog allows" "$MAX < 5500000000"
check "schedctl status tells people" eval 'ctl status | grep -Eq "^decision latency p50/p99 +[0-9.]+[^ ]+ / [0-9.]+[^ ]+ \(mean "'

note "passes $(status .counters.passCount), decisions $(status .counters.decisionCount), faults since its start $AFTER"
begin "its memory is locked"
if [ "$(awk '/^VmLck/ { print $2 }' "/proc/$SCHEDD/status")" -gt 10000 ]; then pass; else fail "$(grep Vm "/proc/$SCHEDD/status")"; fi
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
