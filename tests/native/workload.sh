#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=120
# schedd --kernel=sim with a workload from a file, and with a clock of its own speed.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"

workloads=$(cd "$(dirname "$0")/../../workloads" && pwd)
field() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
comms() { schedctl task list -o json | field 'sorted({t["comm"] for t in d["tasks"]})'; }

# --- what is wrong is said before anything starts ---
exits_saying "a workload needs the simulated machine" 2 "--workload is for a simulated machine" \
  schedd --workload "$workloads/hogs.textproto"
exits_saying "so does a speed" 2 "--speed is for a simulated machine" schedd --speed 2
exits_saying "a file that is not there" 2 "cannot read the workload file" \
  schedd --kernel=sim --workload /nonexistent/x.textproto
printf 'task {\n  name: "hog"\n  nice: 20\n}\n' >"$SIM/wrong.textproto"
exits_saying "a mistake is named with its place" 2 "wrong.textproto:3:3: nice: 20" \
  schedd --kernel=sim --workload "$SIM/wrong.textproto"
exits_saying "--check-config looks into the file" 2 "wrong.textproto:3:3: nice: 20" \
  schedd --kernel=sim --workload "$SIM/wrong.textproto" --check-config
printf 'machine { cores_per_cache: 513 }\ntask { name: "hog" step { run { fixed: "1ms" } } }\n' >"$SIM/large.textproto"
exits_saying "a machine that is too large for the daemon" 2 "513 CPUs; schedd schedules up to 512" \
  schedd --kernel=sim --workload "$SIM/large.textproto"
check "all of the library is right" eval 'for file in "$workloads"/*.textproto; do
  schedd --kernel=sim --workload "$file" --check-config >/dev/null || exit 1; done'

# --- tenants, on a machine of 8 CPUs ---
start_sim --workload "$workloads/mixed_tenants.textproto" --speed 10 || exit 1
is "its tasks are there" "$(comms | tr -d "'[]," | tr ' ' '\n' | grep -c '^gold$\|^silver$\|^bronze$')" 3
check "tasks that start after 10 s start after one" wait_until 5 eval 'comms | grep -q bronze-late'
run_seconds() { # PYTHON-CONDITION on a task t: CPU time of those, by the machine's clock
  schedctl task list -o json --limit 200 |
    field "sum(int(t['stats']['runTimeNanos']) for t in d['tasks'] if $1) / 1e9"
}
at_least() { python3 -c 'import sys; sys.exit(float(sys.argv[1]) < float(sys.argv[2]))' "$1" "$2"; }
# By a real clock 8 CPUs would take 5 s for it, and gold alone longer.
check "they use CPU time by the machine's clock" wait_until 4 eval 'at_least "$(run_seconds True)" 40'
# Without groups the 8 tasks of 52 and more would have less than a fifth.
begin "control groups have their weights"
gold=$(run_seconds "t['comm'] == 'gold'") all=$(run_seconds True)
if at_least "$gold" "$(python3 -c "print($all * 0.5)")"; then pass; else fail "gold has $gold of $all s"; fi
stop_sim

finish
