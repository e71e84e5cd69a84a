// SPDX-License-Identifier: Apache-2.0
//
// The schedule does not depend on what must not matter: which slots tasks have, where records lie
// in memory, how large the table is, and where virtual time begins.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/properties/world.h"

namespace schedd {
namespace {

// Who ran where and when.
std::vector<std::string> ScheduleOf(uint64_t seed, WorldOptions options) {
  Random random(seed);
  const auto nr_cpus = static_cast<int>(1 + Below(random, 2));
  SimTrace trace(/*keep_lines=*/true);
  options.topology = SimTopology::Flat(nr_cpus);
  options.seed = seed;
  options.trace = &trace;
  // A slow daemon has several tasks to put into order at a time.
  options.call_cost_ns = seed % 2 == 0 ? 500 : 200'000;
  World world(options);
  // One after the other: ties go by slot.
  for (const SimTaskSpec& spec : RandomTasks(random, nr_cpus, 10)) {
    world.machine.Spawn(spec);
    world.RunFor(1 + Below(random, kMs));
  }
  world.RunFor(60 * kMs);
  std::vector<std::string> runs;
  for (const std::string& line : trace.lines()) {
    if (line.find(" slot=") == std::string::npos) runs.push_back(line);
  }
  return runs;
}

void ExpectSame(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto [first, second] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (first == a.end() && second == b.end()) return;
  ADD_FAILURE() << "line " << first - a.begin() << ": " << (first != a.end() ? *first : "the end")
                << "\ninstead of " << (second != b.end() ? *second : "the end");
}

TEST(OrderTest, SlotsAreGivenOutInAnotherOrder) {
  World world({.slot_order = 1});
  std::vector<uint32_t> slots;
  for (int i = 0; i < 20; ++i) {
    slots.push_back(world.machine.Find(world.machine.Spawn({.program = {RunFor(kMs)}}))->slot);
  }
  EXPECT_FALSE(std::is_sorted(slots.begin(), slots.end()));
}

TEST(OrderTest, DoesNotDependOnSlots) {
  ForEachSeed(1, 400, [](uint64_t seed) {
    ExpectSame(ScheduleOf(seed, {.slot_order = seed}), ScheduleOf(seed, {}));
  });
}

TEST(OrderTest, DoesNotDependOnTheTableOrOnAddresses) {
  ForEachSeed(1, 300, [](uint64_t seed) {
    const std::vector<std::string> usual = ScheduleOf(seed, {});
    std::vector<std::unique_ptr<char[]>> others;  // other places for all that is allocated then
    for (uint64_t i = 0; i < 50; ++i) others.push_back(std::make_unique<char[]>(i * seed % 700));
    for (uint64_t i = 0; i < 50; i += 2) others[i].reset();
    ExpectSame(ScheduleOf(seed, {.max_tasks = 1'000}), usual);
  });
}

// 100 ms before it wraps, and before it changes its sign.
TEST(OrderTest, DoesNotDependOnWhereVirtualTimeBegins) {
  ForEachSeed(1, 300, [](uint64_t seed) {
    const std::vector<std::string> usual = ScheduleOf(seed, {.virtual_start = 1'000'000 * kMs});
    for (const uint64_t end : {uint64_t{0}, uint64_t{1} << 63}) {
      ExpectSame(ScheduleOf(seed, {.virtual_start = end - 30 * uint64_t{kMs}}), usual);
    }
  });
}

}  // namespace
}  // namespace schedd
