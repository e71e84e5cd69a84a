// SPDX-License-Identifier: Apache-2.0
//
// I6: tasks that never sleep get CPU time in proportion to weight where they saturate the CPUs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/properties/world.h"

namespace schedd {
namespace {

// Weights of which none is more than one CPU's part: a task runs on one CPU at a time.
std::vector<int32_t> RandomWeights(Random& random, int nr_cpus) {
  std::vector<int32_t> weights;
  const int64_t count = nr_cpus + 2 + Below(random, 6);
  for (int64_t i = 0; i < count; ++i) {
    weights.push_back(static_cast<int32_t>(10 + Below(random, 790)));
  }
  while (true) {
    const auto heaviest = std::max_element(weights.begin(), weights.end());
    const int64_t sum = std::accumulate(weights.begin(), weights.end(), int64_t{0});
    if (int64_t{*heaviest} * nr_cpus * 10 <= sum * 9) return weights;
    *heaviest = *heaviest * 3 / 4;
  }
}

void WeightsMeanShares(uint64_t seed) {
  Random random(seed);
  const auto nr_cpus = static_cast<int>(1 + Below(random, 4));
  World world({.topology = SimTopology::Flat(nr_cpus), .seed = seed});
  const std::vector<int32_t> weights = RandomWeights(random, nr_cpus);
  const int64_t sum = std::accumulate(weights.begin(), weights.end(), int64_t{0});
  std::vector<int32_t> tids;
  for (const int32_t weight : weights) {
    tids.push_back(world.machine.Spawn({.weight = weight, .program = {RunFor(1'000 * kMs)}}));
  }
  constexpr int64_t kSettleNs = 500 * kMs;
  constexpr int64_t kRunNs = 6'000 * kMs;
  world.RunFor(kSettleNs);
  std::vector<int64_t> before;
  for (const int32_t tid : tids) before.push_back(world.machine.RunNanos(tid));
  world.RunFor(kRunNs);
  for (size_t i = 0; i < tids.size(); ++i) {
    const auto ran_ns = static_cast<double>(world.machine.RunNanos(tids[i]) - before[i]);
    const double share = ran_ns / static_cast<double>(kRunNs * nr_cpus);
    const double due = static_cast<double>(weights[i]) / static_cast<double>(sum);
    EXPECT_NEAR(share, due, 0.03) << "weight " << weights[i] << " of " << sum << " on " << nr_cpus;
  }
  EXPECT_EQ(world.machine.IdleWhileRunnableNanos(), 0);
}

TEST(SharesTest, WeightsMeanShares) { ForEachSeed(1, 500, WeightsMeanShares); }

}  // namespace
}  // namespace schedd
