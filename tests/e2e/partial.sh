#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --ext-tasks-only: schedd has the tasks that chose SCHED_EXT, and no other.
# guest: cpus=2 mem=2G timeout=120 with=python beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

# util-linux cannot ask for SCHED_EXT (7) yet.
as_ext() { exec python3 -c 'import os, sys; os.sched_setscheduler(0, 7, os.sched_param(0)); os.execvp(sys.argv[1], sys.argv[1:])' "$@"; }
listed() { [ "$(ctl task list -o json | jq '.tasks | length')" = 1 ]; }

start_schedd --ext-tasks-only
is "the scope is shown" "$(status .scope)" SCOPE_EXT_ONLY
is "the kernel switched not all tasks" "$(cat /sys/kernel/sched_ext/switch_all)" 0
hog env
ORDINARY=$HOG
is "no task is listed" "$(ctl task list -o json | jq '.tasks | length')" 0
[ -e /tmp/hog ] || cp /usr/bin/bash /tmp/hog
(as_ext /tmp/hog -c 'while :; do :; done') &
HOGS+=("$!")
EXT=$!
check "the task that chose SCHED_EXT is listed, alone" wait_until 20 listed
is "it is that one" "$(ctl task list -o json | jq '.tasks[0].tid')" "$EXT"
check "the kernel has it with sched_ext" in_ext "$EXT"
begin "the other hog is not"
if in_ext "$ORDINARY"; then fail "it is"; else pass; fi
RAN=$(run_ns "$EXT")
sleep 3
holds "it runs beside the other" "$(run_ns "$EXT") - $RAN > 3e8"
kill -KILL "$EXT"
end_hogs

# Load of both kinds. The kernel puts the fair class before SCHED_EXT: beside busy CPUs ext tasks get what its server leaves them.
SERVED=$(ls -d /sys/kernel/debug/sched/ext_server 2>/dev/null)
for _ in 1 2 3; do
  (as_ext /tmp/hog -c 'while :; do :; done') &
  HOGS+=("$!")
done
(as_ext stress-ng --switch 1 --pipe 1 --timeout 12s >/dev/null 2>&1) &
ALSO_EXT=$!
SEQ=$(cat /sys/kernel/sched_ext/enable_seq)
DECIDED=$(status .counters.decisionCount)
holds "ext tasks alone share the CPUs" "$(slowest_run 3) > 3e8"
hog env # in the fair class: one of two CPUs
holds "beside one fair hog as well" "$(slowest_run 3) > 1e8"
begin "beside a fair hog on each CPU they get what the kernel leaves"
if [ -n "$SERVED" ]; then
  hog env
  SLOWEST=$(slowest_run 4)
  note "the slowest of 3 ext and 2 fair hogs ran $((SLOWEST / 1000000)) ms in 4 s on 2 CPUs"
  if [ "$SLOWEST" -gt 0 ]; then pass; else fail "nothing"; fi
else
  skip "this kernel has no ext_server: it leaves them nothing, and its watchdog ejects"
fi
stays_attached "attached"
is "all the time" "$(cat /sys/kernel/sched_ext/enable_seq)" "$SEQ"
holds "it decided" "$(status .counters.decisionCount) - $DECIDED > 100"
wait "$ALSO_EXT"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "the state is disabled" detached
finish
