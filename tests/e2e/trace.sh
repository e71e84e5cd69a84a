#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# schedctl trace: a recording of a real kernel has who ran and who woke, with the kernel's own figures, and leaves nothing behind.
# guest: cpus=2 mem=1G timeout=400
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"
INSTANCES=/sys/kernel/tracing/instances
FILE=/tmp/host.trace

instances() { ls "$INSTANCES"; }
shown() { schedctl trace show "$FILE" --limit 0 -o json | jq -r "$1"; }
# CPU time in ms, and wakeups, of all tasks with that name.
ran_ms() { shown "[.tasks[] | select(.comm == \"$1\") | .runTime | rtrimstr(\"s\") | tonumber] | add * 1000 | floor"; }
wakeups() { shown "[.tasks[] | select(.comm == \"$1\") | .wakeupCount] | add"; }

hog taskset -c 1
wakes 600 >/dev/null &
WAKES=$!
sleep 1

BEFORE=$(run_ns "$HOG") BEGUN=$(now_ms)
check "two seconds are recorded" schedctl trace record "$FILE" --duration 2s
TOOK=$(($(now_ms) - BEGUN)) RAN=$((($(run_ns "$HOG") - BEFORE) / 1000000))
note "$OUTPUT"
note "$(schedctl trace show "$FILE")"
is "the instance is gone" "$(instances)" ""
is "CPUs" "$(shown .cpuCount)" 2
is "nothing is missing" "$(shown .missing)" ""
LENGTH=$(shown '.duration | rtrimstr("s") | tonumber * 1000 | floor')
holds "it is as long as asked for: $LENGTH ms" "$LENGTH >= 1990 && $LENGTH < 2600"
# The recorder needs a while around the recording, and the loop runs then, too.
HOG_MS=$(ran_ms hog)
holds "CPU time of the loop: $HOG_MS ms; $RAN ms by the kernel in $TOOK ms" "$HOG_MS <= $RAN && $HOG_MS > 0.8 * $RAN * $LENGTH / $TOOK"
holds "the one that sleeps was woken every 10 ms: $(wakeups wakes) times" "$(wakeups wakes) > 100 && $(wakeups wakes) < 260"
holds "and used little: $(ran_ms wakes) ms" "$(ran_ms wakes) < 600"
is "the loop's process" "$(shown "[.tasks[] | select(.comm == \"hog\")][0].tgid")" "$HOG"
is "it is replayed under two settings" "$(schedctl -q simulate --trace "$FILE" --compare base_slice=3ms -o json | jq '.policies | length')" 2
note "$(schedctl simulate --trace "$FILE" --compare base_slice=3ms 2>&1)"
check "its file is its owner's" [ "$(stat -c %a "$FILE")" = 600 ]

# A job of its own: bash lets background commands ignore SIGINT otherwise.
set -m
for signal in INT TERM; do
  schedctl trace record "$FILE" --duration 60s 2>/tmp/said &
  RECORDER=$!
  wait_until 10 [ -d "$INSTANCES/schedd-$RECORDER" ]
  sleep 1
  kill "-$signal" "$RECORDER"
  wait "$RECORDER"
  is "SIG$signal ends it well" $? 0
  is "the instance is gone after SIG$signal" "$(instances)" ""
  is "the recording is whole after SIG$signal" "$(shown .missing)" ""
done
set +m

schedctl -q trace record "$FILE" --duration 60s &
RECORDER=$!
wait_until 10 [ -d "$INSTANCES/schedd-$RECORDER" ]
sleep 2
kill -KILL "$RECORDER"
wait "$RECORDER" 2>/dev/null
is "a recorder that is killed leaves its instance" "$(instances)" "schedd-$RECORDER"
exits_saying "what it wrote can be shown" 0 "cut short" schedctl trace show "$FILE"

# Who does not read in time loses events: with a small buffer, soon.
switch_and_pipe
schedctl trace record "$FILE" --duration 4s 2>/tmp/said &
RECORDER=$!
wait_until 10 [ -d "$INSTANCES/schedd-$RECORDER" ]
is "the next one removes what the killed one left" "$(instances)" "schedd-$RECORDER"
sleep 1
kill -STOP "$RECORDER"
echo 16 >"$INSTANCES/schedd-$RECORDER/buffer_size_kb"
sleep 1
kill -CONT "$RECORDER"
wait "$RECORDER"
is "loss is no failure" $? 0
holds "but it is counted: $(shown .lostCount)" "$(shown .lostCount) > 0"
check "and told: $(cat /tmp/said)" grep -q "events were lost" /tmp/said

exits_saying "a full file ends it" 0 "as large as it may be" schedctl trace record "$FILE" --duration 100s --size 1MiB
holds "with the size asked for: $(stat -c %s "$FILE")" "$(stat -c %s "$FILE") <= 1048576 && $(stat -c %s "$FILE") > 900000"
is "and is whole" "$(shown .missing)" ""
end_hogs

start_schedd
hog taskset -c 1
check "the same with schedd attached" schedctl trace record "$FILE" --duration 2s
holds "CPU time of the loop: $(ran_ms hog) ms" "$(ran_ms hog) > 1000 && $(ran_ms hog) < 2600"
stays_attached "schedd is still attached"
stop_schedd

exits_saying "without root" 4 "needs root" setpriv --reuid 1000 --regid 1000 --clear-groups schedctl trace record /tmp/x.trace
kill "$WAKES"
end_hogs
is "nothing is left" "$(instances)" ""
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
finish
