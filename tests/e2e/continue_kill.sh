#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A daemon that was stopped for seconds, went on, and is killed soon after: the queue is alone twice, and in between the engine's
# virtual time was seconds behind the queue's. Whoever wakes then is not put behind all that ran meanwhile.
# guest: cpus=4 mem=2G timeout=180 thorough=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

start_schedd --watchdog-timeout=5s --orphan-timeout=2m
for _ in 1 2 3 4 5 6; do hog env; done
kill -STOP "$SCHEDD"
sleep 7
kill -CONT "$SCHEDD"
sleep 3
mkfifo /tmp/nothing
exec 7<>/tmp/nothing
kill -KILL "$SCHEDD"
# This shell sleeps and wakes, and starts nothing that would have to wait, too.
LONGEST_MS=0
for ((i = 0; i < 60; i++)); do
  BEGUN=$((${EPOCHREALTIME//[.,]/} / 1000 ))
  read -rt 0.05 -u 7
  TOOK=$((${EPOCHREALTIME//[.,]/} / 1000 - BEGUN ))
  [ "$TOOK" -le "$LONGEST_MS" ] || LONGEST_MS=$TOOK
done
wait "$SCHEDD" 2>/dev/null
holds "the longest of 60 sleeps of 50 ms: $LONGEST_MS ms <= 1.5 s" "$LONGEST_MS <= 1500"
stays_attached "and the kernel's watchdog, which wakes like others, finds nobody stuck"
end_hogs
finish
