#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=120
# Roles, certificates and the audit log of a schedd process on the simulated machine; docs/security.md's commands work.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"
document="$(cd "$(dirname "$0")/../.." && pwd)/docs/security.md"
roles="$SIM/roles.conf"
audit() { # SQL: on the audit log of a daemon that has ended
  python3 -c 'import sqlite3, sys; print(*("|".join(map(str, r)) for r in sqlite3.connect(sys.argv[1]).execute(sys.argv[2])), sep="\n")' \
    "$SIM/state/audit-sim.db" "$1"
}
lines() { grep -c "$1" "$SIM/log"; }
has_more() { [ "$(lines "$1")" -gt "$2" ]; } # TEXT NUMBER
reload() { # TEXT: waits until the log says it
  local before
  before=$(lines "$1")
  kill -HUP "$SIM_PID"
  wait_until 10 has_more "$1" "$before"
}

# --- certificates, by the commands of docs/security.md ---
certificates="$SIM/certificates"
mkdir "$certificates"
sed -n '/^## TCP with certificates/,/^```$/p' "$document" | sed '1,/^```sh$/d; /^```$/d' >"$SIM/commands"
check "the commands of docs/security.md make certificates" \
  eval 'cd "$certificates" && grep -q "^openssl" "$SIM/commands" && bash -e "$SIM/commands"'
sed -n '/^# \/etc\/schedd\/roles.conf/,/^```$/p' "$document" | sed '/^```$/d' >"$SIM/documented.conf"
check "the roles file of docs/security.md is right" \
  schedd --kernel=sim --roles-file "$SIM/documented.conf" --check-config
check "and there is one" grep -q '^grant' "$SIM/documented.conf"

# --- what --check-config and a start say of wrong files ---
printf 'grant { role: "boss" principal: "local" }\n' >"$roles"
exits_saying "a wrong roles file, with its line" 2 "$roles:1:" schedd --kernel=sim --roles-file "$roles" --check-config
exits_saying "a wrong roles file at a start" 2 "there is no role 'boss'" schedd --kernel=sim --listen "unix://$SIM/x.sock" --roles-file "$roles"
exits_saying "a roles file that is not there" 2 "cannot read the roles file" schedd --kernel=sim --roles-file "$SIM/none" --check-config
exits_saying "a certificate without its key" 2 "give all three" schedd --kernel=sim --tls-cert "$certificates/server.pem" --check-config
exits_saying "a key of another certificate" 2 "not the key of" schedd --kernel=sim --tls-cert "$certificates/server.pem" \
  --tls-key "$certificates/client.key" --tls-ca "$certificates/ca.pem" --check-config

# --- TCP ---
cat >"$roles" <<'END'
grant { role: "viewer" principal: "spiffe://example.org/tuner/*" }
END
start_sim --roles-file "$roles" --listen 127.0.0.1:0 --tls-cert "$certificates/server.pem" \
  --tls-key "$certificates/server.key" --tls-ca "$certificates/ca.pem" || exit 1
port=$(sed -n 's/.*addresses=.*,127\.0\.0\.1:\([0-9]*\).*/\1/p' "$SIM/log")
export SCHEDD_TLS_CERT="$certificates/client.pem" SCHEDD_TLS_KEY="$certificates/client.key" SCHEDD_TLS_CA="$certificates/ca.pem"
tcp=(schedctl --endpoint "127.0.0.1:$port")
check "a client with a certificate is let in by address" "${tcp[@]}" status
check "and by name" schedctl --endpoint "localhost:$port" status
check "and by the server's SPIFFE ID" "${tcp[@]}" --tls-server-name spiffe://example.org/schedd status
exits_saying "not by another one" 7 "does not answer" "${tcp[@]}" --timeout 3s --tls-server-name spiffe://example.org/other status
exits_saying "its role holds" 4 "needs operator or admin" "${tcp[@]}" scheduler detach
exits_saying "without a certificate nobody is let in" 7 "does not answer" \
  env -u SCHEDD_TLS_CERT -u SCHEDD_TLS_KEY -u SCHEDD_TLS_CA "${tcp[@]}" --timeout 3s status
exits_saying "two of three files are too few" 2 "--tls-key (or SCHEDD_TLS_KEY) is missing" env -u SCHEDD_TLS_KEY "${tcp[@]}" status
check "the unix socket needs none, whatever the environment names" env SCHEDD_TLS_CERT=/nowhere schedctl status

# --- SIGHUP ---
echo 'grant { role: "admin" principal: "spiffe://example.org/tuner/1" }' >"$roles"
check "SIGHUP is heard" reload 'roles read again'
check "the new roles hold" "${tcp[@]}" policy set base_slice=6ms
echo 'grant { role: "bos" }' >"$roles"
check "a wrong file is said" reload 'the roles stay as they were'
check "and changes nothing" "${tcp[@]}" policy set base_slice=7ms
begin "schedd says so until it is mended"
if schedctl status -o json | grep -q 'rolesProblem.*roles.conf:1:'; then pass; else fail "$(schedctl status -o json)"; fi

# --- users ---
unset SCHEDD_TLS_CERT SCHEDD_TLS_KEY SCHEDD_TLS_CA
if [ "$(id -u)" = 0 ]; then
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  cp "$(command -v schedctl)" "$SIM/schedctl" && chmod 755 "$SIM" "$SIM/schedctl"
  chmod 666 "$SIM/schedd.sock"
  echo 'grant { role: "viewer" principal: "user:nobody" }' >"$roles"
  reload 'roles read again'
  check "another user may look" "${nobody[@]}" "$SIM/schedctl" status
  exits_saying "and no more" 4 "uid:65534 pid:" "${nobody[@]}" "$SIM/schedctl" policy set base_slice=8ms
  echo 'grant { role: "tuner" principal: "gid:65534" }' >"$roles"
  reload 'roles read again'
  check "its group counts, too" "${nobody[@]}" "$SIM/schedctl" policy set base_slice=8ms
  : >"$roles"
  reload 'roles read again'
  exits "who is in no role may nothing" 4 "${nobody[@]}" "$SIM/schedctl" status
else
  for name in "another user may look" "and no more" "its group counts, too" "who is in no role may nothing"; do
    begin "$name"
    skip "needs root"
  done
fi

# --- the audit log ---
schedctl -q scheduler detach --reason "for the audit log"
kill -KILL "$SIM_PID"
wait "$SIM_PID" 2>/dev/null
SIM_PID=''
is "the last change is there after kill -9" "$(audit 'SELECT method, resource, note, code FROM entry ORDER BY id DESC LIMIT 1')" \
  "/schedd.v1.SchedulerService/DetachScheduler|schedulers/default|for the audit log|0"
is "so is who was refused" "$(audit "SELECT reason FROM entry WHERE principal = 'spiffe://example.org/tuner/1' AND denied")" ROLE_NOT_ALLOWED
printf 'damaged' | dd of="$SIM/state/audit-sim.db" conv=notrunc 2>/dev/null
start_sim || exit 1
check "a damaged audit log is put aside" eval 'ls "$SIM"/state/audit-sim.db.corrupt-*'
check "and schedd runs on" schedctl policy set base_slice=9ms
finish
