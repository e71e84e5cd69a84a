#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Detach gives the tasks back, attach takes them again, as often as one likes; and the status is what the kernel says.
# guest: cpus=2 mem=1G timeout=240 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

# What schedd says, beside what the kernel says.
compare() { # NAME STATE OF SCHEDD, STATE OF THE KERNEL, 1 or 0 (a task is with sched_ext)
  is "$1: schedd's word, the kernel's, a task's class" \
    "$(status .state) $(state) $(awk '/^ext.enabled/ { print $3 }' "/proc/$HOG/sched")" "$2 $3 $4"
}

start_schedd
hog env
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
for round in 1 2 3 4 5; do
  check "detach $round" ctl scheduler detach --reason "test $round"
  compare "detached $round" STATE_DETACHED disabled 0
  RAN=$(run_ns "$HOG")
  check "attach $round" ctl scheduler attach
  compare "attached $round" STATE_ATTACHED enabled 1
  holds "the hog ran on" "$(run_ns "$HOG") > $RAN"
done
is "five attachments by the kernel's count" "$(($(cat /sys/kernel/sched_ext/enable_seq) - SEQ))" 5
is "six by schedd's" "$(status .attachCount)" 6
check "attaching what is attached succeeds" ctl scheduler attach
is "and changes nothing" "$(($(cat /sys/kernel/sched_ext/enable_seq) - SEQ)) $(status .attachCount)" "5 6"
ctl scheduler detach -q
check "detaching what is not attached succeeds" ctl scheduler detach
compare "detached" STATE_DETACHED disabled 0
# Sysrq-S: the kernel's own way to get rid of any scheduler.
ctl scheduler attach -q
echo S >/proc/sysrq-trigger
check "thrown out by sysrq-S: the kernel has it back" wait_until 5 detached
compare "thrown out" STATE_EJECTED disabled 0
begin "the status says why"
if [ "$(status '.lastExit.reason | length')" -gt 3 ]; then pass; else fail "$(ctl status -o json)"; fi
note "reason: $(status .lastExit.reason)"
check "attach again" ctl scheduler attach
compare "attached again" STATE_ATTACHED enabled 1

# A nice value that is set under a sched_ext scheduler does not reach the fair class. A daemon that raised itself when it adopted a
# dispatcher goes before others all the same when it has detached: loading the next one takes seconds of CPU time.
weights_of_schedd() { awk '/^se.load.weight/ { print $3 / 1024 }' /proc/"$SCHEDD"/task/*/sched | sort | uniq | tr '\n' ' '; }
kill -KILL "$SCHEDD"
wait "$SCHEDD" 2>/dev/null
start_schedd
check "another daemon adopts the dispatcher" wait_until 20 grep -q 'adopted, generation' "$SCHEDD_LOG"
note "weights of its threads in the fair class, which must not count yet: $(weights_of_schedd)"
ctl scheduler detach -q
is "detached, each of its threads has the weight of nice -20 (88761)" "$(weights_of_schedd)" "88761 "
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
