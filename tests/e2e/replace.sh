#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# schedd --replace: an upgrade without a detach.
# guest: cpus=4 mem=2G timeout=300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

TIMES=$(usually 3 thorough 20)
start_schedd
for _ in 1 2 3 4 5 6; do hog env; done
switch_and_pipe
sleep 1
read -r P99_BEFORE MAX_BEFORE < <(probe 8)
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
probe $((TIMES * 2 + 4)) >/tmp/during &
PROBE=$!
FIRST=$SCHEDD FAILED=0 LOST=0 LONGEST_MS=0
for ((i = 0; i < TIMES; i++)); do
  OLD=$SCHEDD
  BEGUN=$(now_ms)
  schedd --replace 2>>"$SCHEDD_LOG" &
  SCHEDD=$!
  wait "$OLD" || FAILED=$((FAILED + 1))
  attached || LOST=$((LOST + 1))
  wait_until 20 ctl status || break
  TOOK=$(($(now_ms) - BEGUN))
  [ "$TOOK" -le "$LONGEST_MS" ] || LONGEST_MS=$TOOK
done
is "replaced, times" "$i" "$TIMES"
is "the old ones that ended with another code than 0" "$FAILED" 0
is "times that it was found detached" "$LOST" 0
is "it was enabled once" "$(cat /sys/kernel/sched_ext/enable_seq)" "$SEQ"
note "from the start of the new one until it answers: at most $LONGEST_MS ms"
wait "$PROBE"
read -r P99 MAX </tmp/during
note "wakeup delay of the probe, us: before p99 $P99_BEFORE max $MAX_BEFORE; meanwhile p99 $P99 max $MAX"
holds "wakeups are not harmed: p99 $P99 us <= 2 x $P99_BEFORE us + 20 ms" "$P99 <= 2 * $P99_BEFORE + 20000"
check "the last one serves" ctl status
check "the first one is gone" eval "! kill -0 $FIRST 2>/dev/null"
# With nobody to replace it just starts.
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "detached" detached
start_schedd --replace
end_hogs
stop_schedd
is "exit code after SIGTERM, again" "$SCHEDD_EXIT" 0
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
finish
