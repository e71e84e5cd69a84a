#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=60
# schedd as a process: flags, exit codes, socket, lock, signals. On a simulated machine; needs no root.
. "$(dirname "$0")/../e2e/lib.sh"

dir=$(mktemp -d /tmp/schedd_daemon.XXXXXX)
socket="$dir/schedd.sock"
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$dir"' EXIT
pids=()

start() { # ARGUMENT…: a daemon on the simulated machine; its log in $dir/log
  : >"$dir/log" # here and not by the redirection, which comes at its own time
  schedd --kernel=sim --state-dir "$dir" "$@" 2>>"$dir/log" &
  pid=$!
  pids+=("$pid")
}

says() { # TEXT: whether the last output has it
  case "$OUTPUT" in *"$1"*) true ;; *) false ;; esac
}

# --- flags and configuration: 2 ---
exits "--help ends with 0" 0 schedd --help
check "--help explains the exit codes" says "another sched_ext scheduler is attached"
exits "--version ends with 0" 0 schedd --version
exits_saying "unknown flag" 2 "--help" schedd --no-such-flag
exits_saying "value out of range" 2 "from 64 to 1048576" schedd --max-tasks=1
exits_saying "duration without unit" 2 "5ms" schedd --spin=5
exits_saying "address that is not only this machine's" 2 "need certificates" schedd --listen 0.0.0.0:5000
exits_saying "unknown parameter" 2 "no such parameter; there are: base_slice" schedd --set base_slize=5ms
exits_saying "parameter out of range" 2 "base_slice" schedd --set base_slice=1h
exits_saying "configuration file that is not there" 2 "No such file" schedd --config "$dir/none.conf"
printf 'max_tasks: 4096\nspinn: "5us"\n' >"$dir/bad.conf"
exits_saying "unknown field in the file, with line and column" 2 "$dir/bad.conf:2:" schedd --config "$dir/bad.conf"
printf 'max_tasks: 4096\nspin: "5us"\nset: "base_slice=5ms"\n' >"$dir/good.conf"
exits "--check-config of a good file" 0 schedd --config "$dir/good.conf" --check-config
exits "--check-config of a bad file" 2 schedd --config "$dir/bad.conf" --check-config

# --- this host: 3 and 4 ---
if [ "$(id -u)" = 0 ]; then
  as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
else
  as_nobody=(env)
fi
cp "$(command -v schedd)" "$dir/schedd" && chmod 755 "$dir" "$dir/schedd" # where nobody can reach it
exits_saying "not root" 3 "run schedd as root" "${as_nobody[@]}" "$dir/schedd"
if [ "$(id -u)" != 0 ] || [ -e /sys/kernel/sched_ext ]; then
  begin "kernel without sched_ext"
  skip "needs root and a kernel without sched_ext"
else
  exits_saying "kernel without sched_ext" 4 "CONFIG_SCHED_CLASS_EXT" schedd --listen "unix://$socket"
fi
rm -f "$dir/schedd"

# --- a life ---
start --listen "unix://$socket"
check "the socket appears" wait_until 10 test -S "$socket"
is "the socket is for root and its group" "$(stat -c %a "$socket")" 660
is "the lock file names the daemon" "$(cat "$dir/schedd.lock")" "$pid"
exits_saying "a second schedd is refused with the first one's pid" 6 "another schedd (pid $pid)" \
  schedd --kernel=sim --listen "unix://$socket"
check "the first one lives on" kill -0 "$pid"
begin "SIGTERM ends it with 0 within 2 s"
before=$(date +%s%N)
kill -TERM "$pid"
wait "$pid"
code=$?
took_ms=$((($(date +%s%N) - before) / 1000000))
if [ "$code" = 0 ] && [ "$took_ms" -lt 2000 ]; then pass; else fail "exit code $code after $took_ms ms"; fi
check "it took its socket away" test ! -e "$socket"
check "its log tells of start and end" grep -q '^I[0-9]* [0-9:]* stopped exit_code=0$' "$dir/log"

start --listen "unix://$socket"
wait_until 10 test -S "$socket"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
check "the socket of a daemon that was killed goes after it" wait_until 10 test ! -e "$socket" -a ! -e "${socket%.sock}.lock"
start --listen "unix://$socket" --config "$dir/good.conf"
check "the next one takes its place" wait_until 10 grep -q "serving" "$dir/log"
kill -INT "$pid"
wait "$pid"
is "SIGINT ends it with 0" "$?" 0

# --- listening: 8 ---
: >"$dir/file.sock"
exits_saying "a file that is no socket is respected" 8 "is not a socket" \
  schedd --kernel=sim --listen "unix://$dir/file.sock"
check "and still there" test -f "$dir/file.sock"
start --no-attach --listen 127.0.0.1:0
wait_until 10 grep -q serving "$dir/log"
port=$(sed -n 's/.*addresses=127\.0\.0\.1:\([0-9]*\).*/\1/p' "$dir/log")
exits_saying "port in use" 8 "127.0.0.1:$port" schedd --kernel=sim --listen "127.0.0.1:$port"
kill -TERM "$pid"
wait "$pid"
is "a daemon on TCP ends with 0" "$?" 0

finish
