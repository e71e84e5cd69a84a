// SPDX-License-Identifier: Apache-2.0
#include "server/engine/task_views.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace schedd {
namespace {

TEST(TaskViewsTest, WhatWasNotPublishedIsZero) {
  const TaskViews views(2);
  EXPECT_EQ(views.Read(0, 2).effective_weight, 0);
  EXPECT_EQ(views.Read(0, 0).effective_weight, 0);
  EXPECT_EQ(views.Read(7, 2).effective_weight, 0);
}

TEST(TaskViewsTest, ShowsTheLastThatWasPublishedOfThatOwner) {
  TaskViews views(2);
  views.Publish(1, 4, {.vruntime_ns = 10, .lag_ns = -3, .effective_weight = 100});
  views.Publish(1, 4, {.vruntime_ns = 20, .lag_ns = 5, .effective_weight = 200});
  const TaskEngineView view = views.Read(1, 4);
  EXPECT_EQ(view.vruntime_ns, 20);
  EXPECT_EQ(view.lag_ns, 5);
  EXPECT_EQ(view.effective_weight, 200);
  EXPECT_EQ(views.Read(1, 2).effective_weight, 0);
  EXPECT_EQ(views.Read(0, 4).effective_weight, 0);
}

TEST(TaskViewsTest, ANewOwnerReplacesTheOldOne) {
  TaskViews views(1);
  views.Publish(0, 2, {.vruntime_ns = 10, .effective_weight = 100});
  views.Publish(0, 4, {.vruntime_ns = 99, .effective_weight = 300});
  EXPECT_EQ(views.Read(0, 2).effective_weight, 0);
  EXPECT_EQ(views.Read(0, 4).vruntime_ns, 99);
}

TEST(TaskViewsTest, AReaderNeverGetsOneOwnersNumbersForAnothers) {
  TaskViews views(1);
  constexpr uint32_t kOwners = 50'000;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (uint32_t key = 2; key <= 2 * kOwners; key += 2) {
      views.Publish(
          0, key,
          {.vruntime_ns = key, .lag_ns = key, .effective_weight = static_cast<int32_t>(key)});
    }
    done = true;
  });
  uint32_t mixed = 0;
  for (uint32_t key = 2; !done; key = key < 2 * kOwners ? key + 2 : 2) {
    const TaskEngineView view = views.Read(0, key);
    if (view.effective_weight == 0) continue;
    mixed += view.vruntime_ns != key || view.lag_ns != key ||
             view.effective_weight != static_cast<int32_t>(key);
  }
  writer.join();
  EXPECT_EQ(mixed, 0u);
  EXPECT_EQ(views.Read(0, 2 * kOwners).vruntime_ns, 2 * kOwners);
}

}  // namespace
}  // namespace schedd
