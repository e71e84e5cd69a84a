#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# isolcpus= excludes sched_ext in the kernel: schedd and schedctl doctor say that this is why.
# guest: cpus=2 mem=1G timeout=60 append=isolcpus=1 beside=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.bash"

exits "schedd does not attach" 4 schedd
check "and says why" grep -q 'isolcpus=1.*cpuset' <<<"$OUTPUT"
check "nothing is left" detached
begin "schedctl doctor says so beforehand"
OUTPUT=$(schedctl doctor 2>&1)
if grep -q 'isolcpus=1' <<<"$OUTPUT"; then pass; else fail "$OUTPUT"; fi
finish
