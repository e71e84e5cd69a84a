// SPDX-License-Identifier: Apache-2.0
//
// Who owns the pins, on an ordinary file system; pinning itself is tests/e2e/adopt.sh's business.
#include "server/kernel/pins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

namespace schedd {
namespace {

using ::testing::HasSubstr;

class PinsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    parent_ = ::testing::TempDir() + "pins_XXXXXX";
    ASSERT_NE(mkdtemp(parent_.data()), nullptr);
    path_ = parent_ + "/schedd";
    ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  }
  void TearDown() override {
    unlink((path_ + "/link").c_str());
    rmdir(path_.c_str());
    rmdir(parent_.c_str());
  }

  absl::StatusOr<std::unique_ptr<PinDirectory>> Take() const {
    return PinDirectory::Take(path_, PinDirectory::Missing::kFail, absl::ZeroDuration());
  }
  bool Exists() const { return access(path_.c_str(), F_OK) == 0; }

  std::string parent_;
  std::string path_;
};

TEST_F(PinsTest, HasOneOwnerAtATime) {
  auto first = Take();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Take().status().code(), absl::StatusCode::kAlreadyExists);
  first->reset();
  EXPECT_TRUE(Take().ok());
}

TEST_F(PinsTest, AnOwnerThatIsKilledLetsGo) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto owned = Take();
    (void)!write(ready[1], "x", 1);
    pause();
    _exit(owned.ok() ? 0 : 1);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(Take().status().code(), absl::StatusCode::kAlreadyExists);
  kill(child, SIGKILL);
  // It waits for one that is just ending.
  EXPECT_TRUE(PinDirectory::Take(path_, PinDirectory::Missing::kFail, absl::Seconds(20)).ok());
  waitpid(child, nullptr, 0);
}

TEST_F(PinsTest, WithoutADirectoryThereIsNothingToOwn) {
  rmdir(path_.c_str());
  EXPECT_EQ(Take().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Take().status().message()), HasSubstr(path_));
}

TEST_F(PinsTest, RemovesAllOfIt) {
  const auto pins = Take();
  ASSERT_TRUE(pins.ok());
  std::ofstream(path_ + "/link") << "";
  (*pins)->Clear();
  EXPECT_NE(access((path_ + "/link").c_str(), F_OK), 0);
  EXPECT_TRUE(Exists());
  std::ofstream(path_ + "/link") << "";
  (*pins)->Remove();
  EXPECT_FALSE(Exists());
}

// Whoever waited for it must not own a directory that nobody else can find.
TEST_F(PinsTest, ADirectoryThatWasRemovedIsNotOwned) {
  const auto pins = Take();
  ASSERT_TRUE(pins.ok());
  (*pins)->Remove();
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  EXPECT_TRUE(Take().ok()) << "the new one is another";
}

TEST_F(PinsTest, DoesNotFollowALink) {
  rmdir(path_.c_str());
  ASSERT_EQ(symlink("/tmp", path_.c_str()), 0);
  EXPECT_FALSE(Take().ok());
  unlink(path_.c_str());
}

TEST_F(PinsTest, AFileSystemThatCannotPinIsRefusedWithARemedy) {
  if (geteuid() == 0) GTEST_SKIP() << "root can mount the right one there, and would";
  const auto pins = PinDirectory::Take(path_, PinDirectory::Missing::kCreate, absl::ZeroDuration());
  EXPECT_FALSE(pins.ok());
  EXPECT_THAT(std::string(pins.status().message()), HasSubstr("mount -t bpf bpf"));
}

TEST(UniqueFdTest, ClosesItsDescriptorOnce) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  {
    UniqueFd first(ends[1]);
    UniqueFd second(std::move(first));
    EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is the promise
    EXPECT_EQ(second.get(), ends[1]);
    first = std::move(second);
    EXPECT_EQ(first.get(), ends[1]);
  }
  EXPECT_EQ(close(ends[1]), -1) << "it is closed already";
  close(ends[0]);
}

}  // namespace
}  // namespace schedd
