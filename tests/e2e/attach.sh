#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# schedd without arguments is the scheduler of the machine: under it real programs run to their end, the kernel has
# nothing to complain about, and SIGTERM leaves the machine as it was.
# guest: cpus=4 mem=2G timeout=300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

# Everything that happened to sched_ext since boot: a second attachment in between would show here.
enable_seq() { cat /sys/kernel/sched_ext/enable_seq; }
leftovers() {
  find /sys/fs/bpf -mindepth 1
  find /run/schedd -type s
  bpftool -j struct_ops list | jq -r '.[].name'
}

LOG_BEFORE=$(dmesg | wc -l)
start_schedd
SEQ=$(enable_seq)
is "the kernel's state" "$(state)" enabled
stays_attached "root/ops begins with schedd"
is "schedctl says so as well" "$(status .state)" STATE_ATTACHED
check "this shell runs under sched_ext" in_ext $$

check "stress-ng ends well" stress-ng --cpu 4 --fork 2 --pipe 2 --switch 2 --timeout 30s
begin "stress-ng found no fault itself"
if grep -q 'successful run completed' <<<"$OUTPUT"; then pass; else fail "$OUTPUT"; fi
check "hackbench ends well" hackbench --pipe --groups 4 --loops 200
stays_attached "schedd is still attached"
is "it was attached all the time" "$(enable_seq)" "$SEQ"
is "the kernel never threw it out" "$(status '.lastExit // "none"')" none
begin "the policy decided runs"
if [ "$(status .counters.decidedRunCount)" -gt 100 ]; then pass; else fail "$(ctl status)"; fi
note "$(status '.counters | "runs: decided \(.decidedRunCount), undecided \(.undecidedRunCount), idle \(.idleRunCount)"')"

begin "SIGTERM: the state is disabled within 2 s"
START=$(now_ms)
kill -TERM "$SCHEDD"
if wait_until 10 detached && [ $(($(now_ms) - START)) -le 2000 ]; then
  pass
else
  fail "state $(state) after $(($(now_ms) - START)) ms"
fi
note "disabled $(($(now_ms) - START)) ms after SIGTERM"
wait "$SCHEDD"
is "exit code after SIGTERM" "$?" 0
is "nothing is left behind" "$(leftovers)" ""
begin "tasks are back on the kernel's own class"
if in_ext $$; then fail "this shell is still with sched_ext"; else pass; fi
is "no warning in the kernel log since attach" \
  "$(dmesg | tail -n +"$((LOG_BEFORE + 1))" | grep -E 'WARNING|BUG|Oops|stall|Call Trace')" ""
finish
