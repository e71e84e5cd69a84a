#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=60
# schedctl against a real schedd on the simulated machine: every command does what it says, documents are valid.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"
start_sim || exit 1

has() { # NAME TEXT COMMAND…: the output contains TEXT and the command succeeds
  local name="$1" text="$2"
  shift 2
  begin "$name"
  if ! OUTPUT=$("$@" 2>&1); then
    fail "failed: $* (output: $OUTPUT)"
  elif [[ "$OUTPUT" == *"$text"* ]]; then
    pass
  else
    fail "no '$text' in: $OUTPUT"
  fi
}

json() { # NAME EXPRESSION COMMAND…: the output is JSON for which the Python expression of d holds
  local name="$1" expression="$2"
  shift 2
  begin "$name"
  OUTPUT=$("$@") || true
  if json_is "$expression" <<<"$OUTPUT"; then pass; else fail "$expression is not true of: $OUTPUT"; fi
}

weight_of() { schedctl task get "$1" -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["weight"])'; }
weight_is() { [ "$(weight_of "$1")" = "$2" ]; }

# --- status, version ---
has "status says attached" "attached" schedctl status
json "status is valid JSON" 'd["state"] == "STATE_ATTACHED" and d["counters"]["droppedEventCount"] == "0"' \
  schedctl status -o json
begin "schedctl and schedd are of one version"
if version=$(schedctl version -o json) && json_is 'd["clientVersion"] == d["serverVersion"]' <<<"$version"; then
  pass
else
  fail "$version"
fi

# --- tasks ---
has "task list shows tasks" "OVERRIDE" schedctl task list
json "task list is valid JSON, with zero fields" \
  'len(d["tasks"]) > 5 and all("involuntarySwitchCount" in t["stats"] for t in d["tasks"])' \
  schedctl task list -o json
json "limit and order hold" \
  '[int(t["stats"]["runTimeNanos"]) for t in d["tasks"]] == sorted((int(t["stats"]["runTimeNanos"]) for t in d["tasks"]), reverse=True) and len(d["tasks"]) == 3' \
  schedctl task list -o json --sort run --limit 3
tid=$(schedctl task list --no-headers --filter 'comm = "hog*"' | awk 'NR == 1 { print $1 }')
begin "a filter finds a hog"
if [ -n "$tid" ]; then pass; else fail "no task list --filter 'comm = \"hog*\"'"; fi
json "task get by thread ID" "d['tid'] == $tid" schedctl task get "$tid" -o json
name=$(schedctl task get "$tid" -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["name"])')
json "task get by name" "d['name'] == '$name'" schedctl task get "$name" -o json
begin "task watch: each line is JSON, in sequence"
lines=$(schedctl task watch -o json --count 3 --interval 100ms)
if python3 -c '
import json, sys
updates = [json.loads(line) for line in sys.stdin]
numbers = [int(u["sequenceNumber"]) for u in updates]
assert len(updates) == 3 and numbers == sorted(set(numbers)) and all(u["tasks"] for u in updates), numbers
' <<<"$lines"; then pass; else fail "$lines"; fi

# --- boost and back ---
before=$(weight_of "$tid")
has "boost says what it did" "weight 400 for 1 task now" schedctl task boost --task "$tid" --weight 400 --id boosted
check "the weight is in force" wait_until 2 weight_is "$tid" 400
has "overrides lists it" "boosted" schedctl task overrides
json "overrides are valid JSON" 'd["taskOverrides"][0]["name"] == "taskOverrides/boosted"' \
  schedctl task overrides -o json
has "unboost" "boosted: removed" schedctl task unboost boosted
check "the weight is as before" wait_until 2 weight_is "$tid" "$before"
has "a dry run finds the tasks" "nothing was changed" schedctl task boost --comm "hog-a" --weight 400 --dry-run
json "a dry run changes nothing" 'd["taskOverrides"] == []' schedctl task overrides -o json
check "boost with a TTL" schedctl task boost --task "$tid" --weight 300 --ttl 300ms
check "the TTL ends it" wait_until 3 weight_is "$tid" "$before"
schedctl -q task boost --uid 0 --slice 3ms >/dev/null
schedctl -q task boost --cgroup / --weight 120 >/dev/null
has "unboost --all" "overrides removed" schedctl task unboost --all
json "nothing is left" 'd["taskOverrides"] == []' schedctl task overrides -o json

# --- policy ---
has "policy get" "base_slice             10ms" schedctl policy get
has "policy set shows old and new" "base_slice: 10ms -> 5ms" schedctl policy set base_slice=5ms --reason "a test"
json "the change is in force" \
  'd["parameters"]["baseSlice"] == "0.005s" and int(d["appliedGeneration"]) >= int(d["generation"])' \
  schedctl policy get -o json
has "several at once, by short enum name" "placement_mode: idle-bypass -> all-decisions" \
  schedctl policy set placement_mode=all-decisions dispatch_batch_count=64
