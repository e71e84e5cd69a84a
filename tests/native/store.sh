#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=180
# What callers changed outlasts schedd: kill -9 at any moment, damaged and locked files. On a simulated machine.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"

db="$SIM/state/schedd-sim.db"
second_pid=''
trap '[ -z "$second_pid" ] || kill -KILL "$second_pid" 2>/dev/null; stop_sim; rm -rf "$SIM"' EXIT

kill_sim() {
  kill -KILL "$SIM_PID"
  wait "$SIM_PID" 2>/dev/null
  SIM_PID=''
}

restart() { # FLAG…: kill -9 and a new start
  [ -z "$SIM_PID" ] || kill_sim
  start_sim "$@" || exit 1
}

field() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
policy() { schedctl policy get -o json | field '[d["generation"], d["etag"], sorted(d["parameters"].items())]'; }
overrides() { # all that a caller sees, but how many tasks match now
  schedctl task overrides -o json |
    field '[sorted((k, str(v)) for k, v in o.items() if k != "matchedTaskCount") for o in d["taskOverrides"]]'
}
count() { schedctl task overrides -o json | field 'len(d["taskOverrides"])'; }
base_slice() { schedctl policy get -o json | field 'd["parameters"]["baseSlice"]'; }
generation() { schedctl policy get -o json | field 'd["generation"]'; }

# --- a life after SIGKILL ---
start_sim || exit 1
schedctl -q policy set base_slice=5ms
schedctl -q task boost --comm hog-a --weight 400 --ttl 1h --id with-ttl >/dev/null
schedctl -q task boost --comm hog-a --weight 300 --slice 3ms --id newer >/dev/null
schedctl -q task boost --uid 0 --weight 50 >/dev/null
schedctl -q task boost --cgroup / --weight 60 --id gone >/dev/null
schedctl -q task unboost gone
is "the state directory is for its owner alone" "$(stat -c %a "$SIM/state")" 700
policy_before=$(policy) overrides_before=$(overrides)
is "there is something to lose" "$(count)" 3
restart
is "the policy is as it was" "$(policy)" "$policy_before"
is "the overrides are as they were" "$(overrides)" "$overrides_before"
hog_override() { schedctl task list -o json --filter 'comm = "hog-a"' | field 'd["tasks"][0]["taskOverride"]'; }
check "the newer one of two is in force again" wait_until 5 eval '[ "$(hog_override)" = taskOverrides/newer ]'
begin "an ID that schedd chooses is a new one"
name=$(schedctl -q task boost --comm nobody --weight 5)
case "$overrides_before" in *"/$name'"*) fail "$name was there before" ;; *) pass ;; esac
etag=$(schedctl policy get -o json | field 'd["etag"]')
restart
check "an etag is good over a restart" schedctl policy set base_slice=6ms --etag "$etag"
exits "but not twice" 6 schedctl policy set base_slice=7ms --etag "$etag"
stop_sim
start_sim || exit 1
is "SIGTERM keeps it as well" "$(base_slice)" 0.006s

# --- time goes on while nobody runs ---
schedctl -q task boost --comm nobody --weight 5 --ttl 500ms --id short >/dev/null
left=$(($(count) - 1))
kill_sim
sleep 0.6
start_sim || exit 1
is "an override that expired meanwhile is gone" "$(count)" "$left"
check "the log says so" grep -q "taskOverrides/short expired while schedd was not running" "$SIM/log"

# --- the configuration ---
before=$(generation)
restart --set base_slice=8ms
is "a changed configuration wins" "$(base_slice)" 0.008s
check "as a new generation" test "$(generation)" -gt "$before"
check "the log says so" grep -q "because the configuration has changed: base_slice 6ms -> 8ms" "$SIM/log"
schedctl -q policy set base_slice=9ms
restart --set base_slice=8ms
is "what a caller changed wins over an unchanged one" "$(base_slice)" 0.009s

