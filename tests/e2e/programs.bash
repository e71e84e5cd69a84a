# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For guest tests, beside guest.bash: the dispatcher's BPF programs, as the kernel has them.
#
#   programs                   a line "NAME ID" for each that is loaded
#   budgets                    a line "NAME MOST" for each that there should be (verifier_budget)
#   verified                   a line "NAME INSTRUCTIONS" for each: what the verifier went through, states of loops included
#   check_budgets              cases: each program is within its budget, and each has one
#   keep_programs              keeps them loaded, whatever becomes of the daemon, so that they can be asked how often they ran
#   runs                       a line "NAME TIMES" for each that is loaded; needs kernel.bpf_stats_enabled=1 from before the attach
KEPT=/sys/fs/bpf/kept

programs() { bpftool -j prog show | jq -r '.[] | select(.name // "" | startswith("schedd_")) | "\(.name) \(.id)"' | sort; }

budgets() { awk '!/^#/ && NF { print $1, $2 }' "${BASH_SOURCE[0]%/*}/verifier_budget" | sort; }

# bpftool does not tell, the files of the daemon's descriptors do. Only a daemon that did not adopt has one for each program.
# cat reads them, as awk ends at the first file that it cannot open: the daemon may close any of its others meanwhile.
verified() {
  cat "/proc/$SCHEDD/fdinfo/"* 2>/dev/null |
    awk 'NR == FNR { name[$2] = $1; next }
         $1 == "prog_id:" { id = $2 }
         $1 == "verified_insns:" && id in name { count[name[id]] = $2 }
         END { for (n in count) print n, count[n] }' <(programs) - | sort
}

check_budgets() {
  local name count budget
  verified >/tmp/verified
  is "every program has a budget, and every budget a program" "$(cut -d' ' -f1 /tmp/verified)" "$(budgets | cut -d' ' -f1)"
  while read -r name count budget; do
    holds "verified instructions of $name: $count, at most $budget" "$count <= $budget"
  done < <(budgets | awk 'NR == FNR { budget[$1] = $2; next } { print $1, $2, budget[$1] + 0 }' - /tmp/verified)
}

keep_programs() {
  local name id
  mkdir -p "$KEPT"
  while read -r name id; do bpftool prog pin id "$id" "$KEPT/$name" || return; done < <(programs)
}

runs() { bpftool -j prog show | jq -r '.[] | select(.name // "" | startswith("schedd_")) | "\(.name) \(.run_cnt // 0)"' | sort; }
