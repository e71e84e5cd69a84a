# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests/native: a schedd on the simulated machine, in a directory of its own, ended with the script.
#
#   . "$(dirname "$0")/sim.bash"   # after lib.sh
#   start_sim [FLAG…] || exit 1    # exports SCHEDD_ENDPOINT; $SIM is the directory, $SIM_PID the process
#   stop_sim                       # SIGTERM, waits
SIM=$(mktemp -d /tmp/schedd-sim-XXXXXX)
SIM_PID=''

start_sim() {
  export SCHEDD_ENDPOINT="unix://$SIM/schedd.sock"
  schedd --kernel=sim --listen "$SCHEDD_ENDPOINT" --state-dir "$SIM/state" "$@" 2>"$SIM/log" &
  SIM_PID=$!
  if ! wait_until 10 schedctl -q status; then
    echo "schedd --kernel=sim did not answer: $(cat "$SIM/log")" >&2
    return 1
  fi
}

stop_sim() {
  [ -n "$SIM_PID" ] || return 0
  kill -TERM "$SIM_PID" 2>/dev/null
  wait "$SIM_PID" 2>/dev/null
  SIM_PID=''
}

# json_is 'EXPRESSION of d' <<<JSON: true when the text is JSON and the Python expression holds.
json_is() { python3 -c 'import json, sys; d = json.load(sys.stdin); sys.exit(not eval(sys.argv[1]))' "$1"; }

trap 'stop_sim; rm -rf "$SIM"' EXIT
