// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/last_resort.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/time/clock.h"

namespace schedd::client {
namespace {

TEST(LastResortDeathTest, EndsAProcessThatHangs) {
  const auto hang = [] {
    const LastResort last_resort(absl::Milliseconds(20), 8);
    while (true) pause();
  };
  EXPECT_EXIT(hang(), testing::ExitedWithCode(8), "schedctl: hangs .*pids.max");
}

TEST(LastResortDeathTest, SaysNothingIfAllWentWell) {
  const auto hang = [] {
    const LastResort last_resort(absl::Milliseconds(20), 0);
    while (true) pause();
  };
  EXPECT_EXIT(hang(), testing::ExitedWithCode(0), "^$");
}

TEST(LastResortDeathTest, DoesNothingToAProcessThatIsInTime) {
  const auto in_time = [] {
    {
      const LastResort last_resort(absl::Milliseconds(50), 8);
    }
    absl::SleepFor(absl::Milliseconds(100));
    _exit(3);
  };
  EXPECT_EXIT(in_time(), testing::ExitedWithCode(3), "^$");
}

}  // namespace
}  // namespace schedd::client
