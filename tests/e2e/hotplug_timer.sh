#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The CPU that the dispatcher's own timer runs on goes offline, time and again. Its last task often leaves it from afar, when
# it idles already: somebody has to tell it that it is empty, or the kernel waits for it for ever.
# guest: cpus=4 mem=2G timeout=200 beside=yes smoke=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

TIMES=$(usually 4 thorough 20)
SECONDS_ALLOWED=15 # one takes some 0.1 to 0.8 s

# The timer stays on the CPU that armed it first. Nothing if the kernel does not tell.
timer_cpu() { awk '/^cpu:/ {cpu = $2} /bpf_timer_cb/ {print cpu; exit}' /proc/timer_list; }
set_cpu() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online"; }

if btf_is_defective; then
  begin "offline" && skip "no sched_ext scheduler can be loaded on this build of the kernel: its BTF is defective"
  finish
fi
DONE=0
for ((i = 0; i < 3 * TIMES && DONE < TIMES; i++)); do
  # CPU 0 is the busiest: the timer should be on one that may go offline.
  hog taskset -c 0 && hog taskset -c 0 && hog env && hog env
  start_schedd
  CPU=$(timer_cpu)
  note "the timer is on CPU ${CPU:-?}"
  if [ "${CPU:-0}" != 0 ]; then
    for _ in 1 2 3 4 5 6; do hog env; done
    switch_and_pipe
    sleep 0.5
    BEGUN=$(now_ms)
    set_cpu "$CPU" 0 &
    CHANGE=$!
    check "CPU $CPU goes offline" wait_until "$SECONDS_ALLOWED" eval '! kill -0 "$CHANGE"'
    note "after $(($(now_ms) - BEGUN)) ms"
    # Else every later step would hang, too.
    kill -0 "$CHANGE" 2>/dev/null && finish
    set_cpu "$CPU" 1
    DONE=$((DONE + 1))
  fi
  end_hogs
  stop_schedd
done
is "times the timer's CPU went offline" "$DONE" "$TIMES"
finish
