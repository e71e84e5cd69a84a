#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --ext-tasks-only: schedd has the tasks that chose SCHED_EXT, and no other.
# guest: cpus=2 mem=2G timeout=120 with=python
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
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
check "the state is disabled" detached
finish
