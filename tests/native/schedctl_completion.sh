#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=60
# The completion scripts in the shells they are for, with the names that a real schedd knows.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/sim.bash"
start_sim || exit 1
schedctl -q task boost --comm hog-a --weight 200 --id web >/dev/null
schedctl -q task boost --comm hog-b --weight 200 --id batch >/dev/null
schedctl -q policy create web --cgroup /web >/dev/null
tid=$(schedctl task list -o jsonpath='{.tasks[0].tid}' --filter 'comm = "hog-a"')

for shell in bash zsh fish; do schedctl completion "$shell" >"$SIM/completion.$shell"; done
cat >"$SIM/complete.bash" <<'END'
. "$1/completion.bash"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
_schedctl
printf '%s\n' "${COMPREPLY[@]}"
END
# zsh tells what it would add, by a compadd of ours.
cat >"$SIM/complete.zsh" <<'END'
compdef() { : }
compadd() {
  local array=''
  while [[ "$1" = -* ]]; do
    case "$1" in
      --) shift && break ;;
      -S | -d) shift ;;
      -a) array=1 ;;
    esac
    shift
  done
  if [[ -n "$array" ]]; then print -rl -- "${(@P)1}"; else print -rl -- "$@"; fi
}
. $1/completion.zsh
shift
words=("$@") CURRENT=$#
_schedctl
END

offered() { # SHELL WORD…: what it offers for the last word, one a line, sorted
  local shell="$1"
  shift
  case "$shell" in
    bash) bash "$SIM/complete.bash" "$SIM" "$@" ;;
    zsh) zsh -f "$SIM/complete.zsh" "$SIM" "$@" | awk -v word="${*: -1}" 'index($0, word) == 1' ;;
    fish) fish --no-config -c "source $SIM/completion.fish; complete -C '$*'" | cut -f 1 ;;
  esac 2>"$SIM/stderr" | grep . | sort
}

offers() { # SHELL NAME WANT WORD…: the offer is WANT
  local shell="$1" name="$2" want="$3"
  shift 3
  begin "$shell: $name"
  if ! command -v "$shell" >/dev/null; then
    skip "there is no $shell"
    return
  fi
  OUTPUT=$(offered "$shell" "$@" | tr '\n' ' ')
  if [ "$OUTPUT" = "$want" ] && [ ! -s "$SIM/stderr" ]; then pass; else fail "offered '$OUTPUT', want '$want'; $(cat "$SIM/stderr")"; fi
}

for shell in bash zsh fish; do
  offers "$shell" "a command" "scheduler " schedctl sch
  offers "$shell" "a command of a group" "unboost " schedctl task un
  offers "$shell" "an option" "--weight " schedctl task boost --we
  offers "$shell" "a format" "json jsonpath= " schedctl status --output js
  offers "$shell" "a task" "$tid " schedctl task get "$tid"
  offers "$shell" "overrides" "batch web " schedctl task unboost ""
  offers "$shell" "a parameter" "base_slice= " schedctl policy set base
  offers "$shell" "policies" "default web " schedctl policy delete ""
  offers "$shell" "a policy to set" "web " schedctl policy set we
  offers "$shell" "a parameter of a policy" "max_slice= " schedctl policy set web max
  offers "$shell" "a revision" "known-good " schedctl policy rollback web kn
  offers "$shell" "the tasks' names" "hog-a hog-b hog-c hog-d hog-e " schedctl task boost --comm hog
done
stop_sim
for shell in bash zsh fish; do
  offers "$shell" "no names without schedd" "" schedctl task unboost w
done
finish
