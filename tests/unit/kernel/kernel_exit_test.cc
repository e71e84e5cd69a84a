// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/kernel_exit.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace schedd {
namespace {

// What the dispatcher leaves when it goes.
class KernelExitTest : public ::testing::Test {
 protected:
  std::optional<KernelExit> Read() const { return ReadKernelExit(header_, dump_.data()); }

  schedd_header header_ = {};
  std::vector<char> dump_ = std::vector<char>(SCHEDD_DUMP_LEN);
};

TEST_F(KernelExitTest, NothingWhileTheDispatcherLives) { EXPECT_FALSE(Read().has_value()); }

// The kind is written last: what is there before it is not yet whole.
TEST_F(KernelExitTest, TextsWithoutAKindAreNotYetAnEnd) {
  header_.exit_code = 5;
  strcpy(header_.exit_reason, "runnable task stall");
  strcpy(dump_.data(), "CPU states");
  EXPECT_FALSE(Read().has_value());
}

TEST_F(KernelExitTest, KindAloneIsAnEnd) {
  header_.exit_kind = 64;  // unregistered from user space
  const std::optional<KernelExit> exit = Read();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->kind, 64);
  EXPECT_EQ(exit->code, 0);
  EXPECT_EQ(exit->reason, "");
  EXPECT_EQ(exit->message, "");
  EXPECT_EQ(exit->dump, "");
}

TEST_F(KernelExitTest, EverythingIsTaken) {
  header_.exit_kind = 1026;
  header_.exit_code = 7;
  strcpy(header_.exit_reason, "runnable task stall");
  strcpy(header_.exit_message, "hog[77] failed to run for 5.001s");
  strcpy(dump_.data(), "CPU states\n----------\n");
  const std::optional<KernelExit> exit = Read();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->kind, 1026);
  EXPECT_EQ(exit->code, 7);
  EXPECT_EQ(exit->reason, "runnable task stall");
  EXPECT_EQ(exit->message, "hog[77] failed to run for 5.001s");
  EXPECT_EQ(exit->dump, "CPU states\n----------\n");
}

TEST_F(KernelExitTest, NumbersKeepSignAndSize) {
  header_.exit_kind = UINT32_MAX;
  header_.exit_code = static_cast<uint64_t>(INT64_C(-22));
  EXPECT_EQ(Read()->kind, INT64_C(0xffff'ffff));
  EXPECT_EQ(Read()->code, -22);
}

// The kernel cuts its texts; nothing says that it leaves room for the terminating zero.
TEST_F(KernelExitTest, TextsThatFillTheirArraysEndWithThem) {
  header_.exit_kind = 1024;
  memset(header_.exit_reason, 'r', sizeof(header_.exit_reason));
  memset(header_.exit_message, 'm', sizeof(header_.exit_message));
  // Just as large as promised, so that a sanitizer sees a read beyond it.
  const auto dump = std::make_unique<char[]>(SCHEDD_DUMP_LEN);
  memset(dump.get(), 'd', SCHEDD_DUMP_LEN);
  const std::optional<KernelExit> exit = ReadKernelExit(header_, dump.get());
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->reason, std::string(SCHEDD_REASON_LEN, 'r'));
  EXPECT_EQ(exit->message, std::string(SCHEDD_MESSAGE_LEN, 'm'));
  EXPECT_EQ(exit->dump, std::string(SCHEDD_DUMP_LEN, 'd'));
}

}  // namespace
}  // namespace schedd
