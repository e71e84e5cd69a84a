#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemon is gone, and a task that somebody gave weight 10000 is left beside light ones: nobody waits for long all the same.
# guest: cpus=2 mem=1G timeout=120 thorough=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

BOUND_MS=150 # starvation_bound, by the dispatcher alone

start_schedd --watchdog-timeout=5s --orphan-timeout=2m --set "starvation_bound=${BOUND_MS}ms"
# All on one CPU; the other is this script's.
hog taskset -c 1
ctl task boost --tgid "$HOG" --weight 10000 >/dev/null
HEAVY=$HOG
HOGS_HEAVY=("${HOGS[@]}")
HOGS=()
hog taskset -c 1
renice -n 19 -p "$HOG" >/dev/null
hog taskset -c 1
renice -n 10 -p "$HOG" >/dev/null
sleep 2
kill -KILL "$SCHEDD"
wait "$SCHEDD" 2>/dev/null
BEFORE=$(run_ns "$HEAVY")
WORST=0 WAITED=0
LAST=("" "")
END=$(($(now_ms) + 10000))
# How long each of the light ones stands still.
SINCE=("$(now_ms)" "$(now_ms)")
while NOW=$(now_ms) && [ "$NOW" -lt "$END" ]; do
  for i in 0 1; do
    RUN=$(run_ns "${HOGS[i]}")
    if [ "$RUN" != "${LAST[i]}" ]; then LAST[i]=$RUN SINCE[i]=$NOW; fi
    WAITED=$((NOW - SINCE[i]))
    [ "$WAITED" -le "$WORST" ] || WORST=$WAITED
  done
  sleep 0.05
done
note "the heavy one ran $((($(run_ns "$HEAVY") - BEFORE) / 1000000)) ms in 10 s"
# Looked at each 0.2 s.
# The longest slice, 40 ms, and two looks.
holds "the light ones wait no longer than $BOUND_MS ms and a slice: $WORST ms" "$WORST <= $BOUND_MS + 40 + 100"
stays_attached "attached"
HOGS+=("${HOGS_HEAVY[@]}")
end_hogs
finish
