#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Which mirror and suites the private apt root takes from a machine's sources (with an apt-get that only prints).
# host: timeout=60
. "$(dirname "$0")/../e2e/lib.sh"
tool="$(cd "$(dirname "$0")/../.." && pwd)/tools/setup/apt_private"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SCHEDD_CACHE="$work/cache" SCHEDD_OS_RELEASE="$work/os-release" WORK="$work"
export PATH="$work/bin:$PATH"
mkdir "$work/bin"
printf 'ID=debian\nVERSION_CODENAME=bookworm\n' >"$work/os-release"
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
case "$*" in
  indextargets*) cat "$WORK/targets" ;;
  *--print-uris*) cat "$WORK/uris" ;;
  *update*) echo update >>"$WORK/calls"; exit "$(cat "$WORK/update-code")" ;;
esac
END
chmod +x "$work/bin/apt-get"
echo 0 >"$work/update-code"

targets() { cat >"$work/targets"; }
uris() { cat >"$work/uris"; }
sources_for() { "$tool" test "$1" true && sed 's/ \[signed-by=[^]]*\]//' "$SCHEDD_CACHE/apt/test/sources.list"; }

uris </dev/null
targets <<'END'
http://other.example/apt/|Other|Other|bookworm
http://mirror.example/debian-security/|Debian|Debian-Security|bookworm-security
http://mirror.example/debian/|Debian|Debian|bookworm
http://mirror.example/debian/|Debian|Debian|bookworm-updates
END
is "the mirror is the Debian archive's" "$("$tool" --mirror)" http://mirror.example/debian/
is "the release's suites are those the machine uses" "$(sources_for @release)" \
  "deb http://mirror.example/debian/ bookworm main
deb http://mirror.example/debian-security/ bookworm-security main
deb http://mirror.example/debian/ bookworm-updates main"
is "backports and other suites come from the same mirror" "$(sources_for "@backports trixie-backports")" \
  "deb http://mirror.example/debian/ bookworm-backports main
deb http://mirror.example/debian/ trixie-backports main"
is "every line is checked with Debian's keys" \
  "$(grep -vc 'signed-by=/usr/share/keyrings/debian-archive-keyring.gpg' "$SCHEDD_CACHE/apt/test/sources.list")" 0

: >"$work/calls"
"$tool" test "@backports trixie-backports" true
is "fresh lists are not fetched again" "$(wc -l <"$work/calls")" 0
"$tool" --max-age 0 other "@backports" true
is "new roots fetch their lists" "$(wc -l <"$work/calls")" 1
touch -d '2 days ago' "$SCHEDD_CACHE/apt/test/updated"
"$tool" --max-age never test "@backports trixie-backports" true
is "old lists are kept when told so" "$(wc -l <"$work/calls")" 1
"$tool" test "@backports trixie-backports" true
is "lists older than a day are fetched again" "$(wc -l <"$work/calls")" 2

# A machine that never ran 'apt-get update': apt knows addresses only.
targets </dev/null
uris <<'END'
'http://other.example/apt/dists/stable-thing/InRelease' other 0
'http://fresh.example/debian/dists/bookworm/InRelease' fresh 0
'http://fresh.example/debian/dists/bookworm-updates/InRelease' fresh 0
'http://fresh.example/debian-security/dists/bookworm-security/InRelease' fresh 0
'http://fresh.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' fresh 0
END
is "the mirror of a machine without lists" "$("$tool" --mirror)" http://fresh.example/debian/
is "the suites of a machine without lists" "$(sources_for @release)" \
  "deb http://fresh.example/debian/ bookworm main
deb http://fresh.example/debian-security/ bookworm-security main
deb http://fresh.example/debian/ bookworm-updates main"
is "the mirror can be named" "$(SCHEDD_DEBIAN_MIRROR=http://named.example/d "$tool" --mirror)" http://named.example/d

uris </dev/null
exits "no mirror at all" 11 "$tool" --mirror
begin "no mirror at all: says what to set"
if [[ $OUTPUT == *SCHEDD_DEBIAN_MIRROR* ]]; then pass; else fail "it said: $OUTPUT"; fi
targets <<<'http://mirror.example/debian/|Debian|Debian|bookworm'
echo 100 >"$work/update-code"
exits "lists that cannot be fetched" 11 "$tool" broken @release true
exits "wrong use" 2 "$tool" test
finish
