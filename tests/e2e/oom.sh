#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Memory runs out until the kernel kills: schedd goes on, and its scheduling thread takes no page fault.
# dmesg=any: the kernel prints a call trace with each kill.
# guest: cpus=4 mem=1G timeout=180 dmesg=any beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

MOVES=$(cat /proc/sys/vm/compact_unevictable_allowed)
OOM_S=$(usually 10 thorough 60)
kills() { dmesg | grep -c 'Out of memory: Killed process'; }

start_schedd
TID=$(grep -lx schedd-sched "/proc/$SCHEDD/task/"*/comm | cut -d/ -f5)
faults() { sed 's/.*) //' "/proc/$SCHEDD/task/$TID/stat" | cut -d' ' -f8,10; }
is "the kernel moves no locked pages" "$(cat /proc/sys/vm/compact_unevictable_allowed)" 0
is "the kernel takes others first" "$(cat "/proc/$SCHEDD/oom_score_adj")" -999
SWEEPER=$(grep -lsx sched-sweeper /proc/[0-9]*/comm | cut -d/ -f3)
is "what it started has no such privilege" "$(cat "/proc/$SWEEPER/oom_score_adj")" 0
hog env
hog env
BEFORE=$(faults)
counters /tmp/before
# A text that is doubled until somebody is killed for it; two of them, again and again.
END=$((SECONDS + OOM_S))
eat() {
  # shellcheck disable=SC2016 # its own variable
  while [ "$SECONDS" -lt "$END" ]; do bash -c 'text=schedd; while :; do text=$text$text; done'; done
}
eat 2>/dev/null &
EATERS=("$!")
eat 2>/dev/null &
EATERS+=("$!")
wait "${EATERS[@]}"
counters /tmp/after
note "$(kills) tasks were killed; free at the end: $(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) kB"
holds "the kernel ran out of memory" "$(kills) > 0"
is "none of the killed was schedd" "$(dmesg | grep 'Killed process' | grep -c '(sched')" 0
check "schedd lives" kill -0 "$SCHEDD"
is "page faults of the scheduling thread by the kernel's file (minor major)" "$(faults)" "$BEFORE"
is "by the counter" "$(status .counters.schedulingPageFaultCount)" 0
holds "it decided meanwhile" "$(grown decisionCount /tmp/before /tmp/after) > 100"
stays_attached "still attached"
is "never thrown out" "$(status '.lastExit // "none"')" none
check "it takes changes" ctl policy set base_slice=8ms
is "no warning in the kernel log" "$(dmesg | grep -E 'WARNING|BUG:|stall')" ""
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
is "what it changed is as it was" "$(cat /proc/sys/vm/compact_unevictable_allowed)" "$MOVES"
finish
