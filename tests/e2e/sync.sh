#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A task that wakes another one and goes to sleep hands its CPU over: no other CPU is woken. One that does not sleep as it said is
# not waited for.
# guest: cpus=2 mem=1G timeout=120 icount=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

start_schedd
counters /tmp/before
check "two tasks that wake each other" stress-ng --switch 1 --timeout 3s
counters /tmp/after
SYNC=$(grown syncRunCount /tmp/before /tmp/after) IDLE=$(grown idleRunCount /tmp/before /tmp/after)
note "$SYNC wakeups ran in the waker's place, $IDLE on an idle CPU"
# Emulated, a waker needs longer to go to sleep now and then than is waited for it.
holds "many of them hand their CPU over" "$SYNC > 500"

counters /tmp/before
read -r MEDIAN MOST < <(handover 20)
counters /tmp/after
note "a waker that goes on for 40 ms, 20 times: the other one waited $MEDIAN us in the median, $MOST us at most; $(grown syncRunCount /tmp/before /tmp/after) hand-overs"
holds "it was believed before" "$(grown syncRunCount /tmp/before /tmp/after) > 100"
# A tick (4 ms), and what the emulation adds. By its slice it would take 10 ms and a tick.
holds "who was to run in its place waits for a tick, not for its slice" "$MEDIAN < 8000"

counters /tmp/before
check "where every decision is the policy's, none is handed over" ctl policy set placement_mode=all-decisions
counters /tmp/before
check "two tasks that wake each other" stress-ng --switch 1 --timeout 2s
counters /tmp/after
is "hand-overs" "$(grown syncRunCount /tmp/before /tmp/after)" 0
stays_attached "attached"
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
finish
