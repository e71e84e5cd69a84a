#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The scheduling thread loops and does nothing else: as if schedd were stopped, but it takes a CPU besides.
# guest: cpus=4 mem=2G timeout=300 thorough=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

# Real-time: else its own wait would be measured.
decisions() { chrt -f 10 schedctl --timeout 30s status -o json | jq -r .counters.decisionCount; }

BUSY_S=$(usually 6 thorough 20)
allow_faults
start_schedd --watchdog-timeout=5s
for _ in 1 2 3 4 5 6 7 8; do hog env; done
switch_and_pipe
sleep 2
read -r P99_NORMAL MAX_NORMAL < <(probe 6)
counters /tmp/before

inject busy
BEGUN=$(now_ms)
probe $((BUSY_S - 1)) >/tmp/degraded &
PROBE=$!
SLOWEST=$(slowest_run "$BUSY_S")
wait "$PROBE"
stays_attached "looping for $BUSY_S s, with a watchdog of 5 s: still attached"
BEFORE=$(decisions)
inject none
ENDED=$(now_ms)
# Decided or not at the time of a look: one that begins later than 1 s after the loop must find new decisions.
while :; do
  AGE_MS=$(($(now_ms) - ENDED))
  AGAIN=$(($(decisions) - BEFORE))
  [ "$AGAIN" = 0 ] && [ "$AGE_MS" -lt 1000 ] || break
done
holds "it decides again within 1 s: $AGAIN decisions, seen $(($(now_ms) - ENDED)) ms after the loop by a look that began after $AGE_MS ms" "$AGAIN > 0"
LASTED_MS=$((ENDED - BEGUN))
counters /tmp/after
read -r P99 MAX </tmp/degraded
note "the slowest of 8 hogs ran $((SLOWEST / 1000000)) ms in $BUSY_S s on 4 CPUs, beside stress-ng and the loop"
holds "each hog went on: at least a tenth of a CPU" "$SLOWEST > 1e8 * $BUSY_S"
note "wakeup delay, us: normal p99 $P99_NORMAL max $MAX_NORMAL; meanwhile p99 $P99 max $MAX"
holds "wakeups stay quick: p99 $P99 us <= 2 x $P99_NORMAL us + 20 ms" "$P99 <= 2 * $P99_NORMAL + 20000"
# From the first event that was not sent to the first pass after the loop.
DEGRADED_MS=$(alone_ms /tmp/before /tmp/after)
note "it looped for $LASTED_MS ms; the dispatcher was alone for $DEGRADED_MS ms, with $(grown degradedRunCount /tmp/before /tmp/after) runs"
holds "the time is counted" "$DEGRADED_MS >= $LASTED_MS - 1000"
holds "so are the runs" "$(grown degradedRunCount /tmp/before /tmp/after) > 100"
holds "and goes on" "$(decisions) > $BEFORE + 50"

# Who ends it while it loops gets the machine back; the process itself has to be killed.
inject busy
sleep 1
BEGUN=$(now_ms)
kill -TERM "$SCHEDD"
check "SIGTERM: detached within 2 s" wait_until 2 detached
note "detached $(($(now_ms) - BEGUN)) ms after SIGTERM"
inject none
wait "$SCHEDD"
is "and it ends when the loop does: exit code" "$?" 0
end_hogs
finish
