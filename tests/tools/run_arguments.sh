#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Wrong use of ./run: the documented exit code, and a sentence that says what was wrong.
# host: timeout=120
. "$(dirname "$0")/../e2e/lib.sh"
run="$(dirname "$0")/../../run"

# refused NAME CODE WORDS COMMAND…: it exits with CODE and says WORDS.
refused() {
  local name="$1" code="$2" words="$3"
  shift 3
  exits "$name" "$code" "$@"
  begin "$name: says '$words'"
  if [[ $OUTPUT == *"$words"* ]]; then pass; else fail "it said: $OUTPUT"; fi
}

exits "help" 0 "$run" help
exits "no argument shows the help" 0 "$run"
refused "unknown command" 2 "no such command: fly" "$run" fly
refused "demo with an unknown option" 2 "does not know '--fast'" "$run" demo --fast
if [ -e /sys/kernel/sched_ext ]; then
  begin "demo on a host without sched_ext" && skip "this host has sched_ext"
else
  refused "demo on a host without sched_ext" 16 "/sys/kernel/sched_ext is missing" "$run" demo --host
fi
exits "guest help" 0 "$run" guest --help
refused "guest without a command" 125 "no command" "$run" guest --cpus 2
refused "guest without processors" 125 "--cpus" "$run" guest --cpus 0 -- true
refused "guest with unclear memory" 125 "--mem" "$run" guest --mem lots -- true
refused "guest with no time" 125 "--timeout" "$run" guest --timeout 0 -- true
refused "guest with a bad variable" 125 "--env" "$run" guest --env 1=2 -- true
refused "guest with a missing file" 125 "/no/such/file: no such file" "$run" guest --file /no/such/file -- true
refused "guest with a relative destination" 125 "--file" "$run" guest --file /etc/passwd:x -- true
refused "guest with an unknown group" 125 "no such group" "$run" guest --with nothing -- true
refused "guest with an unknown kernel" 125 "no kernel 1.2.3; there are:" "$run" guest --kernel 1.2.3 -- true
exits "chaos help" 0 "$run" chaos --help
refused "chaos with no time" 2 "must be more than 0" "$run" chaos --minutes 0
refused "chaos with a seed that is no number" 2 "--seed" "$run" chaos --seed x
is "chaos: the same seed gives the same plan" "$("$run" chaos --seed 7 --plan 50 | md5sum)" "$("$run" chaos --seed 7 --plan 50 | md5sum)"
exits "test help" 0 "$run" test --help
refused "test with an unknown kind" 2 "invalid choice" "$run" test --only everything
refused "test with a bad expression" 2 "not a regular expression" "$run" test --filter '('
refused "test that selects nothing" 2 "nothing matches" "$run" test --only tools --filter '^no-such-test$'
finish
