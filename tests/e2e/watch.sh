#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What programs read: task list and task watch as JSON, with every field of the API; and a client that is not ours.
# guest: cpus=2 mem=2G timeout=180 with=python beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

TARGET="unix://$SOCKET"
fields() { python3 "$(dirname "$0")/json_fields.py" "$TARGET" "$1"; }
call() { python3 /usr/local/bin/reflection_client.py "$TARGET" call "$@" --deadline 30; }

start_schedd
hog env
GONE=$HOG
hog env

begin "task list -o json is one JSON document"
if ctl task list -o json >/tmp/list && [ "$(jq -s length /tmp/list)" = 1 ]; then pass; else fail "$(head /tmp/list)"; fi
begin "each task has every documented field"
if jq -c '.tasks[]' /tmp/list | fields schedd.v1.Task >/tmp/out 2>&1; then pass; else fail "$(cat /tmp/out)"; fi
is "its numbers are the kernel's: nice, tgid, comm, uid" \
  "$(jq -r --argjson tid "$HOG" '.tasks[] | select(.tid == $tid) | "\(.nice) \(.tgid) \(.comm) \(.uid)"' /tmp/list)" \
  "0 $HOG hog 0"
begin "every task that sched_ext has is in it"
jq -r '.tasks[].tid' /tmp/list >/tmp/listed
MISSING=''
for task in /proc/[0-9]*/task/*; do
  # Those that began after the list was made do not count.
  grep -qs '^ext.enabled *: *1$' "$task/sched" && [ ! "$task" -nt /tmp/list ] || continue
  grep -qx "${task##*/}" /tmp/listed || MISSING+="${task##*/} ($(cat "$task/comm")) "
done
if [ -z "$MISSING" ] && [ "$(wc -l </tmp/listed)" -gt 40 ]; then pass; else fail "missing: $MISSING; listed: $(wc -l </tmp/listed)"; fi

begin "task watch -o json --count 3 ends by itself"
(sleep 2 && kill -KILL "$GONE") &
if ctl task watch -o json --count 3 --interval 2s >/tmp/watch; then pass; else fail "exit code $?"; fi
is "each of its three lines is one JSON document" "$(jq -c . /tmp/watch | wc -l) $(wc -l </tmp/watch)" "3 3"
check "sequence numbers rise" jq -es 'map(.sequenceNumber | tonumber) | . as $n | [range(1; length)] | all($n[.] > $n[. - 1])' /tmp/watch
check "so do the times" jq -es 'map(.collectTime) | . == sort and (unique | length) == 3' /tmp/watch
check "a gap in them is the number of updates skipped" jq -es '. as $m | [range(1; length)] | all(($m[.].sequenceNumber | tonumber)
  - ($m[. - 1].sequenceNumber | tonumber) - 1 == ($m[.].skippedUpdateCount | tonumber))' /tmp/watch
check "run time of a hog grows from one to the next" jq -es --argjson tid "$HOG" \
  '[.[].tasks[] | select(.tid == $tid) | .stats.runTimeNanos | tonumber] | length == 3 and .[0] < .[1] and .[1] < .[2]' /tmp/watch
check "a task that ended is reported once" jq -es --arg tid "$GONE" \
  '[.[].exitedTasks[] | select(startswith("tasks/\($tid)-"))] | length == 1' /tmp/watch
begin "each update has every documented field"
if fields schedd.v1.WatchTasksResponse </tmp/watch >/tmp/out 2>&1; then pass; else fail "$(cat /tmp/out)"; fi
begin "so has the status"
if ctl status -o json | jq -c '.reattachTime = "" | if has("lastExit") then . else .lastExit = {"kind": "", "reason": "", "message": "", "exitTime": "", "dumpPath": ""} end' |
  fields schedd.v1.Scheduler >/tmp/out 2>&1; then pass; else fail "$(cat /tmp/out)"; fi

check "a client that is not ours lists the services" sh -c "python3 /usr/local/bin/reflection_client.py '$TARGET' list | grep -x schedd.v1.TaskService"
is "it calls GetScheduler" "$(call schedd.v1.SchedulerService/GetScheduler '{"name":"schedulers/default"}' | jq -r .state)" STATE_ATTACHED
is "it calls ListTasks" \
  "$(call schedd.v1.TaskService/ListTasks "{\"filter\":\"tid = $HOG\"}" | jq -r '.tasks[0].comm')" hog
is "it calls UpdatePolicy" "$(call schedd.v1.PolicyService/UpdatePolicy \
  '{"policy":{"name":"policies/default","parameters":{"base_slice":"0.005s"}},"update_mask":"parameters.baseSlice"}' |
  jq -r .parameters.base_slice)" 0.005s
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
