#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kernel's watchdog throws schedd out: it comes back by itself with all that was in force, as often as it may, then stays out.
# A task that a real-time hog keeps from its only CPU is a stall to the watchdog, and none that a scheduler could mend.
# dmesg=any: the kernel reports each of the stalls that this makes.
# guest: cpus=2 mem=1G timeout=300 dmesg=any beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

SERVER=/sys/kernel/debug/sched/ext_server/cpu1/runtime
is_state() { [ "$(status .state)" = "STATE_$1" ]; }
ejected() { is_state EJECTED; }
back() { attached && is_state ATTACHED; }
stalls() { dmesg | grep -c 'disabled (runnable task stall)'; }
one_more_than() { [ "$(stalls)" -gt "$1" ]; }
# Until the watchdog acts, which is told by the state: the kernel may not get through with "disabling", and so with its report,
# before the real-time hog is gone.
no_longer_enabled() { [ "$(state)" != enabled ]; }
starve() {
  local before rt thrown_out
  before=$(stalls)
  chrt -f 50 taskset -c 1 /tmp/hog -c 'while :; do :; done' &
  rt=$!
  wait_until 15 no_longer_enabled
  thrown_out=$?
  # For the case's output, should it fail: what the two got.
  echo "real-time: $(run_ns "$rt") ns, $(chrt -p "$rt" | head -1), $(taskset -cp "$rt"); hog: $(run_ns "$HOG") ns, $(taskset -cp "$HOG")"
  kill -KILL "$rt"
  wait "$rt" 2>/dev/null
  [ "$thrown_out" = 0 ] && wait_until 5 one_more_than "$before"
}

# What the kernel would leave to its CPU's other tasks (kernels that have it).
[ ! -e "$SERVER" ] || echo 0 >"$SERVER"
start_schedd --watchdog-timeout=2s --reattach-limit=2
taskset -cp 0 $$ >/dev/null
hog taskset -c 1
ctl policy set base_slice=7ms -q
ctl task boost --tgid "$HOG" --weight 300 --id kept -q >/dev/null
CHANGES=$(ctl policy get -o json | jq -c '[.parameters.baseSlice, .generation]')

check "the watchdog throws it out" starve
EJECTED=$(now_ms)
check "it comes back by itself" wait_until 15 back
note "$(($(now_ms) - EJECTED)) ms later; reason: $(status '.lastExit | "\(.kind) \(.reason): \(.message)"')"
is "it says why it was out: the exit's kind" "$(status .lastExit.kind)" 1026
check "the kernel's dump is on disk" test -s "$(status .lastExit.dumpPath)"
is "the policy is as it was" "$(ctl policy get -o json | jq -c '[.parameters.baseSlice, .generation]')" "$CHANGES"
has_weight() { [ "$(ctl task get "$HOG" -o json | jq .weight)" = "$1" ]; }
begin "so is the override, from the task's next wait on"
if wait_until 5 has_weight 300; then pass; else fail "$(ctl task get "$HOG" -o json | jq -c '[.weight, .taskOverride, .stats]') $(ctl task overrides -o json | jq -c .) $(tail -4 "$SCHEDD_LOG")"; fi
is "it counts: attachments, by itself, at most" "$(status '"\(.attachCount) \(.reattachCount) \(.reattachLimit)"')" "2 1 2"

check "a second time" starve
check "it comes back" wait_until 15 back
check "a third time" starve
check "it is out" wait_until 5 ejected
sleep 6 # longer than the next wait would be
is "and stays out: the limit is reached" "$(status '"\(.state) \(.reattachCount) \(.reattachTime)"') $(state)" "STATE_EJECTED 2 null disabled"
check "its log says so" grep -q "not attached again: that was tried 2 times, the limit is 2" "$SCHEDD_LOG"
check "schedctl status tells people" eval 'ctl status | grep -q "2 of at most 2"'
RAN=$(run_ns "$HOG")
sleep 1
holds "tasks run in the kernel's own class" "$(run_ns "$HOG") - $RAN > 1e8"
check "attached by hand, the count begins anew" ctl scheduler attach
is "attached" "$(status '"\(.state) \(.reattachCount)"')" "STATE_ATTACHED 0"
# Asked to leave, it does not come back.
echo S >/proc/sysrq-trigger
check "thrown out by sysrq-S" wait_until 5 detached
sleep 3
is "it stays out" "$(status '"\(.state) \(.reattachTime)"')" "STATE_EJECTED null"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
