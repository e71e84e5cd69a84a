#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=180
# As many readers of streams as there may be, eight of which never read, and up to 1,000 calls a second: none fails, nothing grows.
# (How long decisions take meanwhile is measured by ./run bench api.)
. "$(dirname "$0")/../e2e/lib.sh"

program=$(dirname "$0")/../../bazel-bin/tests/bench/api/api_load
figure() { python3 -c 'import json,sys; print(round(next(f for f in json.load(open(sys.argv[1]))["figures"] if f["name"] == sys.argv[2])["values"][0], 2))' "$out" "$1"; }
under() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'; }

if [ "$(id -u)" != 0 ]; then
  begin "the load"
  skip "needs root, to come as several users"
  finish
fi
out=$(mktemp /tmp/schedd_load.XXXXXX)
trap 'rm -f "$out"' EXIT
begin "256 readers and up to 1,000 calls a second: no call fails, no stream ends, one reader more is refused"
if OUTPUT=$("$program" 10 2>&1 >"$out"); then
  pass
else
  fail "$OUTPUT"
  finish
fi
printf '# %s calls a second; %s MB, %s more in 5 s; a call: median %s ms, p99 %s ms; decisions under load / alone: %s\n' \
  "$(figure "under load: calls")" "$(figure "under load: resident memory")" "$(figure "under load: its growth in the second half")" "$(figure "under load: a call: median")" \
  "$(figure "under load: a call: p99")" "$(figure "decision latency, median: under load / alone")"
# How many is a matter of the host, which has other work too; ./run bench api --check asks for 1,000.
check "the calls go on" under 50 "$(figure "under load: calls")"
check "the memory is flat" under "$(figure "under load: its growth in the second half")" 4
check "each reader is served" under 0.5 "$(figure "under load: messages to each reader")"
finish
