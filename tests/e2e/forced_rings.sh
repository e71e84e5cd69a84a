#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What goes between dispatcher and scheduling thread goes wrong: full rings, stale decisions, lost wake-ups.
# All of it is counted, every task runs on, and the kernel has nothing to say.
# guest: cpus=4 mem=2G timeout=300 thorough=yes beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

FAULT_S=$(usually 3 thorough 10)
rejected() { cat /sys/kernel/sched_ext/nr_rejected; }
# The kernel's own counters that speak of a scheduler's mistakes.
mistakes() { awk '/INSERT_NOT_OWNED|LOCAL_DSQ_OFFLINE|SELECT_CPU_FALLBACK|SLICE_DENIED|BYPASS_ACTIVATE/ { print $1, $2 }' /sys/kernel/sched_ext/root/events 2>/dev/null; }
more_decisions() { [ "$(status .counters.decisionCount)" -gt "$1" ]; }

# Cases about one fault; the counters from before and after it are in /tmp/before and /tmp/after.
suffer() { # FAULT
  local slowest
  counters /tmp/before
  inject "$1"
  slowest=$(slowest_run "$FAULT_S")
  counters /tmp/after
  inject none
  holds "$1: every task runs on (the slowest of 6 hogs had $((slowest / 1000000)) ms in $FAULT_S s)" "$slowest > 1e8 * $FAULT_S"
  check "$1: then it decides again" wait_until 10 more_decisions $(($(jq -r .decisionCount /tmp/after) + 50))
}
counted() { # NAME COUNTER LEAST
  local by
  by=$(grown "$2" /tmp/before /tmp/after)
  holds "$1 ($2 + $by)" "$by >= $3"
}

allow_faults
start_schedd --watchdog-timeout=5s
REJECTED=$(rejected)
MISTAKES=$(mistakes)
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
for _ in 1 2 3 4 5 6; do hog env; done
switch_and_pipe
sleep 2

suffer deaf
counted "events that found their ring full are counted" droppedEventCount 100
suffer flood
counted "batches that found the decision ring full are counted" delayedBatchCount 10
counted "what filled it is counted" staleDecisionCount 1000
suffer stale
counted "decisions for another wait, task or slot are counted" staleDecisionCount 1000
counted "decisions for a CPU that is none are counted" bouncedDecisionCount 1
counted "its own take effect beside them" decisionCount 50
suffer asleep
counted "a wake-up that is lost shows as events withheld" withheldEventCount 10
counted "and as runs without schedd" degradedRunCount 10

stays_attached "still attached"
is "all the time" "$(cat /sys/kernel/sched_ext/enable_seq)" "$SEQ"
is "the kernel rejected no task" "$(rejected)" "$REJECTED"
is "nor counted a mistake" "$(mistakes)" "$MISTAKES"
is "it never threw the scheduler out" "$(status '.lastExit // "none"')" none
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
