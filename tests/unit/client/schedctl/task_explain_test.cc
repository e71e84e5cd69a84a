// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/task_explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace schedd::client {
namespace {

using ::testing::HasSubstr;

class TaskExplainTest : public testing::Test {
 protected:
  TaskExplainTest() {
    // As ListPolicies has them: most specific first.
    Add("policies/db", "/a/db").mutable_parameters()->mutable_base_slice()->set_nanos(3'000'000);
    Add("policies/dbx", "/a/d").mutable_parameters()->set_dispatch_batch_count(1);
    Add("policies/a", "/a").mutable_parameters()->mutable_max_slice()->set_nanos(20'000'000);
    v1::PolicyParameters& preset = *Add("policies/default", "").mutable_parameters();
    preset.mutable_base_slice()->set_nanos(10'000'000);
    preset.mutable_max_slice()->set_nanos(40'000'000);
    preset.set_dispatch_batch_count(256);
    v1::PolicyParameters& effective = *policies_[0].mutable_effective_parameters();
    effective.mutable_base_slice()->set_nanos(3'000'000);
    effective.mutable_max_slice()->set_nanos(20'000'000);
    effective.set_dispatch_batch_count(256);
    task_.set_name("tasks/7-1");
    task_.set_policy("policies/db");
    task_.set_cgroup_path("/a/db/x");
    task_.set_weight(335);
    task_.set_nice(-5);
  }

  v1::Policy& Add(const std::string& name, const std::string& cgroup) {
    v1::Policy& policy = policies_.emplace_back();
    policy.set_name(name);
    if (!cgroup.empty()) policy.mutable_selector()->set_cgroup_path(cgroup);
    return policy;
  }

  // "name value from" lines.
  std::string Explain(const v1::TaskOverride* change) {
    const auto settings = ExplainTask(task_, policies_, change);
    if (!settings.ok()) return std::string(settings.status().message());
    return absl::StrJoin(*settings, "\n", [](std::string* out, const Setting& setting) {
      absl::StrAppend(out, setting.name, " ", setting.value, " ", setting.from);
    });
  }

  std::vector<v1::Policy> policies_;
  v1::Task task_;
};

TEST_F(TaskExplainTest, EachValueHasThePolicyThatSetsIt) {
  const std::string text = Explain(nullptr);
  EXPECT_THAT(text, HasSubstr("weight 335 nice -5\n"));
  EXPECT_THAT(text, HasSubstr("base_slice 3ms policies/db\n"));
  EXPECT_THAT(text, HasSubstr("max_slice 20ms policies/a\n"));
  // "/a/d" is no control group above "/a/db".
  EXPECT_THAT(text, HasSubstr("dispatch_batch_count 256 policies/default\n"));
  EXPECT_THAT(text, HasSubstr("min_slice - -\n"));
}

TEST_F(TaskExplainTest, AnOverrideGoesFirst) {
  v1::TaskOverride change;
  change.set_name("taskOverrides/web");
  change.set_weight(400);
  change.mutable_slice()->set_nanos(1'000'000);
  EXPECT_THAT(Explain(&change), HasSubstr("weight 400 taskOverrides/web\n"
                                          "slice 1ms taskOverrides/web\nbase_slice 3ms"));
}

TEST_F(TaskExplainTest, AnOverrideOfTheSliceLeavesTheWeight) {
  v1::TaskOverride change;
  change.set_name("taskOverrides/web");
  change.mutable_slice()->set_nanos(1'000'000);
  EXPECT_THAT(Explain(&change), HasSubstr("weight 335 nice -5\nslice 1ms taskOverrides/web\n"));
}

TEST_F(TaskExplainTest, APolicyThatWasDeletedMeanwhileIsNamed) {
  task_.set_policy("policies/gone");
  EXPECT_EQ(ExplainTask(task_, policies_, nullptr).status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Explain(nullptr), HasSubstr("\"policies/gone\", which applied to tasks/7-1"));
}

}  // namespace
}  // namespace schedd::client
