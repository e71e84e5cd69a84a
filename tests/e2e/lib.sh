# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For test scripts (tests/e2e, tests/native, tests/tools): prints TAP, so that ./run test can count each case.
#
#   . "$(dirname "$0")/lib.sh"          # tests/native and tests/tools: ../e2e/lib.sh
#   begin "weights are kept"            # starts a case; it must end in one of pass, fail, skip
#   pass | fail "why" | skip "why"
#   check "name" COMMAND…               # a case of its own: passes when COMMAND exits with 0
#   is "name" "$got" "$want"            # a case of its own: passes when both are equal
#   exits "name" CODE COMMAND…          # a case of its own: passes when COMMAND exits with CODE
#   exits_saying "name" CODE TEXT COMMAND…  # the same, and its output contains TEXT
#   usually FEW thorough MANY           # prints MANY under ./run test --thorough, else FEW
#   wait_until SECONDS COMMAND…         # true as soon as COMMAND succeeds; false when the time is over
#   finish                              # last line of every script: prints the plan
#
# A script that ends without finish counts as failed. Anything a script writes to stderr goes to its log. Output of
# the last check/exits command: $OUTPUT (stdout and stderr).
_case=0 _failed=0 _open='' OUTPUT=''

_result() { # WORD DIRECTIVE
  _case=$((_case + 1))
  printf '%s %d - %s%s\n' "$1" "$_case" "${_open//#/}" "$2"
  _open=''
}

begin() {
  [ -z "$_open" ] || fail "the case never ended: neither pass nor fail nor skip"
  _open="$1"
}

pass() { _result ok ''; }

skip() { _result ok " # SKIP $1"; }

fail() {
  _failed=$((_failed + 1))
  _result 'not ok' ''
  printf '%s\n' "$1" | sed 's/^/# /'
}

check() {
  begin "$1"
  shift
  if OUTPUT=$("$@" 2>&1); then pass; else fail "exit code $? of: $* (output: $OUTPUT)"; fi
}

is() {
  begin "$1"
  if [ "$2" = "$3" ]; then pass; else fail "got '$2', want '$3'"; fi
}

exits() {
  local want="$2" got
  begin "$1"
  shift 2
  OUTPUT=$("$@" 2>&1)
  got=$?
  if [ "$got" = "$want" ]; then pass; else fail "exit code $got, want $want, of: $* (output: $OUTPUT)"; fi
}

exits_saying() {
  local name="$1" want="$2" text="$3" got
  shift 3
  begin "$name"
  OUTPUT=$("$@" 2>&1)
  got=$?
  if [ "$got" = "$want" ] && [[ $OUTPUT == *"$text"* ]]; then
    pass
  else
    fail "exit code $got, want $want, and '$text' in: $OUTPUT"
  fi
}

usually() { if [ -n "${THOROUGH:-}" ]; then echo "$3"; else echo "$1"; fi; }

wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

finish() {
  [ -z "$_open" ] || fail "the case never ended: neither pass nor fail nor skip"
  printf '1..%d\n' "$_case"
  exit $((_failed > 0))
}
