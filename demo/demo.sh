#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ./run demo shows, in a guest or (--host) on this machine: schedd takes the tasks over and gives them back.
#
# Needs root, a kernel with sched_ext, schedd on PATH. Ends with 0 when each step was seen to happen.
set -uo pipefail
readonly STATE=/sys/kernel/sched_ext/state
wait_for_state() {
  for _ in $(seq 200); do
    [ "$(cat "$STATE")" = "$1" ] && return
    sleep 0.1
  done
  echo "demo: $STATE is '$(cat "$STATE")', not '$1'" >&2
  exit 1
}

echo "Kernel $(uname -r), $(nproc) CPUs, sched_ext is $(cat "$STATE")."
schedd &
daemon=$!
wait_for_state enabled
echo "schedd is attached: $(cat /sys/kernel/sched_ext/root/ops) decides for every ordinary task."
kill -TERM "$daemon" && wait "$daemon"
wait_for_state disabled
echo "schedd has left: all tasks are back on the kernel's fair class."
