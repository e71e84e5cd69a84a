#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=30
# docs/schedctl.md ends with what schedctl says of itself. To renew it: tests/native/schedctl_docs.sh --write
. "$(dirname "$0")/../e2e/lib.sh"
document="$(dirname "$0")/../../docs/schedctl.md"
marker='<!-- From here: schedctl reference -->'

if [ "${1:-}" = --write ]; then
  head=$(sed "/^$marker\$/q" "$document")
  reference=$(schedctl reference) || exit
  printf '%s\n\n%s\n' "$head" "$reference" >"$document"
  exit
fi

begin "docs/schedctl.md is what schedctl reference prints"
reference=$(schedctl reference)
if OUTPUT=$(diff <(sed "1,/^$marker\$/d" "$document" | sed 1d) <(echo "$reference")) && [ -n "$reference" ]; then
  pass
else
  fail "renew it with: tests/native/schedctl_docs.sh --write; $OUTPUT"
fi

begin "the completion script is valid bash"
if schedctl completion bash | grep -q compgen && OUTPUT=$(schedctl completion bash | bash -n 2>&1); then
  pass
else
  fail "$OUTPUT"
fi

begin "every filter field in docs/schedctl.md is one that schedd knows"
. "$(dirname "$0")/sim.bash"
start_sim || exit 1
OUTPUT=''
while read -r field value; do
  schedctl -q task list --filter "$field = $value" >/dev/null 2>&1 || OUTPUT="$OUTPUT $field"
done < <(sed -n 's/^| `\([a-z0-9_.]*\)` | `\(.*\)` |.*/\1 \2/p' "$document")
if [ -z "$OUTPUT" ] && grep -q '^| `kernel_thread` | ' "$document"; then pass; else fail "refused:$OUTPUT"; fi

# Each begins with the defaults.
begin "every example in docs/tuning.md is accepted"
tuning="$(dirname "$document")/tuning.md"
defaults=$(schedctl policy specs -o jsonpath='{range .parameterSpecs[*]}{.fieldPath}=default {end}')
OUTPUT='' count=0
while read -r line; do
  if [ "$line" = '```' ]; then
    # shellcheck disable=SC2086 # several words
    schedctl -q policy set $defaults && schedctl -q task unboost --all
    continue
  fi
  count=$((count + 1))
  eval "$line" >/dev/null 2>"$SIM/error" || OUTPUT="$OUTPUT $line: $(cat "$SIM/error");"
done < <(sed -n '/^## /,$p' "$tuning" | sed -n '/^```sh$/,/^```$/p' | grep -v '^```sh$')
if [ -z "$OUTPUT" ] && [ "$count" -gt 8 ]; then pass; else fail "of $count examples refused:$OUTPUT"; fi
finish
