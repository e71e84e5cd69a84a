// SPDX-License-Identifier: Apache-2.0
#include "server/base/path_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <string>

#include "absl/time/clock.h"

namespace schedd {
namespace {

class PathLockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "lock_XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    path_ = directory_ + "/lock";
  }
  void TearDown() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  UniqueFd Open() const {
    return UniqueFd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  }
  absl::StatusOr<UniqueFd> Lock(absl::Duration patience = absl::ZeroDuration()) const {
    return LockPath(path_, [this] { return Open(); }, patience);
  }

  std::string directory_;
  std::string path_;
};

TEST_F(PathLockTest, LastsAsLongAsItsDescriptor) {
  absl::StatusOr<UniqueFd> first = Lock();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(absl::IsAlreadyExists(Lock().status()));
  *first = UniqueFd();
  EXPECT_TRUE(Lock().ok());
}

TEST_F(PathLockTest, WaitsAsLongAsItIsTold) {
  const absl::StatusOr<UniqueFd> held = Lock();
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(absl::IsAlreadyExists(Lock(absl::Milliseconds(30)).status()));
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(30));
}

TEST_F(PathLockTest, AFileThatItsHolderRemovedIsOpenedAnew) {
  int opened = 0;
  const absl::StatusOr<UniqueFd> lock = LockPath(
      path_,
      [&] {
        UniqueFd fd = Open();
        if (++opened == 1) unlink(path_.c_str());  // between opening and locking
        return fd;
      },
      absl::ZeroDuration());
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ(opened, 2);
  EXPECT_TRUE(absl::IsAlreadyExists(Lock().status())) << "the one that is there now is locked";
}

TEST_F(PathLockTest, WhatCannotBeOpenedIsNamed) {
  const absl::Status status = LockPath(
                                  path_,
                                  [] {
                                    errno = EACCES;
                                    return UniqueFd();
                                  },
                                  absl::ZeroDuration())
                                  .status();
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_NE(status.message().find(path_), std::string::npos);
}

TEST(UniqueFdTest, ClosesOnceAndMoves) {
  int raw = open("/dev/null", O_RDONLY);
  {
    UniqueFd first(raw);
    UniqueFd second(std::move(first));
    EXPECT_EQ(second.get(), raw);
    EXPECT_GE(fcntl(raw, F_GETFD), 0);
  }
  EXPECT_EQ(fcntl(raw, F_GETFD), -1);
  EXPECT_FALSE(UniqueFd().valid());
}

}  // namespace
}  // namespace schedd
