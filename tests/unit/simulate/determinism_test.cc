// SPDX-License-Identifier: Apache-2.0
//
// A simulation is a function of its workload: the same trace, byte for byte, on every machine, by
// every compiler, at every level of optimisation and under every sanitizer.
//
// A hash here changes when the simulated machine, the dispatcher's contract, the engine or the
// policy behaves differently. When that is meant, put in the new one from the test's message.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "server/simulate/simulation.h"
#include "server/simulate/workload_file.h"

namespace schedd {
namespace {

struct Recorded {
  const char* workload;
  const char* policy;
  int64_t events;
  uint64_t hash;
};

void PrintTo(const Recorded& recorded, std::ostream* out) {
  *out << recorded.workload << " under " << recorded.policy;
}

class DeterminismTest : public testing::TestWithParam<Recorded> {};

TEST_P(DeterminismTest, TheTraceIsTheOneRecorded) {
  const Recorded& recorded = GetParam();
  SimWorkload workload =
      ReadWorkloadFile(std::string("workloads/") + recorded.workload + ".textproto").value();
  workload.duration_ns = 2'000'000'000;
  SimTrace trace;
  ASSERT_TRUE(Simulate(workload, {.policy = recorded.policy, .trace = &trace}).ok());
  EXPECT_EQ(trace.count(), recorded.events);
  EXPECT_EQ(trace.hash(), recorded.hash) << std::hex << "0x" << trace.hash();
}

INSTANTIATE_TEST_SUITE_P(
    Library, DeterminismTest,
    testing::Values(Recorded{"request_worker", "vruntime", 53'671, 0x5321301eea592177},
                    Recorded{"mixed_tenants", "vruntime", 8'217, 0x6294362ec792fd30},
                    Recorded{"fork_storm", "vruntime", 156'325, 0x2e843e85406ea676},
                    Recorded{"interactive", "rustland", 6'909, 0x3207e0ff0b5c15b3},
                    Recorded{"fork_join_build", "fair", 4'993, 0x6e3dd19a687dbf8b}),
    [](const auto& info) { return std::string(info.param.workload) + "_" + info.param.policy; });

}  // namespace
}  // namespace schedd
