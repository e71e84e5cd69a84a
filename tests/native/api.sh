#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=240
# The API through a client that is not ours and knows only server reflection. Simulated machine; needs no root.
. "$(dirname "$0")/../e2e/lib.sh"

dir=$(mktemp -d /tmp/schedd_api.XXXXXX)
target="unix://$dir/schedd.sock"
schedd --kernel=sim --state-dir "$dir" --listen "$target" 2>"$dir/log" &
pid=$!
trap 'kill $pid 2>/dev/null; rm -rf "$dir"' EXIT
wait_until 10 grep -q "attached" "$dir/log"

scheduler=schedd.v1.SchedulerService tasks=schedd.v1.TaskService policies=schedd.v1.PolicyService

client() { /usr/bin/python3 "$(dirname "$0")/reflection_client.py" "$target" "$@"; }
call() { client call "$@"; }
field() { python3 -c 'import json,sys; v=json.loads(sys.stdin.readline()); print(eval(sys.argv[1], {"v": v, "len": len}))' "$1"; }

# gives NAME EXPRESSION WANT METHOD [JSON [OPTION…]]: a call that succeeds; EXPRESSION of its first message v
gives() {
  local name="$1" expression="$2" want="$3" got
  shift 3
  begin "$name"
  if ! OUTPUT=$(call "$@" 2>&1); then
    fail "refused: $OUTPUT"
  elif got=$(field "$expression" <<<"$OUTPUT" 2>&1) && [ "$got" = "$want" ]; then
    pass
  else
    fail "$expression is '$got', want '$want', of: $OUTPUT"
  fi
}

# refuses NAME CODE REASON TEXT METHOD JSON: a call that is refused with code, reason, and a sentence
refuses() {
  local name="$1" code="$2" reason="$3" text="$4" got
  shift 4
  begin "$name"
  OUTPUT=$(call "$@" 2>&1)
  if [ $? != 1 ]; then
    fail "not refused: $OUTPUT"
    return
  fi
  got=$(field 'v["code"] + " " + next((d["reason"] for d in v["details"] if "reason" in d), "none")' <<<"$OUTPUT" 2>&1)
  case "$OUTPUT" in *"$text"*) ;; *) got="$got without the words '$text'" ;; esac
  if [ "$got" = "$code $reason" ]; then pass; else fail "got $got, want $code $reason: $OUTPUT"; fi
}

# --- what a stranger sees ---
is "the services are listed" "$(client list | tr '\n' ' ')" \
  "grpc.health.v1.Health grpc.reflection.v1alpha.ServerReflection $policies $scheduler $tasks "
is "health says serving" "$(client health)" SERVING
gives "the scheduler is attached" 'v["state"]' STATE_ATTACHED $scheduler/GetScheduler '{"name":"schedulers/default"}'
gives "there are tasks" 'len(v["tasks"]) > 5' True $tasks/ListTasks
gives "a page has the size asked" 'len(v["tasks"])' 2 $tasks/ListTasks '{"pageSize":2}'
gives "a mask leaves what was asked" 'sorted(v["tasks"][0]) == ["comm", "stats"] and list(v["tasks"][0]["stats"])' \
  "['run_time_nanos']" $tasks/ListTasks '{"readMask":"comm,stats.runTimeNanos"}'
gives "a filter picks" 'len({t["comm"] for t in v["tasks"]})' 1 $tasks/ListTasks '{"filter":"comm = \"hog-a\""}'
gives "the parameters are described" 'len(v["parameter_specs"])' 9 $policies/ListParameterSpecs
gives "a new base_slice is in force when the reply comes" \
  'v["parameters"]["base_slice"], int(v["applied_generation"]) >= int(v["generation"])' "('0.005s', True)" \
  $policies/UpdatePolicy '{"policy":{"name":"policies/default","parameters":{"baseSlice":"0.005s"}}}'
gives "validate_only changes nothing" 'v["parameters"]["base_slice"]' 0.007s $policies/UpdatePolicy \
  '{"policy":{"name":"policies/default","parameters":{"baseSlice":"0.007s"}},"validateOnly":true}'
