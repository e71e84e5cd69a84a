#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=180
# kill -9 at any moment while somebody changes policies and overrides (crashes.py).
. "$(dirname "$0")/../e2e/lib.sh"

dir=$(mktemp -d /tmp/schedd_crashes.XXXXXX)
trap 'rm -rf "$dir"' EXIT
begin "what was acknowledged is there after kill -9, and nothing is half there"
if OUTPUT=$(/usr/bin/python3 "$(dirname "$0")/crashes.py" "$dir" "$(usually 15 thorough 200)" 2>&1); then
  pass
  printf '# %s\n' "$OUTPUT"
else
  fail "$OUTPUT; schedd's log: $(tail -n 5 "$dir/log")"
fi
finish
