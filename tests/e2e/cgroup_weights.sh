#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cpu.weight divides a busy CPU between cgroups, nice and overrides inside and outside of them, and changes count at once.
# Measured by the kernel's own account of each task's CPU time, not by ours.
# guest: cpus=2 mem=1G timeout=240 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

CGROUPS=/sys/fs/cgroup
# Starts a hog on CPU 1 in cgroup $1.
hog_in() {
  hog taskset -c 1
  echo "$HOG" >"$CGROUPS/$1/cgroup.procs"
}
effective_weight() { ctl task list --filter "tgid = $1" -o json | jq '.tasks[0].effectiveWeight * 100 | round / 100'; }
# Percent of CPU 1's busy time that the tasks FIRST… get in SECONDS, all hogs taken together.
share_of() { # SECONDS FIRST…
  local seconds="$1" pid all=0 mine=0 i
  local -a before after
  shift
  mapfile -t before < <(for pid in "${HOGS[@]}"; do run_ns "$pid"; done)
  sleep "$seconds"
  mapfile -t after < <(for pid in "${HOGS[@]}"; do run_ns "$pid"; done)
  for i in "${!HOGS[@]}"; do
    all=$((all + after[i] - before[i]))
    [[ " $* " != *" ${HOGS[i]} "* ]] || mine=$((mine + after[i] - before[i]))
  done
  awk -v a="$mine" -v b="$all" 'BEGIN { printf "%.1f\n", 100 * a / b }'
}

echo +cpu >"$CGROUPS/cgroup.subtree_control"
mkdir "$CGROUPS/a" "$CGROUPS/b"
start_schedd
hog_in a
A=$HOG
hog_in b
B1=$HOG
hog_in b
B2=$HOG
sleep 1.5
near "one hog in a, two in b, equal cpu.weight: percent of a" "$(share_of 4 "$A")" 50 3
near "effective weight in a" "$(effective_weight "$A")" 100 1
near "effective weight in b" "$(effective_weight "$B1")" 50 1

echo 300 >"$CGROUPS/b/cpu.weight"
sleep 1
near "1 s after b's cpu.weight became 300: percent of b" "$(share_of 4 "$B1" "$B2")" 75 3
echo 100 >"$CGROUPS/b/cpu.weight"
sleep 1
near "1 s after it became 100 again: percent of b" "$(share_of 4 "$B1" "$B2")" 50 3

# Inside b, nice 5 is a third of nice 0 (335 to 1024): 33 and 100; a does not notice.
renice -n 5 -p "$B2" >/dev/null
sleep 1
near "nice 5 beside nice 0 in b: percent of the latter" "$(share_of 4 "$B1")" 37.6 3

# Deeper: b/c competes with b's own tasks. Only leaves may have tasks, so b's hogs move to b/d first.
mkdir "$CGROUPS/b/c" "$CGROUPS/b/d"
for pid in "$B1" "$B2"; do echo "$pid" >"$CGROUPS/b/d/cgroup.procs"; done
echo +cpu >"$CGROUPS/b/cgroup.subtree_control"
echo 300 >"$CGROUPS/b/c/cpu.weight"
hog_in b/c
C=$HOG
sleep 1.5
near "b/c with weight 300 beside b/d with 100: percent of c" "$(share_of 4 "$C")" 37.5 3

# A task that moves takes the weight of where it is.
echo "$C" >"$CGROUPS/a/cgroup.procs"
sleep 1
near "c moved to a: percent of c" "$(share_of 4 "$C")" 25 3

begin "an override counts outside of the cgroups"
if ctl task boost --tgid "$C" --weight 600 >/dev/null; then pass; else fail "boost failed"; fi
sleep 1
near "weight 600 beside groups of 100 and 100: percent" "$(share_of 4 "$C")" 75 3
is "effective weight of the overridden one" "$(effective_weight "$C")" 600
stays_attached "attached"
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