gives "as the policy shows" 'v["parameters"]["base_slice"]' 0.005s $policies/GetPolicy '{"name":"policies/default"}'
gives "an override is made" 'v["name"], v["weight"], v["matched_task_count"]' "('taskOverrides/boost', 400, 1)" \
  $tasks/CreateTaskOverride '{"taskOverrideId":"boost","taskOverride":{"selector":{"comm":"hog-a"},"weight":400,"ttl":"60s"}}'
gives "its task has the weight" 'v["tasks"][0]["weight"]' 400 $tasks/ListTasks '{"filter":"comm = \"hog-a\""}'
gives "the override goes" 'v' '{}' $tasks/DeleteTaskOverride '{"name":"taskOverrides/boost"}'

gives "a policy of a control group is made, and inherits" \
  'v["name"], v["effective_parameters"]["base_slice"], v["effective_parameters"]["max_slice"]' "('policies/db', '0.003s', '0.040s')" \
  $policies/CreatePolicy '{"policyId":"db","policy":{"selector":{"cgroupPath":"/system.slice/db"},"parameters":{"baseSlice":"0.003s"}}}'
made=$(field 'v["generation"]' <<<"$OUTPUT")
gives "its tasks have it" 'v["tasks"][0]["policy"]' policies/db $tasks/ListTasks '{"filter":"comm = \"db-main\""}'
gives "the policies are listed, the most specific one first" '[p["name"] for p in v["policies"]]' \
  "['policies/db', 'policies/default']" $policies/ListPolicies
gives "values for a time" '"expire_time" in v' True $policies/UpdatePolicy \
  '{"policy":{"name":"policies/db","parameters":{"baseSlice":"0.004s"}},"ttl":"600s","reason":"trial"}'
gives "a rollback" 'v["parameters"]["base_slice"], "expire_time" in v' "('0.003s', False)" \
  $policies/RollbackPolicy "{\"name\":\"policies/db\",\"revisionId\":\"$made\"}"
gives "what was is kept" '[r["parameters"]["base_slice"] for r in v["policy_revisions"]], v["policy_revisions"][1]["end_cause"]' \
  "(['0.003s', '0.004s', '0.003s'], 'END_CAUSE_ROLLED_BACK')" $policies/ListPolicyRevisions '{"parent":"policies/db"}'
gives "the policy goes" 'v' '{}' $policies/DeletePolicy '{"name":"policies/db"}'
gives "the audit log has the last change first" '[e["method"].split("/")[-1] for e in v["audit_entries"]]' \
  "['DeletePolicy', 'RollbackPolicy']" $scheduler/ListAuditEntries '{"pageSize":2}'

begin "WatchTasks sends numbered updates"
OUTPUT=$(call $tasks/WatchTasks '{"updateInterval":"0.1s","maxTaskCount":1,"readMask":"comm"}' --count 3)
got=$(python3 -c 'import json,sys; print([(json.loads(l)["sequence_number"], len(json.loads(l)["tasks"])) for l in sys.stdin])' <<<"$OUTPUT")
if [ "$got" = "[('1', 1), ('2', 1), ('3', 1)]" ]; then pass; else fail "$got of $OUTPUT"; fi
refuses "an event that nobody knows any more" OUT_OF_RANGE SEQUENCE_COMPACTED "watch without resume_sequence_number" \
  $scheduler/WatchScheduler '{"name":"schedulers/default","resumeSequenceNumber":"5"}'
gives "WatchScheduler begins with the state" 'v["scheduler"]["state"]' STATE_ATTACHED \
  $scheduler/WatchScheduler '{"name":"schedulers/default"}' --count 1

