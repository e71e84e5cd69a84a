#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=60
# schedctl simulate, end to end, without any schedd: the workloads that come with it, pages that a parser reads, errors.
. "$(dirname "$0")/../e2e/lib.sh"
workloads="$(dirname "$0")/../../workloads"
DIR=$(mktemp -d /tmp/schedd-simulate-XXXXXX)
trap 'rm -rf "$DIR"' EXIT
# Nobody to ask.
export SCHEDD_ENDPOINT="unix://$DIR/none.sock"

json_is() { python3 -c 'import json, sys; d = json.load(sys.stdin); sys.exit(not eval(sys.argv[1]))' "$1"; }

json() { # NAME EXPRESSION COMMAND…: the output is JSON for which the Python expression of d holds
  local name="$1" expression="$2"
  shift 2
  begin "$name"
  OUTPUT=$("$@") || true
  if json_is "$expression" <<<"$OUTPUT"; then pass; else fail "$expression is not true of: ${OUTPUT:0:3000}"; fi
}

# --- each workload, a moment of it ---
for file in "$workloads"/*.textproto; do
  json "$(basename "$file" .textproto) is simulated under all kinds of policy" \
    'len(d["policies"]) == 3 and all(p["runs"][0]["groups"] and p["runs"][0]["busy"] > 0 for p in d["policies"])' \
    schedctl simulate "$file" --duration 200ms --compare kind=fifo --compare kind=fair -o json
done

# --- what it says is so ---
json "hogs get shares by weight" \
  'abs(sum(g["cpuShare"] for g in d["policies"][0]["runs"][0]["groups"]) - 1) < 1e-6 and d["policies"][0]["runs"][0]["jain"] > 0.9' \
  schedctl simulate "$workloads/hogs_by_weight.textproto" --duration 5s -o json
begin "the same seed gives the same run, another seed another one"
run() { schedctl simulate "$workloads/interactive.textproto" --duration 1s --seed "$1" -o json | sed '/"seed"/d'; }
first=$(run 3)
if [ -n "$first" ] && [ "$first" = "$(run 3)" ] && [ "$first" != "$(run 4)" ]; then pass; else fail "$first"; fi
json "a short slice has more switches" \
  'd["policies"][1]["runs"][0]["contextSwitches"] > 1.5 * d["policies"][0]["runs"][0]["contextSwitches"]' \
  schedctl simulate "$workloads/hogs.textproto" --duration 2s --policy base_slice=20ms --compare base_slice=4ms -o json

# --- a page ---
cat >"$DIR/evil.textproto" <<'WORKLOAD'
name: "<script>alert(1)</script> & \"more\""
description: "]]> <b>not bold</b>"
duration: "300ms"
task { name: "<i>&'\"" count: 3 step { sleep { fixed: "1ms" } } step { run { fixed: "2ms" } } }
task { name: "hog" count: 4 step { run { fixed: "3ms" } } }
WORKLOAD
check "a page is written" schedctl simulate "$DIR/evil.textproto" --html "$DIR/page.html" \
  --compare base_slice=3ms --compare kind=fair --runs 3
begin "the page is well-formed, holds no script and needs no other file"
if OUTPUT=$(python3 - "$DIR/page.html" 2>&1 <<'PYTHON'
import sys, xml.etree.ElementTree as tree
page = tree.parse(sys.argv[1]).getroot()
tags = {element.tag for element in page.iter()}
assert {"h1", "table", "svg", "rect", "style"} <= tags, tags
assert not tags & {"script", "link", "img", "iframe", "b", "i"}, tags
names = {name for element in page.iter() for name in element.attrib}
assert not {n for n in names if n in ("src", "href") or n.startswith("on")}, names
assert "url(" not in page.find("head/style").text and "@import" not in page.find("head/style").text
assert page.find("body/h1").text == 'Simulation of <script>alert(1)</script> & "more"', page.find("body/h1").text
assert len(page.findall(".//rect")) >= 9
PYTHON
); then pass; else fail "$OUTPUT"; fi

# --- a terminal ---
on_terminal() { # COMMAND…: its output on a pseudo-terminal
  python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$@" </dev/null
}
begin "bars in colour on a terminal"
OUTPUT=$(on_terminal schedctl simulate "$workloads/interactive.textproto" --duration 200ms)
if [[ "$OUTPUT" == *$'\e[32m█'* ]]; then pass; else fail "$OUTPUT"; fi
begin "bars without colour with NO_COLOR"
OUTPUT=$(NO_COLOR=1 on_terminal schedctl simulate "$workloads/interactive.textproto" --duration 200ms)
if [[ "$OUTPUT" == *█* && "$OUTPUT" != *$'\e['* ]]; then pass; else fail "$OUTPUT"; fi
begin "no bars in a pipe"
OUTPUT=$(schedctl simulate "$workloads/interactive.textproto" --duration 200ms)
if [[ "$OUTPUT" == *"wakeup p99"* && "$OUTPUT" != *█* ]]; then pass; else fail "$OUTPUT"; fi

# --- errors ---
exits_saying "a workload that is not there" 3 none.textproto schedctl simulate "$DIR/none.textproto"
echo 'task { name: "a" stepp {} }' >"$DIR/wrong.textproto"
exits_saying "a workload with a mistake" 2 wrong.textproto:1: schedctl simulate "$DIR/wrong.textproto"
exits_saying "a parameter that does not exist" 2 'did you mean "base_slice"?' \
  schedctl simulate "$workloads/hogs.textproto" --policy base_slise=1ms
exits_saying "a value out of range" 2 "use 100us to 100ms" \
  schedctl simulate "$workloads/hogs.textproto" --compare base_slice=1s
exits_saying "neither a workload nor a recording" 2 "or a recording" schedctl simulate
exits_saying "a workload and a recording" 2 "or a recording" \
  schedctl simulate "$workloads/hogs.textproto" --trace "$DIR/a.trace"
exits_saying "a recording that is not there" 3 none.trace schedctl simulate --trace "$DIR/none.trace"
exits_saying "a page that cannot be written" 3 "cannot write" \
  schedctl simulate "$workloads/hogs.textproto" --html "$DIR/none/page.html"
finish