# --- killed at any moment, while three callers write ---
write_overrides() { # ROUND
  local i
  for i in $(seq 100); do
    schedctl -q task boost --comm writer --weight "$i" --id "w$1-$i" >>"$SIM/acknowledged" 2>/dev/null || return 0
  done
}
write_policy() { # ROUND
  local i
  for i in $(seq 100); do
    schedctl policy set "base_slice=$((1000 + 100 * $1 + i))us" -o json >"$SIM/reply" 2>/dev/null || return 0
    field 'd["generation"], d["etag"]' <"$SIM/reply" >>"$SIM/generations" || return 0
  done
}
remove_overrides() { # ROUND: those of the round before
  local name
  grep "^w$(($1 - 1))-" "$SIM/acknowledged" | while read -r name; do
    echo "$name" >>"$SIM/removing"
    schedctl -q task unboost "$name" 2>/dev/null || return 0
    echo "$name" >>"$SIM/removed"
  done
}
touch "$SIM/acknowledged" "$SIM/removing" "$SIM/removed" "$SIM/generations"
lost='' last=$(generation)
for round in $(seq 20); do
  jobs_of_round=()
  for job in write_overrides write_policy remove_overrides; do
    "$job" "$round" &
    jobs_of_round+=($!)
  done
  sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
  kill_sim
  wait "${jobs_of_round[@]}"
  restart --set base_slice=8ms
  now=$(generation)
  [ "$now" -ge "$last" ] || lost+="round $round: generation $now after $last; "
  last=$now
done
begin "generations never went back in 20 rounds"
if [ -z "$lost" ]; then pass; else fail "$lost"; fi
begin "the writers were answered, so that there was something to lose"
answers=$(wc -l <"$SIM/acknowledged") removals=$(wc -l <"$SIM/removed") policies=$(wc -l <"$SIM/generations")
echo "acknowledged: $answers overrides, $removals removals, $policies policies" >&2
if [ "$answers" -gt 20 ] && [ "$removals" -gt 5 ] && [ "$policies" -gt 10 ]; then
  pass
else
  fail "$answers overrides, $removals removals, $policies policies"
fi
schedctl task overrides -o json | field '"\n".join(o["name"].split("/")[1] for o in d["taskOverrides"])' | sort >"$SIM/there"
is "each acknowledged override is there, unless its removal was asked for" \
  "$(sort -u "$SIM/acknowledged" | comm -23 - <(sort -u "$SIM/removing") | comm -23 - "$SIM/there")" ""
is "each acknowledged removal holds" "$(sort -u "$SIM/removed" | comm -12 - "$SIM/there")" ""
begin "the policy is the one acknowledged last, or newer"
newest=$(tail -n 1 "$SIM/generations")
if schedctl policy get -o json | json_is "(int(d['generation']), d['etag']) == (int(($newest)[0]), ($newest)[1]) or int(d['generation']) > int(($newest)[0])"; then
  pass
else
  fail "$(policy), want $newest"
fi
is "each generation was given once, in order" "$(tr -dc '0-9\n,' <"$SIM/generations" | cut -d, -f1)" \
  "$(tr -dc '0-9\n,' <"$SIM/generations" | cut -d, -f1 | sort -nu)"

# --- one daemon a file ---
start_second() { # NAME STATE_DIRECTORY: a case of its own; not by check, which would wait for the daemon's end
  begin "$1"
  schedd --kernel=sim --listen "unix://$SIM/second.sock" --state-dir "$2" 2>"$SIM/second.log" &
  second_pid=$!
  if wait_until 10 schedctl -q --endpoint "unix://$SIM/second.sock" status; then pass; else fail "$(cat "$SIM/second.log")"; fi
}
end_second() {
  kill -TERM "$second_pid"
  wait "$second_pid"
  second_pid=''
}
start_second "a second daemon on the same directory runs" "$SIM/state"
exits "its changes are refused" 7 schedctl --endpoint "unix://$SIM/second.sock" policy set base_slice=5ms
check "with what to do, and the reason" grep -q "another process uses it: end that one.*STORE_UNAVAILABLE" <<<"$OUTPUT"
check "and its log warns" grep -q '^W.*changes will be refused' "$SIM/second.log"
check "the first one's are not" schedctl policy set base_slice=5ms
end_second

# --- files and directories that are of no use ---
stop_sim
dd if=/dev/urandom of="$db" bs=1024 count=8 conv=notrunc status=none
start_sim || exit 1
is "a damaged file: the configuration" "$(base_slice) $(count)" "0.010s 0"
check "it is put aside" test -s "$(echo "$db".corrupt-*Z)"
check "and the log warns" grep -q '^W.*stored changes were damaged.*corrupt-' "$SIM/log"
schedctl -q policy set base_slice=4ms
restart
is "changes are stored in a new one" "$(base_slice)" 0.004s

: >"$SIM/file"
start_second "a directory that cannot be made: a simulated machine runs" "$SIM/file/state"
check "and can be changed" schedctl --endpoint "unix://$SIM/second.sock" policy set base_slice=5ms
check "but warns" grep -q '^W.*changes will not outlast this daemon' "$SIM/second.log"
end_second

finish