has "back to the default" "base_slice: 5ms -> 10ms" schedctl policy set base_slice=default
has "a dry run of policy set" "nothing was changed" schedctl policy set base_slice=7ms --dry-run
has "a dry run of policy set left it" "base_slice             10ms" schedctl policy get
json "specs cover every parameter" \
  'len(d["parameterSpecs"]) == 9 and all(s["description"] for s in d["parameterSpecs"])' \
  schedctl policy specs -o json

# --- single values, more columns, and again when it changes ---
is "jsonpath of one value" "$(schedctl policy get -o jsonpath='{.parameters.baseSlice}')" "0.010s"
is "jsonpath of a list" "$(schedctl task list --filter 'comm = "hog*"' -o jsonpath='{range .tasks[*]}{.comm}{"\n"}{end}' | sort | tr '\n' ' ')" \
  "hog-a hog-b hog-c hog-d hog-e "
exits "jsonpath with a typing error" 2 schedctl status -o jsonpath='{.sate}'
exits "jsonpath of an item that is not there" 3 schedctl task list --filter 'tid = 1' -o jsonpath='{.tasks[0].name}'
has "policy get -o wide shows the bounds" "100us  100ms  10ms" schedctl policy get -o wide
has "policy specs -o wide shows the names" "parameterSpecs/base_slice" schedctl policy specs -o wide
begin "policy get --watch shows a change when it is in force"
schedctl policy get --watch --count 2 -o jsonpath='{.parameters.baseSlice}' >"$SIM/watch" 2>"$SIM/error" &
watcher=$!
wait_until 5 grep -q 0.010s "$SIM/watch"
schedctl -q policy set base_slice=6ms
wait "$watcher"
OUTPUT=$(cat "$SIM/watch" "$SIM/error")
if [ "$OUTPUT" = $'0.010s\n0.006s' ]; then pass; else fail "$OUTPUT"; fi
schedctl -q policy set base_slice=default
begin "task overrides --watch shows one that is made"
schedctl task overrides --watch --count 2 -o jsonpath='[{.taskOverrides[*].name}]' >"$SIM/watch" 2>"$SIM/error" &
watcher=$!
wait_until 5 grep -q '\[\]' "$SIM/watch"
schedctl -q task boost --comm hog-a --weight 150 --id seen >/dev/null
wait "$watcher"
OUTPUT=$(cat "$SIM/watch" "$SIM/error")
if [ "$OUTPUT" = $'[]\n[taskOverrides/seen]' ]; then pass; else fail "$OUTPUT"; fi
schedctl -q task unboost seen
json "task list --watch is a stream" 'len(d["tasks"]) > 5' schedctl task list --watch --count 1 -o json
is "task get --watch" "$(schedctl task get "$tid" --watch --count 2 -o jsonpath='{.tid}' | tr '\n' ' ')" "$tid $tid "

# --- scheduler ---
has "detach" "detached" schedctl scheduler detach --reason "a test"
has "detach again is no error" "detached" schedctl scheduler detach
json "status follows" 'd["state"] == "STATE_DETACHED"' schedctl status -o json
has "a dry run of attach" "nothing was attached" schedctl scheduler attach --dry-run
json "a dry run of attach left it detached" 'd["state"] == "STATE_DETACHED"' schedctl status -o json
has "attach" "attached" schedctl scheduler attach
json "scheduler watch begins with the state" \
  'd["scheduler"]["state"] == "STATE_ATTACHED" and d["sequenceNumber"] != "0"' \
  schedctl scheduler watch -o json --count 1
json "doctor asks schedd and knows this machine" \
  'd["checks"][-1]["result"] == "OK" and all(c["action"] or c["result"] == "OK" for c in d["checks"])' \
  schedctl doctor -o json

# --- colours: on a terminal only, and not with NO_COLOR ---
on_terminal() { # COMMAND…: its output on a pseudo-terminal
  python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$@" </dev/null
}
begin "colours on a terminal"
if [[ "$(on_terminal schedctl status)" == *$'\e[32mattached'* ]]; then pass; else fail "no green 'attached'"; fi
begin "no colours with NO_COLOR"
OUTPUT=$(NO_COLOR=1 on_terminal schedctl status)
if [[ "$OUTPUT" == *attached* && "$OUTPUT" != *$'\e['* ]]; then pass; else fail "$OUTPUT"; fi
begin "no colours in a pipe"
OUTPUT=$(schedctl status)
if [[ "$OUTPUT" == *attached* && "$OUTPUT" != *$'\e['* ]]; then pass; else fail "$OUTPUT"; fi
begin "task watch redraws on a terminal"
OUTPUT=$(on_terminal schedctl task watch --count 2 --interval 100ms --limit 3)
if [[ "$OUTPUT" == *$'\e[H'*$'\e[H'* ]]; then pass; else fail "$OUTPUT"; fi

# --- the end of schedd ends a watch with a sentence ---
begin "a watch ends when schedd ends"
schedctl task watch -o json --interval 100ms >"$SIM/watch" 2>"$SIM/error" &
watcher=$!
wait_until 5 test -s "$SIM/watch"
stop_sim
wait "$watcher"
code=$?
if [ "$code" = 7 ] && grep -q '^schedctl: ' "$SIM/error"; then pass; else fail "code $code, $(cat "$SIM/error")"; fi
finish
