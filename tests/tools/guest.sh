#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The guest harness from outside: exit codes, output, time limit, panic, and what stays behind (nothing).
# host: timeout=240
. "$(dirname "$0")/../e2e/lib.sh"
run="$(dirname "$0")/../../run"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$(uname -m)" != x86_64 ]; then
  echo "1..0 # SKIP guests need an x86-64 host"
  exit 0
fi

# Not for use with &: the process id would be a subshell's.
guest() { "$run" guest --cpus 2 --mem 1G "$@"; }
# The emulator that a harness with this process id started, if it still runs.
emulator_of() { pgrep -P "$1" qemu-system; }
# Ended; in a container whose first process collects no orphans it stays in the list as a zombie.
gone() { [ -n "$1" ] && ! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }

# One boot for all that can be seen from one command.
echo "from the host" >"$work/file"
guest --env "GREETING=it's \$me" --file "$work/file:/data/file" --dmesg "$work/dmesg" -- sh -c '
  head -c 1000000 /dev/zero | tr "\0" x; echo; echo "$GREETING"; cat /data/file; uname -r; echo complaint >&2
  exit 7' >"$work/out" 2>"$work/err"
is "exit code 7" "$?" 7
is "a million characters arrive whole" "$(head -n 1 "$work/out" | tr -d '\n' | wc -c)" 1000000
is "a variable arrives as it is" "$(sed -n 2p "$work/out")" "it's \$me"
is "a file arrives" "$(sed -n 3p "$work/out")" "from the host"
is "stdout has nothing else" "$(wc -l <"$work/out")" 4
check "stderr arrives on stderr" grep -qx complaint "$work/err"
check "the kernel log is written" grep -q "Linux version $(sed -n 4p "$work/out")" "$work/dmesg"

exits "exit code 0" 0 guest -- true
exits "exit code 255" 255 guest -- sh -c 'exit 255'
exits "a command that is not there" 127 guest -- no-such-command
exits "a panic" 126 guest -- sh -c 'echo c >/proc/sysrq-trigger; sleep 10'
begin "a panic: the kernel's words are shown"
if [[ $OUTPUT == *"sysrq triggered crash"* ]]; then pass; else fail "it said: $OUTPUT"; fi

# Output comes while the command runs, and the time limit ends it.
"$run" guest --timeout 25 -- sh -c 'echo first; exec sleep 100' >"$work/live" 2>"$work/limit" &
harness=$!
begin "output is live"
if wait_until 24 grep -q first "$work/live" && kill -0 "$harness"; then pass; else fail "nothing came while it ran"; fi
emulator=$(emulator_of "$harness")
begin "several guests at once"
if OUTPUT=$(guest -- echo second 2>&1) && [[ $OUTPUT == *second* ]]; then pass; else fail "it said: $OUTPUT"; fi
wait "$harness"
is "the time limit" "$?" 124
check "the time limit is said" grep -q "time limit of 25 s" "$work/limit"
check "no emulator is left after the time limit" gone "$emulator"

for signal in TERM KILL; do
  "$run" guest -- sleep 100 >/dev/null 2>&1 &
  harness=$!
  wait_until 10 emulator_of "$harness"
  emulator=$(emulator_of "$harness")
  kill "-$signal" "$harness"
  wait "$harness" 2>/dev/null
  is "the harness ended by SIG$signal" "$?" "$((128 + $(kill -l "$signal")))"
  check "no emulator is left after SIG$signal" wait_until 5 gone "$emulator"
done
finish
