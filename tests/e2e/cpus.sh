#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One CPU, few, many: the load runs, all CPUs are used, nothing is thrown out.
# guest: cpus=1 more_cpus=2,8,16 mem=2G timeout=300 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

CPUS=$(nproc)
start_schedd
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
check "stress-ng ends well" stress-ng --cpu "$CPUS" --switch 2 --pipe 2 --fork 1 --timeout 6s
# One more than there are CPUs, and one bound to the last of them.
for ((i = 0; i < CPUS; i++)); do hog env; done
hog taskset -c $((CPUS - 1))
sleep 1
RUN=$(status .counters.runTimeNanos)
BEGUN=$(now_ms)
SLOWEST=$(slowest_run 4)
RUN=$(($(status .counters.runTimeNanos) - RUN))
TOOK_MS=$(($(now_ms) - BEGUN))
note "$CPUS CPUs: the slowest of $((CPUS + 1)) hogs ran $((SLOWEST / 1000000)) ms in 4 s; all ran $((RUN / 1000000)) ms in $TOOK_MS ms"
holds "no hog is left behind" "$SLOWEST > 0.8e9"
holds "all CPUs are used" "$RUN > 0.8e6 * $CPUS * $TOOK_MS"
stays_attached "still attached"
is "all the time" "$(cat /sys/kernel/sched_ext/enable_seq)" "$SEQ"
is "it decided, and was never thrown out" "$(status '"\((.counters.decisionCount | tonumber) > 50) \(.lastExit // "none")"')" "true none"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "the state is disabled" detached
finish
