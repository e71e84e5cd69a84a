#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every program of the dispatcher has run in this test, by the kernel's own count: none is code that no test reaches. And the
# verifier needed no more for any than its budget.
# guest: cpus=4 mem=2G timeout=180 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"
. "$(dirname "$0")/programs.bash"

echo 1 >/proc/sys/kernel/bpf_stats_enabled
start_schedd --orphan-timeout=1s
check_budgets
check "its programs are kept loaded" keep_programs
# Tasks that are born, wait, sleep and end; another weight, another affinity; a CPU that goes and comes.
for _ in 1 2 3 4 5 6; do hog env; done
check "tasks come and go" stress-ng --fork 2 --switch 2 --timeout 3s
renice -n 5 -p "$HOG" >/dev/null
taskset -cp 1-2 "$HOG" >/dev/null
chrt -f 10 sleep 0.1 # a real-time task takes a CPU
yields 1 >/dev/null
echo 0 >/sys/devices/system/cpu/cpu3/online
echo 1 >/sys/devices/system/cpu/cpu3/online
check "detach" ctl scheduler detach
end_hogs
runs >/tmp/runs
is "all of them are here" "$(cut -d' ' -f1 /tmp/runs)" "$(budgets | cut -d' ' -f1)"
while read -r name times; do holds "$name ran $times times" "$times > 0"; done </tmp/runs
rm -r "$KEPT"
# The timer's callback is no program of its own. It is the only one that ends the dispatcher of a daemon that is gone.
check "attach again" ctl scheduler attach
kill -KILL "$SCHEDD"
wait "$SCHEDD" 2>/dev/null
check "the timer's callback ran: it ended what was left alone" wait_until 5 detached
check "by the kernel's word" eval 'dmesg | grep -q "unregistered from BPF"'
finish
