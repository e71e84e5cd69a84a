#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=120
# docs/api.md has an example of each call, in Python and in C++, and each does what the page says.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"
repo="$(cd "$(dirname "$0")/../.." && pwd)"
document="$repo/docs/api.md"
start_sim || exit 1

# The stubs are made as the page says, in a directory of our own.
cp -r "$repo/proto" "$SIM/proto"
mkdir -p "$SIM/third_party" && cp -r "$repo/third_party/googleapis" "$SIM/third_party/googleapis"
commands=$(sed -n '/^mkdir -p stubs$/,/^```$/p' "$document" | sed '$d')
cd "$SIM" || exit 1
eval "$commands" || exit 1

/usr/bin/python3 "$repo/tests/native/guide/run.py" "$document" "$SCHEDD_ENDPOINT" \
  "$repo/bazel-bin/tests/native/guide/examples" # prints TAP with its plan
