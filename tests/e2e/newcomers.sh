#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One CPU for tasks of very different weights, and a real-time task that takes it again and again, for longer than the daemon may be
# late: the dispatcher itself runs those that starve. Who is new then should get its share at once, all the same.
# guest: cpus=1 mem=1G timeout=600 thorough=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

# CPU time of each hog so far, all looked at in the same moment: by builtins alone. A subshell would be a task that waits for its turn.
look() {
  local pid ns
  RAN=()
  for pid in "${HOGS[@]}"; do
    read -r ns _ <"/proc/$pid/schedstat"
    RAN+=("$ns")
  done
}

exec {NEVER}<> <(:)
pause() { read -rt "$1" -u "$NEVER"; }

start_schedd
WEIGHTS=(1 20 50 150 400 1000) TOTAL=100 # and the new one
for weight in "${WEIGHTS[@]}"; do
  hog env
  ctl task boost --tgid "$HOG" --weight "$weight" >/dev/null
  TOTAL=$((TOTAL + weight))
done
# This script goes before what it watches; what it starts does not.
chrt --fifo --reset-on-fork -p 30 $$
# shellcheck disable=SC2016 # their own variables
chrt --fifo 20 bash -c 'while :; do
  end=$((${EPOCHREALTIME/./} + 100000))
  while [ "${EPOCHREALTIME/./}" -lt "$end" ]; do :; done
  sleep 0.05
done' &
TAKER=$!
sleep 6
counters /tmp/before
WATCH_S=6 LEAST=100
for _ in $(seq "$(usually 5 thorough 20)"); do
  hog env
  look
  BEFORE=("${RAN[@]}")
  pause "$WATCH_S"
  look
  ALL=0
  for i in "${!RAN[@]}"; do ALL=$((ALL + RAN[i] - BEFORE[i])); done
  GOT=$((RAN[-1] - BEFORE[-1]))
  # Of what all of them had meanwhile.
  PERCENT=$((100 * GOT * TOTAL / 100 / ALL))
  note "a new one had $((GOT / 1000000)) of $((ALL / 1000000)) ms: $PERCENT % of its share"
  [ "$PERCENT" -ge "$LEAST" ] || LEAST=$PERCENT
  kill -KILL "$HOG"
  wait "$HOG" 2>/dev/null
  unset 'HOGS[-1]'
done
counters /tmp/after
kill "$TAKER"
note "degraded for $(alone_ms /tmp/before /tmp/after) ms; $(grown urgentDecisionCount /tmp/before /tmp/after) urgent decisions"
holds "the dispatcher was alone now and then" "$(alone_ms /tmp/before /tmp/after) > 100"
holds "each new one got at least 60 % of its share in its first $WATCH_S s: $LEAST %" "$LEAST >= 60"
stays_attached "attached"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
