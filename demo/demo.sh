#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ./run demo shows, in a guest or (--host) on this machine: the main job of schedd, step by step.
#
# Needs root, a kernel with sched_ext, schedd, schedctl and taskset on PATH. Ends with 0 when each step was seen to happen; with 1, and a
# sentence, at the first that was not. Leaves no process and no file behind.
set -uo pipefail
set -m # each job a process group of its own, so that a whole pipeline can be ended
readonly STATE=/sys/kernel/sched_ext/state
readonly WINDOW=4 # seconds over which shares are measured
WORK=$(mktemp -d)
STEP=0
PIDS=()
DAEMON=''

leave() {
  exec 2>/dev/null # the shell would tell of each job that it kills
  for pid in "${PIDS[@]}"; do kill -KILL -- "-$pid"; done
  [ -z "$DAEMON" ] || kill -TERM "$DAEMON"
  wait
  rm -rf "$WORK"
}
trap leave EXIT
trap 'exit 1' INT TERM

step() {
  STEP=$((STEP + 1))
  printf '\n=== %d. %s\n' "$STEP" "$1"
}

note() { printf '    %s\n' "$*"; }

# Shows a command as a person would type it, and its output.
show() {
  printf '$ %s\n' "$*"
  "$@" || give_up "this command failed with exit code $?: $*"
}

give_up() {
  printf 'demo: %s\n' "$1" >&2
  exit 1
}

wait_for_state() {
  local end=$((SECONDS + 60)) # an emulated machine on a busy host is slow
  until [ "$(cat "$STATE")" = "$1" ]; do
    [ "$SECONDS" -lt "$end" ] || give_up "$STATE is '$(cat "$STATE")', not '$1'"
    sleep 0.1
  done
}

# Starts bash code under a name of its own, so that it can be told apart in the task list: NAME CPUS CODE.
start() {
  ln -sf "$(command -v bash)" "$WORK/$1"
  taskset -c "$2" "$WORK/$1" -c "$3" &
  PIDS+=($!)
}

# CPU time of a process in ns, from the kernel, not from schedd.
cpu_time() { read -r REPLY _ <"/proc/$1/schedstat"; }

# Prints the percentage of their common CPU time that process $1 got against process $2.
share() {
  local a b
  cpu_time "$1" && a=$REPLY
  cpu_time "$2" && b=$REPLY
  sleep "$WINDOW"
  cpu_time "$1" && a=$((REPLY - a))
  cpu_time "$2" && b=$((REPLY - b))
  echo $((100 * a / (a + b)))
}

within() { # NAME GOT LOW HIGH
  [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || give_up "$1 is $2, expected $3 to $4"
}

step "The machine before: kernel $(uname -r), $(nproc) CPUs"
note "sched_ext is $(cat "$STATE"): the kernel's fair class schedules every task."
[ "$(cat "$STATE")" = disabled ] || give_up "another sched_ext scheduler is attached: stop it first"

step "schedd starts: loads its dispatcher, then takes over"
schedd 2>"$WORK/schedd.log" &
DAEMON=$!
wait_for_state enabled
note "The kernel says: $(cat "$STATE"), scheduler $(cat /sys/kernel/sched_ext/root/ops)."
show schedctl status

step "A mixed load: two hogs on one CPU, one on each other, a task that wakes every 10 ms, a pipeline"
last=$(($(nproc) - 1))
start hog-a 0 'while :; do :; done'
HOG_A=${PIDS[-1]}
start hog-b 0 'while :; do :; done'
HOG_B=${PIDS[-1]}
for cpu in $(seq 1 "$last"); do start "hog-cpu$cpu" "$cpu" 'while :; do :; done'; done
# read -t is bash's own timer: no process is made for each sleep.
start interactive "0-$last" 'exec 3<> <(:); while :; do read -t 0.01 -u 3; for i in {1..200}; do :; done; done'
start pipeline "0-$last" "while :; do printf '%4000s\n' x; done | while read -r _; do :; done"
sleep 3
show schedctl task list --sort "stats.run_time_nanos desc" --limit 12
note "RUN and WAIT are CPU time and time spent runnable but not running; WAKE is the delay from wakeup to running."

step "Fair: hog-a and hog-b share CPU 0, both of weight 100"
before=$(share "$HOG_A" "$HOG_B")
note "hog-a got $before % of their CPU time in $WINDOW s (kernel's figures)."
within "hog-a's share" "$before" 40 60

step "Weight: hog-a is raised to 400 while it runs; its fair share is now 400 / (400 + 100) = 80 %"
show schedctl task boost --tgid "$HOG_A" --weight 400 --ttl 10m
after=$(share "$HOG_A" "$HOG_B")
note "hog-a got $after % of their CPU time in $WINDOW s."
within "hog-a's share" "$after" 74 86

step "Policy: base_slice is changed on the live scheduler"
show schedctl policy set base_slice=5ms
show schedctl policy get

step "Back: the dispatcher is detached, the daemon stays"
show schedctl scheduler detach --reason demo
wait_for_state disabled
note "sched_ext is $(cat "$STATE"); hog-a's ext.enabled is $(awk '$1 == "ext.enabled" { print $3 }' /proc/"$HOG_A"/sched): it is back on the fair class."
show schedctl status

step "schedd ends on SIGTERM"
kill -TERM "$DAEMON"
wait "$DAEMON" || give_up "schedd ended with exit code $?; its log: $(cat "$WORK/schedd.log")"
DAEMON=''
note "Exit code 0; sched_ext is $(cat "$STATE")."
printf '\nThe demo saw every step happen.\n'
