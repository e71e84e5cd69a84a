#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# CPUs that go offline and come back under load.
# guest: cpus=4 mem=2G timeout=400 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

TIMES=$(usually 9 thorough 100)
online() { cat /sys/devices/system/cpu/online; }
set_cpu() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online"; }

start_schedd
for _ in 1 2 3 4 5 6; do hog env; done
# Two that may run on one of the CPUs only, and tasks that wake.
hog taskset -c 2
hog taskset -c 3
switch_and_pipe
sleep 1
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
mapfile -t BEFORE < <(for pid in "${HOGS[@]}"; do run_ns "$pid"; done)
REFUSED=0 BEGUN=$(now_ms)
for ((i = 0; i < TIMES; i++)); do
  cpu=$((i % 3 + 1))
  set_cpu "$cpu" 0 || REFUSED=$((REFUSED + 1))
  attached || break
  set_cpu "$cpu" 1 || REFUSED=$((REFUSED + 1))
  attached || break
done
note "$i times offline and online in $(($(now_ms) - BEGUN)) ms"
is "times offline and online" "$i" "$TIMES"
is "changes that the kernel refused" "$REFUSED" 0
stays_attached "attached"
is "all the time" "$(cat /sys/kernel/sched_ext/enable_seq)" "$SEQ"
is "all CPUs are back" "$(online)" 0-3
mapfile -t MIDDLE < <(for pid in "${HOGS[@]}"; do run_ns "$pid"; done)
STUCK=$(for i in "${!HOGS[@]}"; do [ $((MIDDLE[i] - BEFORE[i])) -gt 100000000 ] || echo "${HOGS[i]}"; done)
is "tasks that got nowhere" "$STUCK" ""
# All but one away at the same time.
for cpu in 1 2 3; do set_cpu "$cpu" 0; done
is "one CPU is left" "$(online)" 0
sleep 3
mapfile -t LAST < <(for pid in "${HOGS[@]}"; do run_ns "$pid"; done)
STUCK=$(for i in "${!HOGS[@]}"; do [ $((LAST[i] - MIDDLE[i])) -gt 50000000 ] || echo "${HOGS[i]}"; done)
is "tasks that got nowhere on it" "$STUCK" ""
check "the daemon answers" ctl status
for cpu in 1 2 3; do set_cpu "$cpu" 1; done
sleep 1
RUN=$(status .counters.runTimeNanos)
sleep 2
holds "all four are used again" "$(status .counters.runTimeNanos) - $RUN > 4e9"
end_hogs
stays_attached "still attached"
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
# Attached while some are offline.
set_cpu 3 0
start_schedd
hog env
sleep 1
set_cpu 3 1
hog taskset -c 3
sleep 1
holds "a CPU that comes later is used" "$(run_ns "$HOG") > 1e8"
stays_attached "attached"
end_hogs
stop_schedd
finish
