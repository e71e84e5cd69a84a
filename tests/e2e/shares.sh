#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Weights mean shares of a busy CPU: equal ones, from an override made at run time, and as before when its time is over.
# (nice: classes.sh; cgroups: cgroup_weights.sh.)
# Measured by the kernel's own account of each task's CPU time, not by ours.
# guest: cpus=2 mem=1G timeout=180 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

TTL_S=18
no_override() { [ "$(ctl task overrides -o json | jq '.taskOverrides | length')" = 0 ]; }
weight_of() { ctl task get "$1" -o json | jq .weight; }

start_schedd
# On one CPU; the other is left to schedd and this script.
hog taskset -c 1
FIRST=$HOG
hog taskset -c 1
SECOND=$HOG
sleep 1
near "equal weights: percent of the second" "$(share "$(usually 5 thorough 10)" "$SECOND" "$FIRST")" 50 3

begin "an override gives weight 300 at run time"
BOOSTED_AT=$(now_ms)
if ctl task boost --tgid "$SECOND" --weight 300 --ttl "${TTL_S}s" -o json >/tmp/made &&
  [ "$(jq .matchedTaskCount /tmp/made)" = 1 ]; then pass; else fail "$(cat /tmp/made)"; fi
is "the weight in force is shown" "$(weight_of "$SECOND")" 300
near "weights 100 and 300: percent of the second" "$(share 10 "$SECOND" "$FIRST")" 75 3
check "the override ends by itself" wait_until 30 no_override
LASTED_MS=$(($(now_ms) - BOOSTED_AT))
# Each look costs a second or two on an emulated CPU.
holds "it ended when its time was over ($LASTED_MS ms after it was asked for, TTL $TTL_S s)" \
  "$LASTED_MS >= $TTL_S * 1000 && $LASTED_MS <= $TTL_S * 1000 + 6000"
is "the weight is what it was" "$(weight_of "$SECOND")" 100
near "after it: percent of the second" "$(share 10 "$SECOND" "$FIRST")" 50 3
end_hogs

# Who is due more than a CPU keeps one for itself, slice after slice, and waits for no decision by which a change could reach it.
for _ in 1 2 3; do hog env; done
HEAVY=$HOG LIGHT=${HOGS[0]}
check "one of three hogs is due a CPU" ctl task boost --tgid "$HEAVY" --weight 1000 --ttl 120s
sleep 2
near "it has one: percent of it and one of the others" "$(share 5 "$HEAVY" "$LIGHT")" 66.7 4
check "the override is taken away" ctl task unboost --all
sleep 1
near "it is in force at once: percent of it and one of the others" "$(share 5 "$HEAVY" "$LIGHT")" 50 5
renice -n -20 -p "$HEAVY" >/dev/null
sleep 2
near "by its nice value: percent of it and one of the others" "$(share 5 "$HEAVY" "$LIGHT")" 66.7 4
# Busybox adds the number to what there is.
renice -n 20 -p "$HEAVY" >/dev/null
sleep 1
near "and without: percent of it and one of the others" "$(share 5 "$HEAVY" "$LIGHT")" 50 5
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
