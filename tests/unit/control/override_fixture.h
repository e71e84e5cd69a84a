// SPDX-License-Identifier: Apache-2.0
//
// ControlFixture with three tasks to override, for the tests of OverrideControl.
#ifndef SCHEDD_TESTS_UNIT_CONTROL_OVERRIDE_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_CONTROL_OVERRIDE_FIXTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/control/control_fixture.h"

namespace schedd {

inline constexpr int64_t kMs = 1'000'000;

inline CreateOverrideRequest Request(const TaskSelector& selector, int32_t weight,
                                     const std::string& id = "") {
  return {.spec = {.selector = selector, .weight = weight}, .id = id};
}

class OverrideFixture : public ControlFixture {
 protected:
  void SetUp() override {
    ControlFixture::SetUp();
    host.cgroups = {{1, ""}, {2, "a"}, {3, "a/b"}, {4, "ab"}};
    Attach();
    PutTasks();
  }

  // Two threads of one process, and one of another.
  void PutTasks(uint64_t start_ns_of_20 = 200) {
    host.kernel->PutTask(0, {.tid = 10, .tgid = 10, .start_ns = 100, .comm = "web", .uid = 33});
    host.kernel->PutTask(
        1, {.tid = 11, .tgid = 10, .start_ns = 110, .comm = "worker", .uid = 33, .cgroup_id = 3});
    host.kernel->PutTask(2, {.tid = 20,
                             .tgid = 20,
                             .start_ns = start_ns_of_20,
                             .comm = "hog",
                             .uid = 0,
                             .cgroup_id = 4});
  }

  absl::StatusOr<OverrideInfo> Get(const std::string& id) {
    return parts->overrides.Get("taskOverrides/" + id);
  }
  std::vector<int32_t> Weights() const {
    return {InForce(0).weight, InForce(1).weight, InForce(2).weight};
  }
  int64_t Generation() const { return parts->generations.current(); }
  size_t Count() { return parts->overrides.List(0, "")->overrides.size(); }

  // A refused request must leave all as it was.
  void ExpectRefused(const CreateOverrideRequest& request, const std::string& error,
                     const std::string& field) {
    const int64_t generation = Generation();
    const size_t count = Count();
    const absl::Status status = Create(request).status();
    EXPECT_EQ(ErrorOf(status), error) << status.message();
    EXPECT_EQ(FieldOf(status), field) << status.message();
    EXPECT_EQ(Generation(), generation);
    EXPECT_EQ(Count(), count);
    EXPECT_TRUE(host.engine->settings.empty());
  }
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_CONTROL_OVERRIDE_FIXTURE_H_
