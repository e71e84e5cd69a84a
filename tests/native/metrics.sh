#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=120
# Metrics for Prometheus: what a scrape gets, that it is what the API says, and what goes wrong. Simulated machine; needs no root.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"
repo="$(dirname "$0")/../.."
docs="$repo/docs/metrics.md"

# Ports of TCP on which a process listens, one a line.
listening() { # PID
  python3 - "$1" <<'END'
import os, re, sys
folder = f"/proc/{sys.argv[1]}"
sockets = {re.sub(r"\D", "", os.readlink(f"{folder}/fd/{fd}")) for fd in os.listdir(folder + "/fd")
           if os.readlink(f"{folder}/fd/{fd}").startswith("socket:")}
for table in ("tcp", "tcp6"):
    with open(f"{folder}/net/{table}", encoding="ascii") as lines:
        for words in map(str.split, list(lines)[1:]):
            if words[3] == "0A" and words[9] in sockets:
                print(int(words[1].split(":")[1], 16))
END
}

start_with_metrics() { # sets $address
  start_sim --metrics-address 127.0.0.1:0 || exit 1
  address=$(sed -n 's/.* serving metrics address=\(.*\)/\1/p' "$SIM/log")
}

scrape() { curl -sS --max-time 10 "http://$address/metrics"; }

value() { # NAME[{LABELS}] [FILE]: of a scrape in the file
  awk -v name="$1" '$1 == name { print $2 }' "${2:-$SIM/scrape}"
}

# --- off by default ---
start_sim || exit 1
is "without the flag nothing listens on TCP" "$(listening "$SIM_PID")" ""
check "and no thread of an HTTP server runs" eval '! grep -q civetweb /proc/$SIM_PID/task/*/comm'
stop_sim

# --- a scrape ---
start_with_metrics
is "with it one port is open, the one that the log names" "127.0.0.1:$(listening "$SIM_PID")" "$address"
check "a scrape" eval 'scrape >"$SIM/scrape"'
is "schedd_up" "$(value schedd_up)" 1
is "schedd_attached" "$(value schedd_attached)" 1
is "the one state that is 1" "$(grep '^schedd_state{.*} 1$' "$SIM/scrape")" 'schedd_state{state="attached"} 1'
is "states in all" "$(grep -c '^schedd_state{' "$SIM/scrape")" 5
check "the build" grep -q "^schedd_build_info{version=\"$(schedd --version | cut -d' ' -f2)\",kernel_release=\"$(uname -r)\",policy=\"vruntime\"} 1\$" "$SIM/scrape"
# The row of the docs that is absent until an attachment has ended.
begin "every metric of docs/metrics.md is there, but for that of an exit"
OUTPUT=$(comm -3 <(sed -n 's/^| `\(schedd_[a-z_]*\).*/\1/p' "$docs" | sort) <(sed -n 's/^# TYPE \(schedd_[a-z_]*\) .*/\1/p' "$SIM/scrape" | sort))
if [ "$OUTPUT" = schedd_last_exit_timestamp_seconds ]; then pass; else fail "only in one of them: $OUTPUT"; fi

begin "a second scrape later: no counter fell, and what must move has moved"
passes=$(value schedd_scheduling_passes_total)
moved() { scrape >"$SIM/later" && [ "$(value schedd_scheduling_passes_total "$SIM/later")" -gt "$passes" ]; }
if ! wait_until 10 moved; then
  fail "schedd_scheduling_passes_total stayed $passes"
elif OUTPUT=$(python3 - "$SIM/scrape" "$SIM/later" 2>&1 <<'END'
import sys
def counters(path):
    lines = open(path, encoding="utf-8").read().splitlines()
    kinds = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")
            if kinds.get(name) == "counter"}
before, after = map(counters, sys.argv[1:])
assert len(before) > 25 and before.keys() == after.keys(), (before, after)
assert all(after[name] >= before[name] for name in before), [name for name in before if after[name] < before[name]]
END
); then
  pass
else
  fail "$OUTPUT"
fi

