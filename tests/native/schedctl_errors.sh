#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=60
# Bad input to schedctl, judged by a real schedd: the documented exit code, a sentence, and nothing changed.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"
start_sim || exit 1

state() { # what no refused command may change
  schedctl task overrides -o json
  schedctl policy get -o json | grep -v -e appliedGeneration -e applyTime
}
schedctl -q task boost --comm kept --weight 200 --id kept >/dev/null
original=$(state)

refused() { # NAME CODE TEXT COMMAND…: exit code, TEXT in the message, nothing on stdout, nothing changed
  local name="$1" code="$2" text="$3" got
  shift 3
  begin "$name"
  "$@" >"$SIM/out" 2>"$SIM/err"
  got=$?
  if [ "$got" != "$code" ]; then
    fail "exit code $got, want $code, of: $* ($(cat "$SIM/err"))"
  elif [[ "$(cat "$SIM/err")" != "schedctl: "*"$text"* ]]; then
    fail "no '$text' in: $(cat "$SIM/err")"
  elif [ -s "$SIM/out" ]; then
    fail "stdout is not empty: $(cat "$SIM/out")"
  elif [ "$(state)" != "$original" ]; then
    fail "something changed: $(diff <(echo "$original") <(state))"
  else
    pass
  fi
}

refused "unknown parameter" 2 "there is no parameter \"colour\"" schedctl policy set colour=red
refused "value out of range" 2 "PARAMETER_OUT_OF_RANGE" schedctl policy set base_slice=5h
refused "negative value" 2 "PARAMETER_OUT_OF_RANGE" schedctl policy set base_slice=-1ms
refused "one of two values out of range" 2 "PARAMETER_OUT_OF_RANGE" schedctl policy set base_slice=5ms max_slice=5h
refused "stale etag" 6 "ETAG_MISMATCH" schedctl policy set base_slice=5ms --etag stale
refused "no such task (name)" 3 "TASK_NOT_FOUND" schedctl task get tasks/999999999-1
refused "no such task (thread ID)" 3 "no task with thread ID" schedctl task get 999999999
refused "a name that cannot be one" 2 "INVALID_NAME" schedctl task get tasks/x
refused "boost of no such task" 3 "no task with thread ID" schedctl task boost --task 999999999 --weight 50
refused "weight 0" 2 "--weight must be 1 to 10000" schedctl task boost --comm hog-a --weight 0
refused "weight 10001" 2 "10000" schedctl task boost --comm hog-a --weight 10001
refused "weight -1" 2 "10000" schedctl task boost --comm hog-a --weight -1
refused "TTL of -1 s" 2 "INVALID_EXPIRATION" schedctl task boost --comm hog-a --weight 50 --ttl -1s
refused "no selector" 2 "which tasks?" schedctl task boost --weight 50
refused "an id that is taken" 6 "OVERRIDE_EXISTS" schedctl task boost --comm hog-a --weight 50 --id kept
refused "an id that cannot be one" 2 "" schedctl task boost --comm hog-a --weight 50 --id 'No Name'
refused "unboost of what is not there" 3 "OVERRIDE_NOT_FOUND" schedctl task unboost nobody
refused "filter with a syntax error" 2 "INVALID_FILTER" schedctl task list --filter 'comm = '
refused "filter of an unknown field" 2 "colour" schedctl task list --filter 'colour = 1'
refused "order of an unknown field" 2 "" schedctl task list --sort 'stats.colour desc'
refused "watch interval too short" 2 "" schedctl task watch --interval 1ms --count 1
refused "unknown command" 2 "did you mean \"task\"?" schedctl tsk list
refused "unknown option" 2 "did you mean \"--filter\"?" schedctl task list --fliter x
refused "bad output format" 2 "xml" schedctl status -o xml
refused "bad endpoint" 2 "write unix:///" schedctl --endpoint nonsense status

# A second schedd on the same socket leaves the first one alone.
exits "a second schedd" 6 schedd --kernel=sim --listen "$SCHEDD_ENDPOINT" --state-dir "$SIM/state2"
begin "the first one still answers"
if [ "$(state)" = "$original" ]; then pass; else fail "the state is another one"; fi

# Not root: the socket cannot be used, and schedctl says so.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  binary=$(command -v schedctl)
  cp "$binary" "$SIM/schedctl"
  chmod 755 "$SIM" "$SIM/schedctl"
  exits "not allowed to use the socket" 4 setpriv --reuid 65534 --regid 65534 --clear-groups \
    "$SIM/schedctl" --endpoint "$SCHEDD_ENDPOINT" status
  begin "it says what to do"
  if [[ "$OUTPUT" == *"run this as root"* ]]; then pass; else fail "$OUTPUT"; fi
  # gRPC waits for ever when it cannot start its threads: for an answer, and when the connection is closed.
  chmod 666 "$SIM/schedd.sock"
  without_threads() {
    timeout 30 setpriv --reuid 54321 --regid 54321 --clear-groups \
      prlimit --nproc=1 "$SIM/schedctl" --endpoint "$SCHEDD_ENDPOINT" --timeout 200ms "$@"
  }
  exits "a limit of processes that allows no threads" 0 without_threads status
  kill -STOP "$SIM_PID"
  exits "the same, and no answer" 8 without_threads status
  kill -CONT "$SIM_PID"
  begin "it names the limits to look at"
  if [[ "$OUTPUT" == *"ulimit -u"* ]]; then pass; else fail "$OUTPUT"; fi
else
  begin "not allowed to use the socket"
  skip "needs root and setpriv"
  begin "a limit of processes that allows no threads"
  skip "needs root and setpriv"
fi

stop_sim
begin "endpoint not there"
OUTPUT=$(schedctl status 2>&1)
code=$?
if [ "$code" = 7 ] && [[ "$OUTPUT" == *"Is schedd running?"* ]]; then pass; else fail "code $code: $OUTPUT"; fi
begin "the default endpoint is named when nothing listens there"
OUTPUT=$(SCHEDD_ENDPOINT='' schedctl status 2>&1)
if [ -S /run/schedd/schedd.sock ]; then
  skip "a schedd runs on this machine"
elif [[ "$OUTPUT" == *"unix:///run/schedd/schedd.sock"* ]]; then
  pass
else
  fail "$OUTPUT"
fi
finish
