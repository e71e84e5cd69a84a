#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host: timeout=180
# Some seconds of ./run fuzz: each method answers requests made at random as the API says, and schedd ends well.
. "$(dirname "$0")/../e2e/lib.sh"

fuzz() { bash "$(dirname "$0")/../fuzz/fuzz.sh" "$(command -v schedd)" --seconds 15 --seed "$1"; }
check "requests at random, seed 1" fuzz 1
check "a schedd that is not there is no success" eval '! bash "$(dirname "$0")/../fuzz/fuzz.sh" false --seconds 1 >/dev/null 2>&1'
finish
