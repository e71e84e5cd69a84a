#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What containers do: tasks in other PID namespaces, tasks that become another program, cpusets that change under running tasks.
# guest: cpus=4 mem=2G timeout=240 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

CGROUPS=/sys/fs/cgroup
task() { ctl task list --filter "tid = $1" -o json | jq -r ".tasks[0].$2"; }

start_schedd
# --- a PID namespace: the process is 1 in there, and has the number of the outer one in the API ---
cp /usr/bin/bash /tmp/inner
unshare --pid --fork --kill-child /tmp/inner -c 'echo $$ >/tmp/inner_pid; while :; do :; done' &
HOGS+=("$!")
wait_until 10 test -s /tmp/inner_pid
INNER=$(grep -lx inner /proc/[0-9]*/comm | cut -d/ -f3)
is "its process ID in its own namespace" "$(cat /tmp/inner_pid)" 1
is "the API knows it by the outer one" "$(task "$INNER" comm)" inner
BEFORE=$(run_ns "$INNER")
sleep 2
holds "it runs" "$(run_ns "$INNER") - $BEFORE > 1e9"
ctl task boost --tgid "$INNER" --weight 300 >/dev/null
is "it can be overridden by it" "$(task "$INNER" weight)" 300
HOGS+=("$INNER")

# --- exec: the same task under another name, within a run, and its overrides by name with it ---
ctl task boost --comm after --weight 250 >/dev/null
cp /usr/bin/bash /tmp/after
bash -c 'until [ -e /tmp/now ]; do sleep 0.1; done; exec /tmp/after -c "while :; do :; done"' &
EXEC=$!
HOGS+=("$EXEC")
is "before exec" "$(task "$EXEC" comm)" bash
touch /tmp/now
boosted() { [ "$(task "$EXEC" weight)" = 250 ]; }
wait_until 10 boosted
is "after exec: its name" "$(task "$EXEC" comm)" after
is "after exec: the override of that name" "$(task "$EXEC" weight)" 250

# --- cpusets that change ten times a second under six hogs ---
echo +cpuset +cpu >"$CGROUPS/cgroup.subtree_control"
mkdir "$CGROUPS/box"
FIRST=${#HOGS[@]}
for _ in 1 2 3 4 5 6; do
  hog env
  echo "$HOG" >"$CGROUPS/box/cgroup.procs"
done
BOX=("${HOGS[@]:FIRST}")
END=$((SECONDS + $(usually 6 thorough 60)))
CHANGES=0
while [ "$SECONDS" -lt "$END" ]; do
  for cpus in 1 2-3 0,3 0-3; do
    echo "$cpus" >"$CGROUPS/box/cpuset.cpus"
    CHANGES=$((CHANGES + 1))
    sleep 0.1
  done
done
note "the cpuset was changed $CHANGES times"
echo 2 >"$CGROUPS/box/cpuset.cpus"
sleep 2
is "with CPU 2 alone, hogs elsewhere" "$(for pid in "${BOX[@]}"; do awk '$39 != 2' "/proc/$pid/stat"; done | wc -l)" 0
echo 0-3 >"$CGROUPS/box/cpuset.cpus"
sleep 0.5
HOGS_BEFORE=("${HOGS[@]}")
HOGS=("${BOX[@]}")
mapfile -t RUNS < <(hog_runs 4)
HOGS=("${HOGS_BEFORE[@]}")
note "what each had of 4000 ms, the two heavier tasks beside them: $(printf '%d ' "${RUNS[@]/%??????/}")"
SUM=$(IFS=+ && echo $((${RUNS[*]})))
holds "they have more than one CPU again ($((SUM / 1000000)) ms, of four CPUs of which two tasks fill two)" "$SUM > 5.5e9"
holds "and none of them is left behind" "${RUNS[0]} > 0.4e9"
stays_attached "attached"
check "the kernel did not complain of a CPU" eval '! dmesg | grep -i "not allowed"'
end_hogs
stop_schedd
is "exit code after SIGTERM" "$SCHEDD_EXIT" 0
finish
