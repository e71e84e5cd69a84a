// SPDX-License-Identifier: Apache-2.0
#include "server/policy/cpu_scan.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace schedd {
namespace {

std::vector<uint32_t> Scan(const uint64_t* allowed, uint32_t first, uint32_t nr_cpus) {
  std::vector<uint32_t> cpus;
  ScanAllowedCpus(allowed, first, nr_cpus, [&](uint32_t cpu) {
    cpus.push_back(cpu);
    return true;
  });
  return cpus;
}

TEST(CpuScanTest, GoesRoundFromTheFirst) {
  EXPECT_EQ(Scan(nullptr, 2, 4), (std::vector<uint32_t>{2, 3, 0, 1}));
  const uint64_t mask = 0b1011;
  EXPECT_EQ(Scan(&mask, 2, 4), (std::vector<uint32_t>{3, 0, 1}));
}

TEST(CpuScanTest, StopsAfterSome) {
  EXPECT_EQ(Scan(nullptr, 60, 512).size(), size_t{kMostScannedCpus});
}

TEST(CpuScanTest, StopsWhenToldTo) {
  int visits = 0;
  ScanAllowedCpus(nullptr, 0, 8, [&](uint32_t) { return ++visits < 3; });
  EXPECT_EQ(visits, 3);
}

TEST(CpuScanTest, OddArguments) {
  const uint64_t none[2] = {0, 0};
  EXPECT_TRUE(Scan(none, 70, 128).empty());
  EXPECT_TRUE(Scan(nullptr, 0, 0).empty());
  EXPECT_EQ(Scan(nullptr, 99, 2), (std::vector<uint32_t>{0, 1}));
}

// Against the plain way, with few bits set in several words.
TEST(CpuScanTest, FindsWhatTheMaskSays) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 5000; ++round) {
    const auto nr_cpus = static_cast<uint32_t>(1 + random() % 512);
    const auto first = static_cast<uint32_t>(random() % nr_cpus);
    std::vector<uint64_t> mask(8, 0);
    for (uint64_t bits = random() % 12; bits > 0; --bits) {
      const uint64_t bit = random() % 512;
      mask[bit / 64] |= uint64_t{1} << bit % 64;
    }
    std::vector<uint32_t> expected;
    for (uint32_t i = 0; i < nr_cpus && expected.size() < kMostScannedCpus; ++i) {
      const uint32_t cpu = (first + i) % nr_cpus;
      if ((mask[cpu / 64] >> cpu % 64 & 1) != 0) expected.push_back(cpu);
    }
    ASSERT_EQ(Scan(mask.data(), first, nr_cpus), expected) << round;
  }
}

}  // namespace
}  // namespace schedd
