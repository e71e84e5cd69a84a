// SPDX-License-Identifier: Apache-2.0
//
// The control plane on a real database, over restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/store/open_store.h"
#include "tests/unit/control/control_fixture.h"
#include "tests/unit/store/store_fixture.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMs = 1'000'000;

class StoredControlTest : public ControlFixture {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / "stored_control_XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    options.log = [this](const std::string& line) { log.push_back(line); };
    Restart();
  }
  void TearDown() override {
    parts.reset();
    std::filesystem::remove_all(directory_);
  }

  void Restart() {
    parts.reset();
    opened_ = {};
    opened_ = OpenStore(directory_ + "/schedd.db", clock.Now());
    ASSERT_TRUE(opened_.problem.ok()) << opened_.problem;
    store = opened_.store.get();
    Build();
  }
  PolicyInfo Policy() { return *parts->policy.Get(kPolicyName); }

  std::string directory_;
  OpenedStore opened_;
};

TEST_F(StoredControlTest, WhatWasAnsweredIsThereAfterARestart) {
  const PolicyInfo policy = *UpdatePolicy({.values = {{"base_slice", 5 * kMs}}});
  const OverrideInfo kept = *Create({.spec = {.selector = {.comm = "hog", .uid = 7},
                                              .weight = 9,
                                              .slice_ns = 3 * kMs,
                                              .ttl = absl::Hours(1)},
                                     .id = "kept"});
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "x"}, .weight = 1}, .id = "gone"}).ok());
  ASSERT_TRUE(Delete("taskOverrides/gone").ok());
  Restart();
  EXPECT_EQ(Policy().parameters, policy.parameters);
  EXPECT_EQ(Policy().etag, policy.etag);
  const OverridePage page = *parts->overrides.List(0, "");
  ASSERT_EQ(page.overrides.size(), 1u);
  EXPECT_EQ(page.overrides[0].name, "taskOverrides/kept");
  EXPECT_EQ(page.overrides[0].spec.selector, kept.spec.selector);
  EXPECT_EQ(page.overrides[0].spec.expire_time, kept.spec.expire_time);
  EXPECT_EQ(page.overrides[0].create_time, kept.create_time);
  EXPECT_EQ(page.overrides[0].etag, kept.etag);
  EXPECT_EQ(parts->generations.current(), 5);
}

TEST_F(StoredControlTest, GenerationsGoUpOverManyRestarts) {
  int64_t newest = 1;
  for (int i = 0; i < 5; ++i) {
    const PolicyInfo info = *UpdatePolicy({.values = {{"base_slice", (5 + i) * kMs}}});
    EXPECT_EQ(info.generation, newest + 1);
    newest = info.generation;
    Restart();
    EXPECT_EQ(parts->generations.current(), newest);
  }
}

TEST_F(StoredControlTest, AFullDiskRefusesTheChangeUntilThereIsRoom) {
  const auto create = [&](int i) {
    return Create({.spec = {.selector = {.comm = "x"}, .weight = 1}, .id = absl::StrCat("o", i)});
  };
  int made = 0;
  {
    const FileSizeLimit full(200'000);
    absl::Status refused;
    while (refused.ok() && made < 900) {
      refused = create(made).status();
      if (refused.ok()) ++made;
    }
    EXPECT_EQ(ErrorOf(refused), "UNAVAILABLE STORE_UNAVAILABLE");
    EXPECT_THAT(std::string(refused.message()), HasSubstr("repeat the change"));
    EXPECT_EQ(parts->generations.current(), 1 + made);
    EXPECT_EQ(parts->overrides.List(1'000, "")->overrides.size(), static_cast<size_t>(made));
  }
  EXPECT_TRUE(create(made).ok());
  Restart();
  EXPECT_EQ(parts->overrides.List(1'000, "")->overrides.size(), static_cast<size_t>(made) + 1);
  EXPECT_EQ(parts->generations.current(), 2 + made);
}

}  // namespace
}  // namespace schedd
