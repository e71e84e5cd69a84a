#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A daemon that is killed, and nobody comes: the dispatcher ends itself, nothing is left behind.
# guest: cpus=4 mem=2G timeout=150
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

PINS=/sys/fs/bpf/schedd
# Process IDs of the sweepers there are.
sweeper() { grep -lsx sched-sweeper /proc/[0-9]*/comm | cut -d/ -f3 | grep .; }
COMPACTION=/proc/sys/vm/compact_unevictable_allowed
MOVES=$(cat $COMPACTION)
start_schedd --orphan-timeout=4s
is "the kernel moves no locked pages" "$(cat $COMPACTION)" 0
for _ in 1 2 3 4 5 6; do hog env; done
switch_and_pipe
sleep 1
KILLED=$(now_ms)
kill -KILL "$SCHEDD"
wait "$SCHEDD" 2>/dev/null
sleep 1
stays_attached "killed, and 1 s later still attached"
holds "every task goes on meanwhile" "$(slowest_run 1) > 1e8"
check "the dispatcher ends itself" wait_until 6 detached
TOOK=$(($(now_ms) - KILLED))
note "it ended $TOOK ms after the kill"
holds "not before orphan_timeout, and at most 2 s later" "$TOOK >= 4000 && $TOOK <= 6000"
check "the kernel's log says who ended it" eval 'dmesg | grep -q "unregistered from BPF"'
check "nothing is left on the BPF file system" wait_until 2 eval "! test -e $PINS"
is "the kernel may move locked pages again" "$(cat $COMPACTION)" "$MOVES"
check "nor of the socket and its lock" wait_until 2 eval '! ls /run/schedd/* 2>/dev/null'
check "nor the process that removed them" wait_until 2 eval '! sweeper'
holds "every task goes on in the kernel's own class" "$(slowest_run 1) > 1e8"

start_schedd --orphan-timeout=0s
is "a new one is there" "$(status .state)" STATE_ATTACHED
check "one sweeper waits for its end" test "$(sweeper | wc -l)" = 1
kill -KILL "$(sweeper)"
kill -KILL "$SCHEDD"
wait "$SCHEDD" 2>/dev/null
check "with orphan_timeout 0, the dispatcher ends at once" wait_until 2 detached
check "without a sweeper its pins stay" test -e "$PINS/link"
start_schedd
is "and do not disturb the next one" "$(status .state)" STATE_ATTACHED
is "the kernel moves no locked pages, still" "$(cat $COMPACTION)" 0
# One that was told to detach leaves nothing to adopt, whoever kills it then.
ctl scheduler detach >/dev/null
check "detached: no pins" eval "! test -e $PINS"
is "detached: it may, as it could before the one that left its pins" "$(cat $COMPACTION)" "$MOVES"
kill -KILL "$SCHEDD"
wait "$SCHEDD" 2>/dev/null
check "killed without a dispatcher: socket and lock go" wait_until 3 eval '! ls /run/schedd/* 2>/dev/null'
end_hogs
check "no kernel warning" eval '! dmesg | grep -E "WARNING|BUG:|Call Trace"'
finish