promtool=$("$repo/tools/setup/promtool" 2>"$SIM/promtool.log")
with_promtool() { # NAME COMMAND…: a case that is skipped without promtool
  begin "$1"
  shift
  if [ -z "$promtool" ]; then
    skip "$(cat "$SIM/promtool.log")"
  elif OUTPUT=$("$@" 2>&1); then
    pass
  else
    fail "$OUTPUT"
  fi
}
block() { sed -n "/^# $1\$/,/^\`\`\`\$/{/^\`\`\`/!p}" "$docs" >"$SIM/$1" && [ -s "$SIM/$1" ]; } # FILE: that the page shows
clean() { local said && said=$("$promtool" check metrics <"$SIM/later" 2>&1) && [ -z "$said" ] || { echo "$said" && false; }; }
with_promtool "promtool finds nothing to say about the metrics" clean
with_promtool "promtool takes the scrape configuration of docs/metrics.md" eval 'block prometheus.yml && "$promtool" check config "$SIM/prometheus.yml"'
with_promtool "promtool takes the rules of docs/metrics.md" eval 'block schedd.rules.yml && "$promtool" check rules "$SIM/schedd.rules.yml"'
begin "the rules ask for metrics that there are"
block schedd.rules.yml
OUTPUT=$(comm -23 <(grep -v summary: "$SIM/schedd.rules.yml" | grep -oE '\bschedd_[a-z_]+' | sort -u) <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$SIM/scrape" | sort))
if [ -z "$OUTPUT" ]; then pass; else fail "no such metrics: $OUTPUT"; fi

# --- the same as the API ---
agrees() { # NAME METRIC FIELD-EXPRESSION-OF-s: what was scraped lies between what the API said before and after
  begin "$1"
  if OUTPUT=$(python3 - "$(value "$2")" "$3" "$SIM/before" "$SIM/after" 2>&1 <<'END'
import json, sys
told, expression, *paths = sys.argv[1:]
before, after = (eval(expression, {"s": json.load(open(path, encoding="utf-8"))}) for path in paths)
assert float(before) <= float(told) <= float(after), f"{told} is not between {before} and {after}"
END
  ); then
    pass
  else
    fail "$2 and $3: $OUTPUT"
  fi
}
compare() { # NAME STATE
  schedctl status -o json >"$SIM/before"
  scrape >"$SIM/scrape"
  schedctl status -o json >"$SIM/after"
  agrees "$1: attachments" schedd_attachments_total 's["attachCount"]'
  agrees "$1: generation" schedd_policy_generation 's["policyGeneration"]'
  agrees "$1: state" 'schedd_state{state="'"$2"'"}' 'int(s["state"] == "STATE_'"${2^^}"'")'
  agrees "$1: reattachments, most" schedd_reattachments_limit 's["reattachLimit"]'
}
schedctl -q policy set base_slice=5ms
compare "attached" attached
agrees "attached: degraded time" schedd_degraded_seconds_total 's["counters"]["degradedDuration"][:-1]'
agrees "attached: CPU time of the daemon" schedd_daemon_cpu_seconds_total 's["daemonCpuDuration"][:-1]'
agrees "attached: context switches of the daemon" schedd_daemon_voluntary_switches_total 's["counters"]["daemonVoluntarySwitchCount"]'
agrees "attached: decision latencies" schedd_decision_latency_seconds_count 's["counters"]["decisionLatencyCount"]'
agrees "attached: all of them are in the buckets" 'schedd_decision_latency_seconds_bucket{le="+Inf"}' 's["counters"]["decisionLatencyCount"]'
agrees "attached: tasks without a slot" schedd_tasks_refused_total 's["counters"]["tableFullCount"]'
schedctl -q scheduler detach
compare "detached" detached
is "detached: not attached" "$(value schedd_attached)" 0
is "detached: no counters" "$(grep -c '^schedd_events_total\|^schedd_degraded\|^schedd_tasks' "$SIM/scrape")" 0
schedctl -q scheduler attach
compare "attached again" attached
is "attached again: twice in all" "$(value schedd_attachments_total)" 2

# --- addresses that are none, ports that are taken ---
exits_saying "address without a port" 2 "it has no port" schedd --kernel=sim --metrics-address 9464
exits_saying "host name" 2 "--metrics-address: 'example.org:9464'" schedd --kernel=sim --metrics-address example.org:9464
exits_saying "port that is none" 2 "from 0 to 65535" schedd --kernel=sim --metrics-address 127.0.0.1:65536
printf 'metrics_address: "127.0.0.1"\n' >"$SIM/bad.conf"
exits_saying "in the file, with line and column" 2 "$SIM/bad.conf:1:" schedd --config "$SIM/bad.conf"
printf 'metrics_address: "127.0.0.1:9464"\n' >"$SIM/good.conf"
exits "a file that is right" 0 schedd --config "$SIM/good.conf" --check-config
second=(schedd --kernel=sim --listen "unix://$SIM/second.sock" --state-dir "$SIM/second")
exits_saying "port in use" 8 "$address: Address already in use; end the program that uses it, or choose another port" \
  "${second[@]}" --metrics-address "$address"
exits_saying "an address of another machine" 8 "an address that this machine has" "${second[@]}" --metrics-address 192.0.2.1:9464
check "the one that has the port goes on" eval 'scrape | grep -qx "schedd_up 1"'
check "the others left no socket" test ! -e "$SIM/second.sock"

# --- the end ---
begin "a replacing daemon takes the port over"
old=$SIM_PID
schedd --kernel=sim --listen "$SCHEDD_ENDPOINT" --state-dir "$SIM/state" --metrics-address "$address" --replace 2>"$SIM/log" &
SIM_PID=$!
wait "$old"
code=$?
if [ "$code" = 0 ] && wait_until 10 eval 'scrape | grep -qx "schedd_attached 1"' && [ "127.0.0.1:$(listening "$SIM_PID")" = "$address" ]; then
  pass
else
  fail "the old one ended with $code; the new one: $(cat "$SIM/log")"
fi

exec 3<>"/dev/tcp/${address%:*}/${address#*:}" # says nothing, and stays
printf 'GET /metrics' >&3
for _ in 1 2 3 4; do
  while scrape >/dev/null 2>&1; do :; done &
done
begin "SIGTERM during scrapes ends it with 0 within 2 s"
before=$(date +%s%N)
kill -TERM "$SIM_PID"
wait "$SIM_PID"
code=$?
took_ms=$((($(date +%s%N) - before) / 1000000))
SIM_PID=''
if [ "$code" = 0 ] && [ "$took_ms" -lt 2000 ]; then pass; else fail "exit code $code after $took_ms ms: $(cat "$SIM/log")"; fi
exec 3>&-
wait
begin "the next one gets the port, connections that were cut or not"
if start_sim --metrics-address "$address" && wait_until 10 scrape; then pass; else fail "$(cat "$SIM/log")"; fi
stop_sim
finish
