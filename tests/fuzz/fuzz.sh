#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ./run fuzz: a schedd on the simulated machine, called with requests at random (api_fuzz.py).
#
#     fuzz.sh SCHEDD [--seconds N] [--seed S]
#
# SCHEDD is the program, best one built with --config=asan: its first finding ends it, and leaks are looked for at its end. Exit code:
# 0; 1 when a call ended as it must not, or schedd did not end well (its log is shown then).
set -uo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
program=$1
shift
dir=$(mktemp -d /tmp/schedd-fuzz-XXXXXX)
trap 'kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
"$program" --kernel=sim --listen "unix://$dir/schedd.sock" --state-dir "$dir/state" 2>"$dir/log" &
pid=$!
for _ in $(seq 300); do
  grep -q attached "$dir/log" && break
  sleep 0.1
done
/usr/bin/python3 "$here/api_fuzz.py" "unix://$dir/schedd.sock" "$@"
code=$?
kill -TERM "$pid" 2>/dev/null || echo "schedd has ended"
wait "$pid"
ended=$?
if [ "$ended" != 0 ]; then
  echo "schedd ended with exit code $ended:"
  grep -v "refused\|changed" "$dir/log" | tail -100
  code=1
fi
exit "$code"
