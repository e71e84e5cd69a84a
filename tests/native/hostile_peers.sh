#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=300
# Peers that do not speak gRPC, or stop in the middle of it: the others are served as before, and nothing is left of them.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"

TCP=127.0.0.1:9652
peers() { /usr/bin/python3 "$(dirname "$0")/hostile_peers.py" "$@"; }
serves() { schedctl -q status && schedctl --endpoint "$TCP" -q status; }
descriptors() { ls "/proc/$SIM_PID/fd" | wc -l; }
resident_kb() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$SIM_PID/status"; }
back_to() { [ "$(descriptors)" -le "$1" ]; }

start_sim --listen "$TCP" || exit 1
check "both addresses are served" serves
DESCRIPTORS=$(descriptors)

for name in tls http1 random zeros preface frames huge_frame settings pings resets continuations; do
  survives() { peers "$SCHEDD_ENDPOINT" bytes "$name" && peers "$TCP" bytes "$name" && serves; }
  check "bytes that are no call: $name" survives
done
is "a message of 100 MB is refused" "$(peers "$SCHEDD_ENDPOINT" message)" RESOURCE_EXHAUSTED
# What the first ones brought with them: buffers that are kept.
peers "$SCHEDD_ENDPOINT" connections 1000
RESIDENT=$(resident_kb)
check "10,000 connections opened and dropped, on the unix socket" peers "$SCHEDD_ENDPOINT" connections 10000
check "and 10,000 by TCP" peers "$TCP" connections 10000
check "it serves" serves
check "30 clients killed in the middle of a stream" peers "$SCHEDD_ENDPOINT" streams 30
check "it serves" serves
check "while 500 connections say nothing, it serves" peers "$SCHEDD_ENDPOINT" silent 500 schedctl -q status
check "nothing is left of them: no more descriptors than $DESCRIPTORS before" wait_until 30 back_to $((DESCRIPTORS + 2))
echo "# resident memory: $RESIDENT kB after the first 1,000 connections, $(resident_kb) kB in the end" >&2
check "nor memory: at most 20 MB more" test "$(resident_kb)" -le $((RESIDENT + 20000))
stop_sim
finish
