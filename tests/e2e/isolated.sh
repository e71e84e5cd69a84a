#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# CPUs set apart: tickless ones (nohz_full=) and an isolated cpuset partition. Who may run there is scheduled there, by its weight;
# nobody else gets there.
# guest: cpus=4 mem=2G timeout=180 append=nohz_full=2-3 thorough=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

CGROUPS=/sys/fs/cgroup
cpu_of() { awk '{ print $39 }' "/proc/$1/stat"; }

is "tickless CPUs" "$(cat /sys/devices/system/cpu/nohz_full)" 2-3
start_schedd
# Alone on its CPU first: the kernel may stop the tick. It must be back when a second one comes, else that one would never run.
hog taskset -c 3
FIRST=$HOG
sleep 2
BEFORE=$(run_ns "$FIRST")
sleep 2
holds "alone on a tickless CPU it has all of it" "$(run_ns "$FIRST") - $BEFORE > 1.8e9"
hog taskset -c 3
SECOND=$HOG
sleep 1
near "two on it: percent of the first" "$(share 5 "$FIRST" "$SECOND")" 50 3
ctl task boost --tgid "$SECOND" --weight 300 --id heavy >/dev/null
sleep 1
near "one with weight 300: percent of it" "$(share 5 "$SECOND" "$FIRST")" 75 3
ctl task unboost heavy >/dev/null
end_hogs

# --- an isolated partition: CPU 3 without load balancing ---
echo +cpuset >"$CGROUPS/cgroup.subtree_control"
mkdir "$CGROUPS/apart"
echo 3 >"$CGROUPS/apart/cpuset.cpus"
echo isolated >"$CGROUPS/apart/cpuset.cpus.partition"
is "the partition" "$(cat "$CGROUPS/apart/cpuset.cpus.partition")" isolated
for _ in 1 2 3 4 5; do hog env; done
OUTSIDE=("${HOGS[@]}")
hog env
INSIDE=("$HOG")
hog env
INSIDE+=("$HOG")
for pid in "${INSIDE[@]}"; do echo "$pid" >"$CGROUPS/apart/cgroup.procs"; done
sleep 1
STRAYS=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
  for pid in "${OUTSIDE[@]}"; do [ "$(cpu_of "$pid")" != 3 ] || STRAYS=$((STRAYS + 1)); done
  for pid in "${INSIDE[@]}"; do [ "$(cpu_of "$pid")" = 3 ] || STRAYS=$((STRAYS + 1)); done
  sleep 0.1
done
is "tasks found on a CPU that is not theirs" "$STRAYS" 0
near "the two inside share the isolated CPU: percent of the first" "$(share 5 "${INSIDE[@]}")" 50 3
HOGS=("${OUTSIDE[@]}")
# Five on three CPUs.
holds "those outside go on" "$(slowest_run 4) > 1e9"
HOGS+=("${INSIDE[@]}")
# The partition ends under its tasks.
echo member >"$CGROUPS/apart/cpuset.cpus.partition"
sleep 1
holds "all go on without the partition" "$(slowest_run 3) > 3e8"
stays_attached "attached"
end_hogs
check "detached while attached on tickless CPUs" ctl scheduler detach
check "and attached again" ctl scheduler attach
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
