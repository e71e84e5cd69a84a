// SPDX-License-Identifier: Apache-2.0
//
// The parts of the control plane on a fake kernel and manual time, wired as Control wires them.
#ifndef SCHEDD_TESTS_UNIT_CONTROL_CONTROL_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_CONTROL_CONTROL_FIXTURE_H_

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/control/cgroup_control.h"
#include "server/control/cgroup_paths.h"
#include "server/control/control_options.h"
#include "server/control/error.h"
#include "server/control/generation.h"
#include "server/control/override_control.h"
#include "server/control/policy_control.h"
#include "server/control/scheduler_control.h"
#include "server/control/state_journal.h"
#include "server/control/state_store.h"
#include "server/control/task_catalog.h"
#include "tests/unit/control/fake_host.h"
#include "tests/unit/control/manual_time.h"

namespace schedd {

// Code and reason of an error, for EXPECT_EQ. "OK" for no error.
inline std::string ErrorOf(const absl::Status& status) {
  if (status.ok()) return "OK";
  return absl::StrCat(absl::StatusCodeToString(status.code()), " ", GetErrorReason(status));
}

template <typename T>
std::string ErrorOf(const absl::StatusOr<T>& result) {
  return ErrorOf(result.status());
}

inline std::string FieldOf(const absl::Status& status) { return GetErrorMetadata(status)["field"]; }

class ControlFixture : public ::testing::Test {
 protected:
  // By when an engine that is alive has taken a change up.
  static constexpr absl::Duration kAnswered = absl::Milliseconds(10);

  // Before Build().
  ControlOptions options;
  ManualClock clock;
  ManualSequence sequence{&clock};
  FakeHost host{&clock};
  StateStore* store = nullptr;
  std::vector<std::string> log;

  void SetUp() override {
    options.log = [this](const std::string& line) { log.push_back(line); };
    Build();
  }

  // Also: a daemon that is started again.
  void Build() {
    parts.reset();
    parts.emplace(*this);
  }

  void Attach() { ASSERT_TRUE(parts->scheduler.Attach({}).ok()); }

  absl::StatusOr<PolicyInfo> UpdatePolicy(const PolicyUpdate& update) {
    absl::StatusOr<PolicyInfo> answer = absl::UnknownError("not answered");
    parts->policy.Update(update,
                         [&answer](absl::StatusOr<PolicyInfo> a) { answer = std::move(a); });
    sequence.Advance(options.apply_timeout);
    return answer;
  }

  absl::StatusOr<PolicyInfo> CreatePolicy(const CreatePolicyRequest& request) {
    absl::StatusOr<PolicyInfo> answer = absl::UnknownError("not answered");
    parts->policy.Create(request,
                         [&answer](absl::StatusOr<PolicyInfo> a) { answer = std::move(a); });
    sequence.Advance(kAnswered);
    return answer;
  }

  absl::StatusOr<PolicyInfo> RollbackPolicy(const RollbackRequest& request) {
    absl::StatusOr<PolicyInfo> answer = absl::UnknownError("not answered");
    parts->policy.Rollback(request,
                           [&answer](absl::StatusOr<PolicyInfo> a) { answer = std::move(a); });
    sequence.Advance(kAnswered);
    return answer;
  }

  absl::Status DeletePolicy(const DeletePolicyRequest& request) {
    absl::Status answer = absl::UnknownError("not answered");
    parts->policy.Delete(request, [&answer](absl::Status a) { answer = std::move(a); });
    sequence.Advance(kAnswered);
    return answer;
  }

  absl::StatusOr<OverrideInfo> Create(const CreateOverrideRequest& request) {
    absl::StatusOr<OverrideInfo> answer = absl::UnknownError("not answered");
    parts->overrides.Create(request,
                            [&](absl::StatusOr<OverrideInfo> a) { answer = std::move(a); });
    return answer;
  }

  absl::StatusOr<OverrideInfo> Update(const UpdateOverrideRequest& request) {
    absl::StatusOr<OverrideInfo> answer = absl::UnknownError("not answered");
    parts->overrides.Update(request,
                            [&](absl::StatusOr<OverrideInfo> a) { answer = std::move(a); });
    return answer;
  }

  absl::Status Delete(const std::string& name, const std::string& etag = "") {
    absl::Status answer = absl::UnknownError("not answered");
    parts->overrides.Delete(name, etag, [&](absl::Status a) { answer = std::move(a); });
    return answer;
  }

  // Weight and slice that the engine has for the owner of a slot now.
  TaskSetting InForce(uint32_t slot) const {
    const auto found = host.engine->settings.find(slot);
    const uint32_t key = host.kernel->slot(slot).key;
    if (found == host.engine->settings.end() || found->second.key != key) {
      return {.slot = slot, .key = key, .weight = 0, .slice_ns = 0};
    }
    return found->second;
  }

  struct Parts {
    explicit Parts(ControlFixture& f)
        : journal(f.store, f.options, f.clock.Now()),
          generations(journal.initial().run, journal.initial().generation),
          cgroups(&f.host, &f.clock),
          scheduler(&f.sequence, &f.clock, &f.host, f.host.EngineFactory(), &f.options,
                    [this] {
                      return EngineSeed{.parameters = policy.parameters(),
                                        .generation = generations.current()};
                    }),
          policy(&f.sequence, &f.clock, &f.options, &generations, &journal, &cgroups, &scheduler),
          overrides(&f.sequence, &f.clock, &f.options, &generations, &journal, &cgroups, &scheduler,
                    &policy),
          cgroup_shares(&f.sequence, &f.clock, &f.host, &cgroups, &generations, &scheduler,
                        &overrides),
          catalog(&f.clock, &scheduler, &cgroups, &policy.source(), &overrides, &cgroup_shares) {}

    StateJournal journal;
    GenerationCounter generations;
    CgroupPaths cgroups;
    SchedulerControl scheduler;
    PolicyControl policy;
    OverrideControl overrides;
    CgroupControl cgroup_shares;
    TaskCatalog catalog;
  };
  std::optional<Parts> parts;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_CONTROL_CONTROL_FIXTURE_H_
