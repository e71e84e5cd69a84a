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

# --- policies of control groups, revisions, the audit log ---
cgroup=$(schedctl task get "$tid" -o jsonpath='{.cgroupPath}')
has "a dry run of policy create" "nothing was changed" schedctl policy create hogs --cgroup "$cgroup" base_slice=3ms --dry-run
json "a dry run of policy create made nothing" 'len(d["policies"]) == 1' schedctl policy list -o json
has "policy create" "hogs: base_slice=3ms for the tasks of $cgroup and below" \
  schedctl policy create hogs --cgroup "/sys/fs/cgroup$cgroup" base_slice=3ms --reason "a test"
exits "policy create of one that exists" 6 schedctl policy create hogs --cgroup "$cgroup"
is "policy list has the more specific one first" "$(schedctl policy list --no-headers | awk '{ print $1 }' | tr '\n' ' ')" "hogs default "
has "policy get of it says what it inherits" "inherited" schedctl policy get hogs
is "policy get of it says what it sets" "$(schedctl policy get hogs | awk '$3 == "here" { print $1, $2 }')" "base_slice 3ms"
explained() { [ "$(schedctl task get "$tid" --explain | awk '$1 == "base_slice" { print $2, $3 }')" = "$1" ]; }
check "task get --explain says that it applies" wait_until 5 explained "3ms policies/hogs"
json "and what comes from the default policy" \
  'd["policy"] == "policies/hogs" and {"name": "max_slice", "value": "40ms", "from": "policies/default"} in d["settings"]' \
  schedctl task get "$tid" --explain -o json
first=$(schedctl policy get hogs -o jsonpath='{.generation}')
has "policy set of it" "base_slice: 3ms -> 4ms" schedctl policy set hogs base_slice=4ms max_slice=20ms --reason "another test"
has "policy history says why" "another test" schedctl policy history hogs
json "policy history as JSON" \
  '[r["endCause"] for r in d["policyRevisions"]] == ["END_CAUSE_UNSPECIFIED", "END_CAUSE_SUPERSEDED"]' schedctl policy history hogs -o json
has "policy diff" "max_slice   inherited" schedctl policy diff hogs "$first"
exits "policy diff --exit-code" 1 schedctl policy diff hogs "$first" --exit-code
exits "policy diff without it" 0 schedctl policy diff hogs "$first"
exits "policy diff with a revision that is not there" 3 schedctl policy diff hogs 999999
has "a dry run of policy rollback" "nothing was changed" schedctl policy rollback hogs "$first" --dry-run
has "policy rollback" "max_slice: 20ms -> inherited" schedctl policy rollback hogs "$first" --reason "back"
is "policy rollback is in force" "$(schedctl policy get hogs -o jsonpath='{.effectiveParameters.baseSlice} {.effectiveParameters.maxSlice}')" "0.003s 0.040s"
exits "policy rollback to what is not known to be good" 3 schedctl policy rollback hogs known-good
has "policy set --ttl" "temporary values until" schedctl policy set hogs base_slice=6ms --ttl 300ms
lapsed() { [ "$(schedctl policy get hogs -o jsonpath='{.parameters.baseSlice}')" = 0.003s ]; }
check "its ttl ends it" wait_until 5 lapsed
has "policy history says so" "expired" schedctl policy history hogs
has "a dry run of policy delete" "nothing was changed" schedctl policy delete hogs --dry-run
has "policy delete" "hogs: removed" schedctl policy delete hogs
exits "policy get of what was deleted" 3 schedctl policy get hogs
exits "policy delete of the default policy" 5 schedctl policy delete default
check "its tasks fall to the default policy" wait_until 5 explained "10ms policies/default"
json "audit shows the calls, the newest first" \
  '[e["method"].split("/")[-1] for e in d["auditEntries"][:3]] == ["DeletePolicy", "DeletePolicy", "UpdatePolicy"]' schedctl audit -o json
is "audit shows who, and the result" "$(schedctl audit --limit 2 --no-headers | awk '{ print $3, $6, $7 }' | sed "s/uid:$(id -u)/me/" | tr '\n' ' ')" \
  "me policies/default FAILED_PRECONDITION me policies/hogs OK "
json "audit --refused leaves none of these" 'd["auditEntries"] == []' schedctl audit --refused -o json

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
