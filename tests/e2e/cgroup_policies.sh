#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Policies of control groups on a real kernel, and the vital promises of the API: whose slices follow, an etag wins once, a retry is
# answered and not repeated, a refused change changes nothing, kill -9 loses nothing, a time-to-live ends at the exact values before.
# guest: cpus=2 mem=2G timeout=240 with=python beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

CGROUPS=/sys/fs/cgroup
POLICIES=schedd.v1.PolicyService
call() { nice -n -20 /usr/bin/python3 /usr/local/bin/reflection_client.py "unix://$SOCKET" call "$@"; }
hog_in() {
  hog env
  echo "$HOG" >"$CGROUPS/$1/cgroup.procs"
}
slice_is() { [ "$(ctl task get "$1" -o json | jq -r .stats.sliceNanos)" = "$2" ]; } # PID NANOS
slice_is_not() { ! slice_is "$@"; }
policy_of() { ctl task get "$1" -o json | jq -r .policy; }
# slices NAME PID NANOS: a case; the next decision brings the slice
slices() { check "$1" wait_until 10 slice_is "$2" "$3"; }
# What of a policy a change may touch, and when it was made.
values() { ctl policy get "$1" -o json | jq -cS '[.parameters, .effectiveParameters, .selector, .createTime]'; }
policies() { ctl policy list -o json | jq -cS '[.policies[] | del(.appliedGeneration, .applyTime)]'; }
# refuses NAME REASON METHOD JSON: a case; and the policies are as before
refuses() {
  local before
  before=$(policies)
  begin "$1"
  if OUTPUT=$(call "$POLICIES/$3" "$4" 2>&1); then
    fail "not refused: $OUTPUT"
  elif [[ "$OUTPUT" != *"\"$2\""* ]]; then
    fail "reason $2 expected: $OUTPUT"
  elif [ "$(policies)" != "$before" ]; then
    fail "refused, and something is changed: from $before to $(policies)"
  else
    pass
  fi
}

mkdir -p "$CGROUPS/a/inner" "$CGROUPS/b" "$CGROUPS/a/other"
start_schedd
hog_in a/other
A=$HOG
hog_in a/inner
INNER=$HOG
hog_in b
B=$HOG
hog_in b

# --- whose slices ---
check "a policy for /a" ctl policy create a --cgroup /a min_slice=3ms max_slice=3ms base_slice=3ms
slices "a task of /a has its slices" "$A" 3000000
slices "and one deeper in it" "$INNER" 3000000
check "a policy for /a/inner" ctl policy create inner --cgroup /a/inner min_slice=2ms max_slice=2ms base_slice=2ms
slices "the most specific one is in force" "$INNER" 2000000
slices "and the other one where it was" "$A" 3000000
is "others have the default" "$(policy_of "$B")" policies/default
check "with other slices" slice_is_not "$B" 3000000
exits_saying "and the reason is told" 0 "/a/inner" ctl task get "$INNER" --explain
echo "$INNER" >"$CGROUPS/b/cgroup.procs"
check "a task that moves to another cgroup has that one's" wait_until 10 eval '[ "$(policy_of "$INNER")" = policies/default ]'
check "and its slices" wait_until 10 slice_is_not "$INNER" 2000000

# --- refused, and nothing changed ---
refuses "a request ID that is none" INVALID_REQUEST_ID CreatePolicy '{"policyId":"x","policy":{"selector":{"cgroupPath":"/x"}},"requestId":"1"}'
refuses "a slice out of its range" PARAMETER_OUT_OF_RANGE UpdatePolicy '{"policy":{"name":"policies/a","parameters":{"baseSlice":"100s"}}}'
refuses "a second policy for the same cgroup" SELECTOR_EXISTS CreatePolicy '{"policyId":"x","policy":{"selector":{"cgroupPath":"/a"}}}'
refuses "an old etag" ETAG_MISMATCH UpdatePolicy '{"policy":{"name":"policies/a","etag":"old","parameters":{"maxSlice":"0.004s"}}}'
refuses "the default policy cannot go" DEFAULT_POLICY DeletePolicy '{"name":"policies/default"}'
refuses "a policy that is not there" POLICY_NOT_FOUND UpdatePolicy '{"policy":{"name":"policies/nobody","parameters":{"maxSlice":"0.004s"}}}'

# --- several writers, one etag ---
ETAG=$(ctl policy get a -o json | jq -r .etag)
WRITERS=()
for i in 1 2 3 4 5 6; do
  ctl policy set a max_slice=$((3 + i))ms --etag "$ETAG" >/dev/null 2>&1 &
  WRITERS+=($!)
done
WON=0 LOST=0
for writer in "${WRITERS[@]}"; do
  wait "$writer"
  case $? in 0) WON=$((WON + 1)) ;; 6) LOST=$((LOST + 1)) ;; esac
done
is "of six writers with the same etag one wins, the others hear why" "$WON $LOST" "1 5"

# --- a retry ---
ID=12345678-1234-4123-8123-123456789abc
REQUEST='{"policy":{"name":"policies/a","parameters":{"maxSlice":"0.003s"}},"requestId":"'$ID'"}'
FIRST=$(call "$POLICIES/UpdatePolicy" "$REQUEST")
REVISIONS=$(ctl policy history a -o json | jq '.policyRevisions | length')
is "a retry has the same answer" "$(call "$POLICIES/UpdatePolicy" "$REQUEST")" "$FIRST"
is "and changes nothing again" "$(ctl policy history a -o json | jq '.policyRevisions | length')" "$REVISIONS"

# --- kill -9 ---
BEFORE=$(values a)
kill -KILL "$SCHEDD"
wait "$SCHEDD" 2>/dev/null
start_schedd
# The dispatcher and the socket are those of the first one until the second has adopted it.
check "the second one answers" wait_until 20 ctl -q status
is "after kill -9 the policy is as it was" "$(values a)" "$BEFORE"
slices "and in force" "$A" 3000000

# --- a time-to-live ---
check "a change for 4 s" ctl policy set a min_slice=4ms max_slice=4ms base_slice=4ms --ttl 4s
slices "is in force" "$A" 4000000
check "ends by itself" wait_until 20 eval '[ "$(values a)" = "$BEFORE" ]'
slices "as the slices show" "$A" 3000000

# --- back ---
check "a rollback to the first revision" ctl policy rollback a "$(ctl policy history a -o json | jq -r '.policyRevisions[-1].generation')"
check "the policies go" eval 'ctl policy delete a && ctl policy delete inner'
is "then the default one is in force" "$(policy_of "$A")" policies/default
check "with its slices" wait_until 10 slice_is_not "$A" 3000000
end_hogs
stays_attached "attached"
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
