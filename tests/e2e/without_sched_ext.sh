#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A kernel that is built without sched_ext: Debian's own.
# guest: cpus=2 mem=1G timeout=60 kernel=without-sched_ext beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

says() { # NAME WORDS: in the output of the last exits
  begin "$1"
  if grep -Eq -e "$2" <<<"$OUTPUT"; then pass; else fail "does not say /$2/: $OUTPUT"; fi
}

note "kernel $(uname -r)"
check "it has none" test ! -e /sys/kernel/sched_ext
exits "schedd does not start" 4 schedd
says "and says what kernel to boot" "no sched_ext.*CONFIG_SCHED_CLASS_EXT"
check "nothing is left behind" eval '! ls /run/schedd/* /sys/fs/bpf/schedd 2>/dev/null'
exits "doctor finds it" 1 schedctl doctor
says "and says so" "sched_ext +FAIL .*no /sys/kernel/sched_ext"
schedd --no-attach 2>>"$SCHEDD_LOG" &
# shellcheck disable=SC2034 # for guest.bash
SCHEDD=$!
check "the API can be served" wait_until 20 ctl status
is "it says that there is no sched_ext" "$(status .state)" STATE_UNSUPPORTED
exits "attach is refused" 10 ctl scheduler attach
says "with the remedy" "CONFIG_SCHED_CLASS_EXT"
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
