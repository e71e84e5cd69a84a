#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What users ask of the kernel for a running task holds under schedd: nice, SCHED_BATCH, SCHED_IDLE; and a real-time task that
# takes a CPU for itself takes no more than that CPU.
# guest: cpus=4 mem=2G timeout=300 thorough=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

weight_of() { ctl task get "$1" -o json | jq .weight; }
has_nice() { [ "$(sed 's/.*) //' "/proc/$SECOND/stat" | cut -d' ' -f17)" = "$1" ]; }
policy_of() { chrt -p "$1" | sed -n 's/.*policy: //p'; }

start_schedd
# Two on CPU 1; the others are for schedd and this script.
hog taskset -c 1
FIRST=$HOG
# This one sets its own nice value, when it is told to.
hog_renices_itself() {
  # shellcheck disable=SC2016 # its own $$
  taskset -c 1 /tmp/hog -c 'trap "renice 5 -p \$\$ >/dev/null" USR1; while :; do :; done' &
  SECOND=$!
  HOGS+=("$SECOND")
}
hog_renices_itself
sleep 1
near "equal: percent of the second" "$(share 4 "$SECOND" "$FIRST")" 50 3
renice -5 -p "$SECOND" >/dev/null
sleep 1
near "1 s after renice -5 from outside (weight $(weight_of "$SECOND")): percent" "$(share 5 "$SECOND" "$FIRST")" 75.3 3
kill -USR1 "$SECOND"
# It starts a program for that, which waits for the CPU as well.
wait_until 10 has_nice 5
sleep 1
near "1 s after it set itself to 5 (weight $(weight_of "$SECOND")): percent" "$(share 5 "$SECOND" "$FIRST")" 24.7 3
renice 0 -p "$SECOND" >/dev/null
sleep 1
near "1 s after renice 0: percent" "$(share 4 "$SECOND" "$FIRST")" 50 3

chrt -b -p 0 "$SECOND"
sleep 1
is "SCHED_BATCH is schedd's, too" "$(policy_of "$SECOND") $(in_ext "$SECOND" && echo ext) $(weight_of "$SECOND")" "SCHED_BATCH ext 100"
near "and worth what SCHED_OTHER is: percent" "$(share 4 "$SECOND" "$FIRST")" 50 3
chrt -i -p 0 "$SECOND"
sleep 1
is "so is SCHED_IDLE, with the least weight" "$(policy_of "$SECOND") $(in_ext "$SECOND" && echo ext) $(weight_of "$SECOND")" "SCHED_IDLE ext 1"
SHARE=$(share 5 "$SECOND" "$FIRST")
note "SCHED_IDLE beside a normal hog: $SHARE % (a slice in each starvation_bound)"
holds "it gets little, and something" "$SHARE > 0.1 && $SHARE < 12"
end_hogs

# A real-time hog on CPU 2: its CPU is gone for the others, but for what the kernel leaves them.
for _ in 1 2 3 4; do hog env; done
hog taskset -c 2
BOUND=$HOG
sleep 1
# Without it first: an emulated machine has its own pauses.
counters /tmp/normal
probe 6 >/tmp/probe &
PROBE=$!
sleep 7
wait "$PROBE"
counters /tmp/before
read -r P99_NORMAL MAX_NORMAL </tmp/probe
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
real_time_hog() { chrt -f 50 taskset -c "$1" /tmp/hog -c 'while :; do :; done' & }
real_time_hog 2
RT=$!
RAN_BOUND=$(run_ns "$BOUND") RAN_RT=$(run_ns "$RT")
probe 6 >/tmp/meanwhile &
PROBE=$!
SLOWEST=$(unset "HOGS[4]" && slowest_run 7)
wait "$PROBE"
RAN_BOUND=$(($(run_ns "$BOUND") - RAN_BOUND)) RAN_RT=$(($(run_ns "$RT") - RAN_RT))
counters /tmp/after
stays_attached "attached beside a real-time task that never sleeps"
is "all the time" "$(cat /sys/kernel/sched_ext/enable_seq)" "$SEQ"
read -r P99 MAX </tmp/meanwhile
DEGRADED_MS=$(alone_ms /tmp/before /tmp/after) DEGRADED_NORMAL_MS=$(alone_ms /tmp/normal /tmp/before)
note "real-time $((RAN_RT / 1000000)) ms; bound beside it $((RAN_BOUND / 1000000)) ms; slowest of 4 others $((SLOWEST / 1000000)) ms in 7 s"
note "wakeup delay, us: normal p99 $P99_NORMAL max $MAX_NORMAL; meanwhile p99 $P99 max $MAX; without schedd for $DEGRADED_NORMAL_MS and $DEGRADED_MS ms"
holds "it has its CPU" "$RAN_RT > 5e9"
holds "who is bound to that CPU gets what the kernel leaves" "$RAN_BOUND > 1e8"
holds "the others share the rest" "$SLOWEST > 3e9"
holds "wakeups stay quick: p99 $P99 us <= 2 x $P99_NORMAL us + 20 ms" "$P99 <= 2 * $P99_NORMAL + 20000"
holds "schedd is not stuck behind it" "$DEGRADED_MS <= 2 * $DEGRADED_NORMAL_MS + 350"
holds "it decides" "$(grown decisionCount /tmp/before /tmp/after) > 100"
# On all CPUs but one: wherever schedd was, it must leave.
real_time_hog 1
HOGS+=("$!")
real_time_hog 3
HOGS+=("$!" "$RT")
sleep 1
counters /tmp/before
BEGUN=$(now_ms)
sleep 5
counters /tmp/after
LASTED_MS=$(($(now_ms) - BEGUN))
note "one CPU of four left for $LASTED_MS ms: without schedd for $(alone_ms /tmp/before /tmp/after) ms"
holds "with one CPU left schedd is on that one" "$(alone_ms /tmp/before /tmp/after) < $LASTED_MS / 2"
stays_attached "still attached"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
