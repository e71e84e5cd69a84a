#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What cannot be done is refused with its documented exit code and a sentence that says what to do, and changes nothing.
# Exit codes: schedd --help and schedctl --help.
# guest: cpus=2 mem=1G timeout=300 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

FOREIGN=/usr/local/lib/foreign.bpf.o
# All that a refused call could have changed, from the kernel and from schedd.
world() {
  printf '%s %s %s\n' "$(state)" "$(ops)" "$(cat /sys/kernel/sched_ext/enable_seq)"
  [ ! -S "$SOCKET" ] || {
    status '"\(.state) \(.attachCount) \(.policyGeneration) \(.opsName)"'
    ctl policy get -o json | jq -c 'del(.applyTime)'
    ctl task overrides -o json | jq -c .
  }
}

# A case: COMMAND ends with CODE, its words contain WORDS (an extended regular expression), and the world is as it was: as $WORLD
# says after a refusal before this one (emptied by whatever changes the world on purpose), else as it is now.
WORLD=''
refused() { # NAME CODE WORDS COMMAND…
  local name="$1" code="$2" words="$3" before command got
  shift 3
  before=${WORLD:-$(world)}
  begin "$name: exit code $code"
  "$@" >/tmp/words 2>&1 &
  command=$!
  # What is not refused may go on for ever.
  wait_until 40 eval '! kill -0 "$command"' || kill -KILL "$command"
  wait "$command"
  got=$?
  OUTPUT=$(cat /tmp/words)
  if [ "$got" != "$code" ]; then
    fail "exit code $got of: $* (output: $OUTPUT)"
  elif ! grep -Eqi -e "$words" <<<"$OUTPUT"; then
    fail "does not say /$words/: $OUTPUT"
  elif WORLD=$(world) && [ "$WORLD" != "$before" ]; then
    fail "changed '$before' into '$WORLD'"
  else
    pass
  fi
}

as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all "$@"; }

# -- starting schedd --
refused "not root" 3 "root" as_user schedd --listen unix:///tmp/user.sock
refused "an unknown flag" 2 "--help" schedd --no-such-flag
refused "a parameter out of range" 2 "base_slice.*100us to 100ms|base_slice.*1s" schedd --set base_slice=1s
refused "schedd is not there: schedctl" 7 "schedd.*running|--endpoint" schedctl status
refused "no such endpoint" 7 "/tmp/none.sock" schedctl --endpoint unix:///tmp/none.sock status

begin "another scheduler can be attached"
if [ ! -e "$FOREIGN" ]; then
  fail "$FOREIGN is not in the guest; bazel build //tests/e2e/foreign:all"
elif OUTPUT=$(bpftool struct_ops register "$FOREIGN" /sys/fs/bpf/foreign 2>&1) && wait_until 5 test "$(ops)" != ''; then
  pass
  WORLD=''
  refused "another scheduler attached: schedd" 5 "foreign" schedd
  schedd --no-attach 2>>"$SCHEDD_LOG" &
  SCHEDD=$!
  wait_until 20 test -S "$SOCKET"
  WORLD=''
  is "schedctl status names it" "$(status '"\(.state) \(.opsName)"')" "STATE_FOREIGN foreign"
  refused "another scheduler attached: schedctl scheduler attach" 5 "foreign" ctl scheduler attach
  begin "doctor names it as well"
  ctl doctor >/tmp/doctor 2>&1
  if grep -q foreign /tmp/doctor; then pass; else fail "$(cat /tmp/doctor)"; fi
  check "that other scheduler is still attached" test "$(state) $(ops)" = "enabled foreign"
  stop_schedd
  rm -r /sys/fs/bpf/foreign
  check "it can leave" wait_until 5 detached
else
  fail "$OUTPUT $(state) '$(ops)'"
fi

# -- a second schedd --
start_schedd
WORLD=''
refused "a second schedd" 6 "$SCHEDD" schedd
refused "a second schedd, on another socket" 5 "schedd" schedd --listen unix:///tmp/second.sock
check "the first one serves and is attached" ctl status

# -- ends while it starts --
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
leftovers() {
  find /sys/fs/bpf -mindepth 1
  find /run/schedd -mindepth 1
  bpftool -j struct_ops list | jq -r '.[].name'
}
CODES='' LEFT=''
for delay_ms in $(usually "150 500 900" thorough "50 150 300 500 700 900 1200"); do
  set -m # else the shell has its background jobs ignore SIGINT
  schedd 2>>"$SCHEDD_LOG" &
  SCHEDD=$!
  set +m
  sleep "$(jq -n "$delay_ms / 1000")"
  kill -INT "$SCHEDD"
  wait "$SCHEDD"
  CODES+="$? "
  wait_until 3 eval '[ -z "$(leftovers)" ]' || LEFT+="$delay_ms ms: $(leftovers) "
  detached || LEFT+="$delay_ms ms: $(state) "
done
note "SIGINT after 50 to 1200 ms: exit codes $CODES"
# 130: before it has begun to do anything.
check "SIGINT while it loads and attaches: it ends as asked" grep -Eqx '(130 )*(0 )+' <<<"$CODES"
is "and it leaves nothing" "$LEFT" ""
WORLD=''
refused "the kernel refuses the BPF program" 7 "kernel refused.*not permitted" \
  setpriv --bounding-set=-perfmon,-sys_admin --inh-caps=-perfmon,-sys_admin schedd
is "and nothing is left of that" "$(leftovers)" ""
start_schedd

# -- calls --
OLD_ETAG=$(ctl policy get -o json | jq -r .etag)
ctl policy set base_slice=9ms -q
WORLD=''
refused "unknown parameter" 2 "base_slize.*base_slice" ctl policy set base_slize=5ms
refused "value out of range" 2 "100us to 100ms" ctl policy set base_slice=1s
refused "value that breaks a rule between two" 2 "max_slice" ctl policy set base_slice=60ms
refused "stale etag" 6 "etag" ctl policy set base_slice=5ms --etag "$OLD_ETAG"
refused "no such task (thread ID)" 3 "4194303" ctl task get 4194303
refused "no such task (name)" 3 "ended|never" ctl task get tasks/4194303-1
refused "override of no such process" 3 "4194303" ctl task boost --tgid 4194303 --weight 200
refused "weight 0" 2 "1 to 10000" ctl task boost --comm hog --weight 0
refused "weight 10001" 2 "1 to 10000" ctl task boost --comm hog --weight 10001
refused "TTL of -1 s" 2 "ttl" ctl task boost --comm hog --weight 200 --ttl=-1s
refused "filter with a syntax error" 2 "position|at [0-9]+|character" ctl task list --filter 'comm = = "hog"'
refused "no such override" 3 "nothing|override" ctl task unboost no-such-override
refused "override of schedd itself" 5 "cannot be overridden" ctl task boost --tgid "$SCHEDD" --weight 1
refused "not allowed to use the socket" 4 "not allowed.*root" as_user schedctl status
ctl scheduler detach -q
WORLD=''
refused "tasks while nothing is attached" 5 "attach" ctl task list
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
