#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The machine never waits for the daemon: stopped for longer than the watchdog's time, tasks go on.
# guest: cpus=4 mem=2G timeout=240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

decisions() { status .counters.decisionCount; }
degraded_s() { status .counters.degradedDuration | tr -d s; }
metric() {
  exec 3<>/dev/tcp/127.0.0.1/9650
  printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
  awk -v name="$1" '$1 == name { print int($2) }' <&3
}
more_than() { [ "$(decisions)" -gt "$1" ]; }

STOPPED_S=$(usually 9 thorough 30)
start_schedd --watchdog-timeout=5s --metrics-address=127.0.0.1:9650
for _ in 1 2 3 4 5 6 7 8; do hog env; done
switch_and_pipe
sleep 2
read -r P99_NORMAL MAX_NORMAL < <(probe 6)
DEGRADED_BEFORE=$(degraded_s)

kill -STOP "$SCHEDD"
STOPPED=$(now_ms)
probe $((STOPPED_S - 2)) >/tmp/degraded &
PROBE=$!
SLOWEST=$(slowest_run "$STOPPED_S")
stays_attached "stopped for $STOPPED_S s, with a watchdog of 5 s: still attached"
note "the slowest of 8 hogs ran $((SLOWEST / 1000000)) ms in $STOPPED_S s on 4 CPUs, beside stress-ng"
holds "each hog went on: at least a tenth of a CPU" "$SLOWEST > 1e8 * $STOPPED_S"
wait "$PROBE"
read -r P99 MAX </tmp/degraded
note "wakeup delay, us: normal p99 $P99_NORMAL max $MAX_NORMAL; degraded p99 $P99 max $MAX"
holds "wakeups stay quick: p99 $P99 us <= 2 x $P99_NORMAL us + 20 ms" "$P99 <= 2 * $P99_NORMAL + 20000"
kill -CONT "$SCHEDD"
CONTINUED=$(now_ms)
check "continued, it answers" ctl status
DECISIONS=$(decisions)
check "decisions go on" wait_until 10 more_than $((DECISIONS + 50))
stays_attached "still attached"
DEGRADED=$(jq -n "$(degraded_s) - $DEGRADED_BEFORE")
STOPPED_FOR=$(jq -n "($CONTINUED - $STOPPED) / 1000")
# The engine ends the degraded time with its first pass. Asking schedctl for it would measure schedctl, among all these hogs.
holds "it decides again within 1 s of SIGCONT: stopped for $STOPPED_FOR s, degraded for $DEGRADED s" \
  "$DEGRADED - $STOPPED_FOR <= 1 && $STOPPED_FOR - $DEGRADED <= 1"
SECONDS_TOLD=$(metric schedd_degraded_seconds_total)
SECONDS_ALL=$(jq -n "$DEGRADED + $DEGRADED_BEFORE | floor")
# In whole seconds, and asked later.
holds "the metrics tell the degraded time, too: ${SECONDS_TOLD:-nothing}" "$SECONDS_TOLD >= $SECONDS_ALL && $SECONDS_TOLD <= $SECONDS_ALL + 1"
holds "and the runs in it" "$(metric schedd_degraded_runs_total) > 100"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
finish
