#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Somebody uses the API against the machine: the largest weight for one task, the least for all others, and 200 clients that
# call without a pause. The API answers, and nobody waits longer than the starvation bound.
# guest: cpus=4 mem=2G timeout=400 icount=yes thorough=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

CLIENTS=200 FLOOD_S=$(usually 8 thorough 60)
BOUND_MS=500 # starvation_bound; the longest slice is 40 ms and ends at a tick
TURN_US=900  # of the least slice, 1 ms: the kernel's account of a turn and the dispatcher's differ by the switch

start_schedd
hog env
LARGE=$HOG
for _ in 1 2 3; do hog env; done
ctl task boost --uid 0 --weight 1 --id all -q >/dev/null
ctl task boost --tgid "$LARGE" --weight 10000 --id one -q >/dev/null
is "one has weight 10000" "$(ctl task get "$LARGE" -o json | jq .weight)" 10000
is "the next one has 1" "$(ctl task get "$HOG" -o json | jq .weight)" 1
counters /tmp/before
RUN=$(run_ns "$LARGE")
waits "$FLOOD_S" 8 "$TURN_US" >/tmp/waits &
WAITS=$!
sleep 1
flood "unix:$SOCKET" "$CLIENTS" $((FLOOD_S - 2)) 0 >/tmp/flood &
FLOOD=$!
# One that calls now and then, again when the limit that all share refused it. Real-time, so that it measures the daemon and not its own wait with weight 1.
chrt -f 10 flood "unix:$SOCKET" 1 $((FLOOD_S - 2)) 50 >/tmp/calm
wait "$WAITS" "$FLOOD"
RUN=$(($(run_ns "$LARGE") - RUN))
counters /tmp/after
note "$CLIENTS clients without a pause: $(cat /tmp/flood) (answered refused failed p50 p99 max, ms)"
note "one with pauses: $(cat /tmp/calm)"
note "longest waits of 8 tasks with weight 1, ms: $(cut -d' ' -f1 /tmp/waits | xargs); without an instruction executed: $(cut -d' ' -f2 /tmp/waits | xargs)"
note "the one with 10000 had $((RUN / 1000000)) ms in $FLOOD_S s; urgent decisions $(grown urgentDecisionCount /tmp/before /tmp/after)"
read -r ANSWERED REFUSED FAILED _ P99 _ </tmp/calm
holds "who calls now and then is answered" "$ANSWERED > 20 && $REFUSED + $FAILED == 0"
holds "within 250 ms: p99 $P99 ms" "$P99 < 250"
LONGEST=$(head -1 /tmp/waits | cut -d' ' -f1)
holds "nobody waits beyond the starvation bound and a slice: $LONGEST ms" "$LONGEST <= $BOUND_MS + 40 + 4"
stays_attached "still attached"
check "the daemon still takes changes" ctl task unboost --all
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
