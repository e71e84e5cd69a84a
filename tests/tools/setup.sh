#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Set-up: what it says and returns when something is missing, and that it leaves the machine's apt alone.
# host: timeout=120
. "$(dirname "$0")/../e2e/lib.sh"
repo=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) && chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
cp -r "$repo/tools/setup" "$work/setup"
echo "schedd-no-such-package" >"$work/packages"
export SCHEDD_CACHE="$work/cache"

says() { # NAME WORDS
  begin "$1"
  if [[ $OUTPUT == *"$2"* ]]; then pass; else fail "it said: $OUTPUT"; fi
}

install_missing() { SCHEDD_PACKAGES="$work/packages" "$work/setup/install"; }
apt_files() { find /etc/apt /var/lib/apt/lists -type f -exec sha256sum {} + 2>/dev/null | sort; }

printf 'ID=fedora\nVERSION_CODENAME=x\nPRETTY_NAME="Fedora Linux 40"\n' >"$work/os-release"
other_distribution() { SCHEDD_OS_RELEASE="$work/os-release" install_missing; }
exits "another distribution" 13 other_distribution
says "another distribution: named, and what is supported" "this is Fedora Linux 40, set-up knows Debian 12"

if [ "$(id -u)" != 0 ]; then
  begin "set-up as root" && skip "needs root"
else
  not_root() { SCHEDD_CACHE="$work/user" setpriv --reuid=65534 --regid=65534 --clear-groups env SCHEDD_PACKAGES="$work/packages" "$work/setup/install"; }
  mkdir -m 777 "$work/user"
  exits "not root" 10 not_root
  says "not root: names what is missing" "schedd-no-such-package"

  before=$(apt_files)
  no_network() { SCHEDD_DEBIAN_MIRROR=http://127.0.0.1:9/debian install_missing; }
  exits "no network" 11 no_network
  says "no network: says what to check" "check the network"

  mkdir "$work/bin"
  printf '#!/bin/sh\necho header\necho /dev/x 100 93 7 93 /\n' >"$work/bin/df"
  chmod +x "$work/bin/df"
  no_space() { PATH="$work/bin:$PATH" install_missing; }
  exits "no space" 12 no_space
  says "no space: needed and had" "there are 7 MB"

  unset SCHEDD_CACHE
  exits "a package the archive does not have" 15 install_missing
  says "a package the archive does not have: named" "schedd-no-such-package"
  is "the machine's apt sources and lists are as before" "$(apt_files)" "$before"
fi

unset SCHEDD_CACHE
check "set-up with everything there" "$repo/run" setup
start=$(date +%s%N)
"$repo/run" setup
took_ms=$((($(date +%s%N) - start) / 1000000))
begin "set-up with everything there takes less than a second"
if [ "$took_ms" -lt 1000 ]; then pass; else fail "it took $took_ms ms"; fi
finish
