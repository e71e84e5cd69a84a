# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script behind ./run shares: messages, exit codes, the cache directory, what machine this is.
#
# Sourced by bash, never run. It changes nothing on the machine. Messages go to stderr, so that a
# script's stdout stays its result. Failure: die CODE "what is wrong" "what to do" ends the script.

# Exit codes of ./run (README.md lists them for users).
readonly EXIT_USAGE=2         # wrong arguments
readonly EXIT_NOT_ROOT=10     # packages are missing and we may not install them
readonly EXIT_NO_NETWORK=11   # the Debian mirror does not answer, or does not have what is needed
readonly EXIT_NO_SPACE=12     # too little free disk space
readonly EXIT_NO_DISTRO=13    # not Debian 12 or 13
readonly EXIT_NO_ARCH=14      # the job needs another processor architecture
readonly EXIT_INSTALL=15      # apt or dpkg failed for another reason
readonly EXIT_NO_SCHED_EXT=16 # this host's kernel has no sched_ext
readonly EXIT_BUILD=17        # the build failed
export EXIT_USAGE EXIT_NOT_ROOT EXIT_NO_NETWORK EXIT_NO_SPACE EXIT_NO_DISTRO EXIT_NO_ARCH
export EXIT_INSTALL EXIT_NO_SCHED_EXT EXIT_BUILD

say() { printf '%s: %s\n' "${SAY_AS:-run}" "$*" >&2; }

# die CODE MESSAGE [WHAT TO DO]
die() {
  say "error: $2"
  [ -n "${3:-}" ] && say "  what to do: $3"
  exit "$1"
}

# The one directory we keep things in between runs; everything in it can be deleted at any time.
cache_dir() {
  local dir="${SCHEDD_CACHE:-}"
  if [ -z "$dir" ]; then
    if [ "$(id -u)" = 0 ] || [ -w /var/cache/schedd ]; then
      dir=/var/cache/schedd
    else
      dir="${XDG_CACHE_HOME:-$HOME/.cache}/schedd"
    fi
  fi
  mkdir -p "$dir" 2>/dev/null || die "$EXIT_NO_SPACE" "cannot create the cache directory $dir" \
    "set SCHEDD_CACHE to a directory that can be written"
  printf '%s\n' "$dir"
}

os_field() { sed -n "s/^$1=\"\?\([^\"]*\)\"\?\$/\1/p" "${SCHEDD_OS_RELEASE:-/etc/os-release}" 2>/dev/null; }

# Codename of a Debian release we support (bookworm, trixie); dies on anything else.
debian_codename() {
  local id name pretty
  id=$(os_field ID) name=$(os_field VERSION_CODENAME) pretty=$(os_field PRETTY_NAME)
  case "$id/$name" in
    debian/bookworm | debian/trixie) printf '%s\n' "$name" ;;
    *)
      die "$EXIT_NO_DISTRO" "this is ${pretty:-an unknown system}, set-up knows Debian 12 and Debian 13" \
        "use a Debian 12 or 13 machine, container or chroot (tools/setup/try_bare makes a chroot)"
      ;;
  esac
}

# need_space DIR MEGABYTES WHY: dies when the file system that DIR is (or will be) on has less.
need_space() {
  local dir="$1" need="$2" why="$3" have
  while [ ! -e "$dir" ]; do dir=$(dirname "$dir"); done
  have=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
  [ "${have:-0}" -ge "$need" ] || die "$EXIT_NO_SPACE" \
    "$why needs $need MB free under $1, there are $have MB" \
    "free some space there (or set SCHEDD_CACHE, for the cache)"
}