# --- bad input: each its code, its reason, and a sentence ---
update() { printf '{"policy":{"name":"policies/default","parameters":{%s},"etag":"%s"},"updateMask":"%s"}' "$1" "${2:-}" "${3:-}"; }
override() { printf '{"taskOverride":{"selector":{"comm":"x"},%s}}' "$1"; }
refuses "unknown scheduler" NOT_FOUND SCHEDULER_NOT_FOUND schedulers/default $scheduler/GetScheduler '{"name":"schedulers/x"}'
refuses "unknown parameter" INVALID_ARGUMENT UNKNOWN_PARAMETER base_slice $policies/UpdatePolicy "$(update '' '' parameters.baseSlize)"
refuses "value out of range" INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE "100us to 100ms" $policies/UpdatePolicy "$(update '"baseSlice":"9s"')"
refuses "no such policy" NOT_FOUND POLICY_NOT_FOUND policies/x $policies/GetPolicy '{"name":"policies/x"}'
refuses "no such revision" NOT_FOUND REVISION_NOT_FOUND ListPolicyRevisions $policies/RollbackPolicy '{"name":"policies/default","revisionId":"999"}'
refuses "policy of no control group" INVALID_ARGUMENT INVALID_SELECTOR "is empty" $policies/CreatePolicy '{"policyId":"x"}'
refuses "deleting the default policy" FAILED_PRECONDITION DEFAULT_POLICY "cannot be deleted" $policies/DeletePolicy '{"name":"policies/default"}'
refuses "request ID that is none" INVALID_ARGUMENT INVALID_REQUEST_ID uuidgen $policies/DeletePolicy '{"name":"policies/x","requestId":"x"}'
refuses "stale etag" ABORTED ETAG_MISMATCH "read it again" $policies/UpdatePolicy "$(update '"baseSlice":"0.006s"' stale)"
refuses "no such task" NOT_FOUND TASK_NOT_FOUND "tasks/1-1" $tasks/GetTask '{"name":"tasks/1-1"}'
refuses "name that is none" INVALID_ARGUMENT INVALID_NAME tasks/ $tasks/GetTask '{"name":"nginx"}'
refuses "weight 0" INVALID_ARGUMENT INVALID_OVERRIDE weight $tasks/CreateTaskOverride "$(override '"weight":0')"
refuses "weight 10001" INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE 10000 $tasks/CreateTaskOverride "$(override '"weight":10001')"
refuses "TTL of -1 s" INVALID_ARGUMENT INVALID_EXPIRATION ttl $tasks/CreateTaskOverride "$(override '"weight":5,"ttl":"-1s"')"
refuses "override of everything" INVALID_ARGUMENT INVALID_SELECTOR selector $tasks/CreateTaskOverride '{"taskOverride":{"weight":5}}'
refuses "override that is not there" NOT_FOUND OVERRIDE_NOT_FOUND nope $tasks/GetTaskOverride '{"name":"taskOverrides/nope"}'
refuses "filter with a syntax error" INVALID_ARGUMENT INVALID_FILTER comm $tasks/ListTasks '{"filter":"comm ="}'
refuses "order by an unknown field" INVALID_ARGUMENT INVALID_ORDER size $tasks/ListTasks '{"orderBy":"size"}'
refuses "negative page size" INVALID_ARGUMENT INVALID_PAGE_SIZE page_size $tasks/ListTasks '{"pageSize":-1}'
refuses "page token that is none" INVALID_ARGUMENT INVALID_PAGE_TOKEN page_token $tasks/ListTasks '{"pageToken":"x"}'
refuses "unknown field in a mask" INVALID_ARGUMENT UNKNOWN_FIELD cgroup_path $tasks/ListTasks '{"readMask":"cgroup"}'
refuses "interval too short" INVALID_ARGUMENT INVALID_INTERVAL "100ms to 1m" $tasks/WatchTasks '{"updateInterval":"0.01s"}'
gives "nothing of that changed the policy" 'v["parameters"]["base_slice"]' 0.005s $policies/GetPolicy '{"name":"policies/default"}'
gives "nor made an override" 'v' '{}' $tasks/ListTaskOverrides

# --- detached, and the end ---
gives "detach" 'v["state"]' STATE_DETACHED $scheduler/DetachScheduler '{"name":"schedulers/default"}'
refuses "no tasks while detached" FAILED_PRECONDITION SCHEDULER_DETACHED attach $tasks/ListTasks '{}'
gives "attach again" 'v["state"], v["attach_count"]' "('STATE_ATTACHED', '2')" $scheduler/AttachScheduler '{"name":"schedulers/default"}'
call $tasks/WatchTasks '{"updateInterval":"0.1s","maxTaskCount":1,"readMask":"comm"}' >"$dir/stream" &
reader=$!
wait_until 5 grep -q sequence_number "$dir/stream"
kill -TERM $pid
wait $reader
OUTPUT=$(tail -1 "$dir/stream")
begin "a stream learns that the daemon goes"
case "$OUTPUT" in *'"UNAVAILABLE"'*'"DRAINING"'*) pass ;; *) fail "$OUTPUT" ;; esac

finish
