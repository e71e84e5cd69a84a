#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A parameter changed on a loaded machine is in force when the reply says so, soon, and the slices follow.
# guest: cpus=4 mem=2G timeout=180 with=python
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

# Mean slice in ms of the hogs over SECONDS: their run time over the times that the CPU was taken from them.
mean_slice() {
  local before after sum='[.tasks[].stats | [.runTimeNanos, .involuntarySwitchCount | tonumber]] | transpose | map(add)'
  before=$(ctl task list --filter "$HOGS_FILTER" -o json | jq -c "$sum")
  sleep "$1"
  after=$(ctl task list --filter "$HOGS_FILTER" -o json | jq -c "$sum")
  jq -n "$after as \$a | $before as \$b | (\$a[0] - \$b[0]) / (\$a[1] - \$b[1]) / 1e4 | round / 100"
}

start_schedd
for _ in 1 2 3 4 5 6 7 8; do hog env; done
# Two hogs a CPU: one runs, one waits, and base_slice is given unscaled.
HOGS_FILTER=$(printf 'tgid = %s OR ' "${HOGS[@]}")
HOGS_FILTER=${HOGS_FILTER% OR }
sleep 1

begin "schedctl policy set base_slice=5ms: the reply says it is in force"
BEFORE=$(ctl policy get -o json | jq -r .generation)
if ctl policy set base_slice=5ms -o json >/tmp/policy &&
  jq -e --argjson before "$BEFORE" '(.generation | tonumber) > $before and (.appliedGeneration | tonumber) >= (.generation | tonumber)
    and .parameters.baseSlice == "0.005s"' /tmp/policy >/dev/null; then pass; else fail "$(cat /tmp/policy)"; fi
is "it stays so" "$(ctl policy get -o json | jq -r .parameters.baseSlice)" 0.005s

# The client is real-time: else its own wait for a CPU, among the hogs, would be the larger part of what it measures. The median of
# several, for an emulated CPU may be off its own host CPU for longer than the whole call takes.
begin "each change is in force when its reply comes"
chrt -f 10 python3 "$(dirname "$0")/update_latency.py" "unix://$SOCKET" 15 >/tmp/latencies 2>/tmp/latencies.err
if [ "$(awk '$2 >= $1 && $1 > last { good++; last = $1 } END { print good + 0 }' /tmp/latencies)" = 15 ]; then
  pass
else
  fail "$(cat /tmp/latencies /tmp/latencies.err)"
fi
MEDIAN=$(awk '{ print $3 }' /tmp/latencies | median)
note "reply after (ms): $(awk '{ print $3 }' /tmp/latencies | sort -n | xargs)"
holds "and it comes within 100 ms (median $MEDIAN ms)" "$MEDIAN > 0 && $MEDIAN <= 100"

check "base_slice=40ms" ctl policy set base_slice=40ms
sleep 1
LONG=$(mean_slice 4)
check "base_slice=4ms" ctl policy set base_slice=4ms
sleep 1
SHORT=$(mean_slice 4)
# A tick is 4 ms at HZ=250, and a slice ends at a tick.
holds "slices follow: mean $LONG ms at 40 ms, $SHORT ms at 4 ms" "$LONG > 2 * $SHORT"
holds "a short slice is at most three ticks" "$SHORT <= 12"
is "a new decision carries the new slice" \
  "$(ctl task list --filter "$HOGS_FILTER" -o json | jq '[.tasks[] | select(.stats.sliceNanos | tonumber <= 4000000)] | length')" 8
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
