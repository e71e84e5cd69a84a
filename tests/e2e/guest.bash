# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For guest tests, beside lib.sh: a schedd under test, loads, and what the kernel itself says about both.
#
#   start_schedd FLAG…              a case: schedd attaches and serves; ends the script when it does not. Sets SCHEDD (pid)
#   stop_schedd                     SIGTERM and wait; sets SCHEDD_EXIT
#   ctl ARGUMENT…                   schedctl with patience, and ahead of the load: an emulated machine is slow
#   status PATH                     one value of schedctl status -o json, for example .counters.decisionCount
#   state, ops                      sched_ext's state and the name of the ops, from the kernel
#   attached, detached              conditions on these
#   stays_attached NAME             a case: it is; shows schedd's log when it is not
#   hog COMMAND…                    starts one endless loop named "hog", as COMMAND… hog; sets HOG (pid)
#   switch_and_pipe                 starts stress-ng: pairs of tasks that wake each other without a pause
#   end_switch_and_pipe             ends it
#   end_hogs                        ends that and all hogs
#   run_ns PID                      CPU time of a task by the kernel's own account (se.sum_exec_runtime)
#   in_ext PID                      whether sched_ext schedules the task
#   share SECONDS PID OTHER         percent of the two tasks' CPU time that PID gets from now on
#   probe SECONDS                   "P99 MAX" of the wakeup delays, in us, of a task that wakes every 10 ms from now on
#   hog_runs SECONDS                CPU time, in ns, that each of HOGS gets from now on, least first
#   slowest_run SECONDS             the least of these
#   counters FILE                   all counters of the API into FILE
#   grown NAME FILE OTHER           by how much that counter is larger in OTHER than in FILE
#   alone_ms FILE OTHER             the degraded time between them
#   allow_faults                    before start_schedd: its scheduling thread will go wrong when told
#   inject FAULT                    tells it: a word of server/faults/fault_switch.h, or none
#   near NAME GOT WANT TOLERANCE    a case: |GOT - WANT| <= TOLERANCE, decimals allowed
#   holds NAME EXPRESSION…          a case: the awk expression is true
#   note TEXT                       a line for people in the TAP output: figures
SOCKET=/run/schedd/schedd.sock
SCHEDD_LOG=/tmp/schedd.log
HOG='' HOGS=() STRESS=''
FAULTS=/tmp/faults
SCHEDD='' SCHEDD_EXIT=''

note() { printf '# %s\n' "$*"; }

state() { cat /sys/kernel/sched_ext/state; }
ops() { cat /sys/kernel/sched_ext/root/ops 2>/dev/null; }
attached() { [ "$(state)" = enabled ] && [[ "$(ops)" = schedd* ]]; }
detached() { [ "$(state)" = disabled ]; }
now_ms() { echo $((${EPOCHREALTIME//[.,]/} / 1000)); }

ctl() { nice -n -20 schedctl --timeout 30s "$@"; }
status() { ctl status -o json | jq -r "$1"; }
_serving() { attached && [ -S "$SOCKET" ]; }

# From 7.1 on, functions to which the verifier adds an argument have a second name in BTF; a few builds have lost some of these.
# No sched_ext scheduler can be loaded there: smoke.sh shows what schedd says.
btf_is_defective() {
  tr '\0' '\n' </sys/kernel/btf/vmlinux | grep -x 'scx_bpf_.*_impl' >/tmp/real_functions
  [ -s /tmp/real_functions ] && ! grep -qx scx_bpf_create_dsq_impl /tmp/real_functions
}

start_schedd() {
  begin "schedd${*:+ $*} attaches and serves"
  schedd "$@" 2>>"$SCHEDD_LOG" &
  SCHEDD=$!
  # At once when it serves, and at once when it ended without.
  wait_until 20 eval '_serving || ! kill -0 "$SCHEDD"'
  if _serving; then
    pass
  else
    fail "state $(state), ops '$(ops)'; its log: $(cat "$SCHEDD_LOG")"
    finish
  fi
}

stays_attached() {
  begin "$1"
  if attached; then pass; else fail "state $(state), ops '$(ops)'; its log: $(tail -n 8 "$SCHEDD_LOG")"; fi
}

stop_schedd() {
  kill -TERM "$SCHEDD"
  wait "$SCHEDD"
  # shellcheck disable=SC2034 # for the script that includes this
  SCHEDD_EXIT=$?
}

hog() {
  [ -e /tmp/hog ] || cp /usr/bin/bash /tmp/hog
  "$@" /tmp/hog -c 'while :; do :; done' &
  HOG=$!
  HOGS+=("$HOG")
}

switch_and_pipe() {
  stress-ng --switch 2 --pipe 2 --timeout 600s >/dev/null 2>&1 &
  STRESS=$!
}

end_switch_and_pipe() {
  [ -n "$STRESS" ] || return
  kill "$STRESS"
  wait "$STRESS" 2>/dev/null
  STRESS=''
}

end_hogs() {
  end_switch_and_pipe
  [ "${#HOGS[@]}" = 0 ] || kill -KILL "${HOGS[@]}" 2>/dev/null
  wait "${HOGS[@]}" 2>/dev/null
  HOGS=()
}

run_ns() {
  local ns
  read -r ns _ <"/proc/$1/schedstat" && echo "$ns"
}

in_ext() { grep -q '^ext.enabled *: *1$' "/proc/$1/sched"; }

share() {
  local mine other mine_after other_after
  # Read without a process in between: an emulated fork takes long enough to be seen in the result.
  read -r mine _ <"/proc/$2/schedstat"
  read -r other _ <"/proc/$3/schedstat"
  sleep "$1"
  read -r mine_after _ <"/proc/$2/schedstat"
  read -r other_after _ <"/proc/$3/schedstat"
  awk -v a="$((mine_after - mine))" -v b="$((other_after - other))" 'BEGIN { printf "%.1f\n", 100 * a / (a + b) }'
}

probe() { wakes "$1"; }

hog_runs() {
  local before after i
  mapfile -t before < <(for pid in "${HOGS[@]}"; do run_ns "$pid"; done)
  sleep "$1"
  mapfile -t after < <(for pid in "${HOGS[@]}"; do run_ns "$pid"; done)
  for i in "${!HOGS[@]}"; do echo $((after[i] - before[i])); done | sort -n
}
slowest_run() { hog_runs "$1" | head -1; }

counters() { ctl status -o json | jq .counters >"$1"; }
grown() { jq -n --slurpfile before "$2" --slurpfile after "$3" "(\$after[0].$1 | tonumber) - (\$before[0].$1 | tonumber)"; }

alone_ms() {
  jq -n --slurpfile before "$1" --slurpfile after "$2" \
    '[$after, $before | .[0].degradedDuration | rtrimstr("s") | tonumber * 1000 | floor] | .[0] - .[1]'
}

allow_faults() {
  printf '%-16s' none >"$FAULTS"
  export SCHEDD_TEST_FAULTS=$FAULTS
}
inject() { printf '%-16s' "$1" 1<>"$FAULTS"; } # in place: it is mapped

holds() {
  begin "$1"
  shift
  if awk "BEGIN { exit !($*) }"; then pass; else fail "not true: $*"; fi
}

near() { holds "$1 ($2, want $3 within $4)" "$2 - $3 <= $4 && $3 - $2 <= $4"; }

# The middle one of the numbers on stdin.
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
