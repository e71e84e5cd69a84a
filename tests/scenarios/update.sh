#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Writes the golden files of all scenarios anew, from what happens now. Look at each difference
# before it is committed: git diff tests/scenarios/cases
set -euo pipefail
cd "$(dirname "$0")/../.."
export SCHEDD_UPDATE_SCENARIOS="$PWD/tests/scenarios/cases"
exec bazel run --test_sharding_strategy=disabled ${SCHEDD_CACHE:+--disk_cache="$SCHEDD_CACHE/bazel"} --noshow_progress \
  //tests/scenarios:scenario_test -- --gtest_brief=1 "$@"
