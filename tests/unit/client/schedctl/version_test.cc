// SPDX-License-Identifier: Apache-2.0
//
// schedctl version, and --version.
#include "client/schedctl/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VersionTest : public SchedctlTest {
 protected:
  VersionTest() {
    v1::Scheduler scheduler;
    scheduler.set_daemon_version("9.8.7");
    scheduler.set_kernel_release("6.12.9+deb13");
    server_.get_scheduler.Returns(scheduler);
  }

  const std::string own_ = kVersion;
};

TEST_F(VersionTest, ShowsAllThree) {
  const Result result = Run({"version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "schedctl " + own_ + "\nschedd   9.8.7\nkernel   6.12.9+deb13\n");
}

TEST_F(VersionTest, AsDocuments) {
  EXPECT_EQ(Run({"version", "-o", "json"}).out,
            "{\n  \"clientVersion\": \"" + own_ +
                "\",\n  \"serverVersion\": \"9.8.7\",\n  \"kernelRelease\": \"6.12.9+deb13\"\n}\n");
  EXPECT_EQ(Run({"version", "-o", "yaml"}).out,
            "---\nclientVersion: \"" + own_ +
                "\"\nserverVersion: \"9.8.7\"\nkernelRelease: \"6.12.9+deb13\"\n");
}

TEST_F(VersionTest, ClientOnlyDoesNotAsk) {
  const Result result = Run({"version", "--client"});
  EXPECT_EQ(result.out, "schedctl " + own_ + "\n");
  EXPECT_THAT(server_.get_scheduler.requests, IsEmpty());
}

TEST_F(VersionTest, WithoutScheddTheOwnVersionIsShownAndTheCodeTells) {
  server_.Stop();
  const Result result = Run({"version"});
  EXPECT_EQ(result.out, "schedctl " + own_ + "\n");
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.err, HasSubstr("Is schedd running?"));
}

TEST_F(VersionTest, TheFlagIsTheOwnVersion) {
  const Result result = RunAnywhere({"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "schedctl " + own_ + "\n");
}

}  // namespace
}  // namespace schedd::client
