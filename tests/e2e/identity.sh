#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Process IDs that are used again, and affinities that change: no task carries what was another's.
# guest: cpus=4 mem=2G timeout=600 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

start_schedd
# A task with an override ends, and its process ID goes to another one. Those below 300 are used once only.
NEXT=0
while [ "$NEXT" -lt 310 ]; do
  : &
  NEXT=$!
  wait "$NEXT"
done
hog env
ID=$HOG
ctl task boost --tgid "$ID" --weight 5000 >/dev/null
is "the hog's weight" "$(ctl task list --filter "tid = $ID" -o json | jq '.tasks[0].weight')" 5000
end_hogs
echo 400 >/proc/sys/kernel/pid_max
ROUNDS=0 AGAIN=0 WRONG=0 LAST=0
END=$((SECONDS + 60))
while [ "$AGAIN" -lt 3 ] && [ "$SECONDS" -lt "$END" ]; do
  sleep 30 &
  GOT=$!
  [ "$GOT" -ge "$LAST" ] || ROUNDS=$((ROUNDS + 1))
  LAST=$GOT
  if [ "$GOT" = "$ID" ]; then
    AGAIN=$((AGAIN + 1))
    sleep 0.3 # longer than a search for tasks that match
    [ "$(ctl task list --filter "tid = $ID" -o json | jq '.tasks[0].weight')" = 100 ] || WRONG=$((WRONG + 1))
  fi
  kill "$GOT"
  wait "$GOT" 2>/dev/null
done
note "process IDs began anew $ROUNDS times; $ID was used again $AGAIN times"
holds "the process ID was used again" "$AGAIN >= 1"
is "times that a stranger had the override" "$WRONG" 0
is "the override ended with its process" "$(ctl task overrides -o json 2>/dev/null | jq '.taskOverrides | length')" 0

# The same by the hundred: each time another task has the override, and soon its process ID goes to one of those that come and go.
echo 500 >/proc/sys/kernel/pid_max
# 20 at a time at most: on a slow machine they would take all process IDs, and everyone else could start neither threads nor processes.
(while :; do
  for _ in {1..20}; do (read -r -t 0.2 -u 8) & done
  wait
done) 8<> <(:) 2>/dev/null &
COMERS=$!
forks() { awk '/^processes/ { print $2 }' /proc/stat; }
FORKS=$(forks)
BOOSTED=0 STRANGERS=''
# As many as it takes: how fast an emulated machine forks is nothing to test.
MOST=$(usually 5 thorough 60) MOST_FORKS=$(usually 300 thorough 3000)
END=$((SECONDS + $(usually 60 thorough 300)))
while [ "$SECONDS" -lt "$END" ] && { [ "$BOOSTED" -lt "$MOST" ] || [ $(($(forks) - FORKS)) -le "$MOST_FORKS" ]; }; do
  sleep 30 &
  GOT=$!
  ctl task boost --tgid "$GOT" --weight 5000 -q >/dev/null
  THESE=$(ctl task list --filter 'weight = 5000' -o json | jq -r '.tasks[].tid' | xargs)
  [ "$THESE" = "$GOT" ] || STRANGERS+="$GOT:($THESE) "
  BOOSTED=$((BOOSTED + 1))
  kill "$GOT"
  wait "$GOT" 2>/dev/null
done
FORKS=$(($(forks) - FORKS))
kill "$COMERS"
wait "$COMERS" 2>/dev/null
note "$BOOSTED tasks had an override, one after the other, among $FORKS others with 200 process IDs"
holds "process IDs were used again many times" "$BOOSTED >= $MOST && $FORKS > $MOST_FORKS"
is "times that not just the one had the override" "$STRANGERS" ""
nobody_has_any() { [ "$(ctl task overrides -o json | jq '.taskOverrides | length')" = 0 ]; }
check "every override ended with its process" wait_until 10 nobody_has_any
echo 32768 >/proc/sys/kernel/pid_max

# Affinities of running tasks change all the time. Two CPUs have two hogs each that stay; one goes to and fro between them: it must
# not gain by it, nor set apart those who stay.
hog taskset -c 1
STILL=("$HOG")
hog taskset -c 1
STILL+=("$HOG")
hog taskset -c 3
hog taskset -c 3
hog taskset -c 1
MOVING=$HOG
(while :; do
  taskset -cp 3 "$MOVING" >/dev/null
  taskset -cp 1 "$MOVING" >/dev/null
done) &
HOGS+=("$!")
taskset -cp 2 "$!" >/dev/null
stress-ng --affinity 4 --timeout "$(usually 14 thorough 60)s" >/dev/null 2>&1 &
STORM=$!
sleep 2
before=("$(run_ns "${STILL[0]}")" "$(run_ns "${STILL[1]}")" "$(run_ns "$MOVING")")
sleep "$(usually 9 thorough 40)"
FIRST=$((($(run_ns "${STILL[0]}") - before[0]) / 1000000))
SECOND=$((($(run_ns "${STILL[1]}") - before[1]) / 1000000))
MOVED=$((($(run_ns "$MOVING") - before[2]) / 1000000))
note "ms in the storm: those who stay $FIRST and $SECOND, the one that moves $MOVED"
# Finer than the noise of two guests side by side: vruntime_fairness_test.cc, TasksThatRoamDoNotSetThoseThatStayApart.
near "those who stay get the same: percent of the first" "$((100 * FIRST / (FIRST + SECOND)))" 50 10
# Where it stays it would have a third of a CPU, they more whenever it is away.
holds "the one that moves gains nothing by it" "$MOVED < 1.25 * ($FIRST + $SECOND) / 2"
# Set again before its turn comes, it misses that turn: on a quick machine it moves several times in a round.
holds "nor does it stand still" "$MOVED > 0.05 * ($FIRST + $SECOND) / 2"
wait "$STORM"
is "the storm ends well" "$?" 0
stays_attached "attached"
is "times it was attached in all" "$(cat /sys/kernel/sched_ext/enable_seq)" 1
check "the kernel did not complain of a CPU" eval '! dmesg | grep -i "not allowed"'
end_hogs
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
