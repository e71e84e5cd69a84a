// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/mapping.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace schedd {
namespace {

class MappingTest : public testing::Test {
 protected:
  void SetUp() override {
    fd_ = memfd_create("mapping_test", MFD_CLOEXEC);
    ASSERT_GE(fd_, 0);
    ASSERT_EQ(ftruncate(fd_, kSize), 0);
  }
  void TearDown() override { close(fd_); }

  static constexpr size_t kSize = 1 << 20;
  int fd_ = -1;
};

int64_t Faults() {
  rusage usage = {};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

TEST_F(MappingTest, SharesMemoryWithTheDescriptor) {
  absl::StatusOr<Mapping> mapping =
      Mapping::Create(fd_, kSize, 0, Mapping::Access::kReadWrite, "test");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  mapping->as<uint64_t>(4096)[1] = 0x1234;
  uint64_t seen = 0;
  ASSERT_EQ(pread(fd_, &seen, sizeof(seen), 4096 + 8), 8);
  EXPECT_EQ(seen, 0x1234U);
}

TEST_F(MappingTest, NoAccessFaultsAfterCreation) {
  absl::StatusOr<Mapping> mapping =
      Mapping::Create(fd_, kSize, 0, Mapping::Access::kReadWrite, "test");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  const int64_t before = Faults();
  int64_t sum = 0;
  for (size_t at = 0; at < kSize; at += 4096) sum += *mapping->as<volatile char>(at);
  EXPECT_EQ(Faults(), before);
  EXPECT_EQ(sum, 0);
}

TEST_F(MappingTest, MovedFromIsEmptyAndUnmapsNothing) {
  absl::StatusOr<Mapping> first =
      Mapping::Create(fd_, kSize, 0, Mapping::Access::kReadWrite, "test");
  ASSERT_TRUE(first.ok());
  Mapping second;
  {
    Mapping moved(std::move(*first));
    second = std::move(moved);
  }
  second.as<char>()[0] = 'x';  // crashes when the move unmapped it
  EXPECT_EQ(second.as<char>()[0], 'x');
  EXPECT_EQ(first->as<char>(), nullptr);
}

TEST_F(MappingTest, BadDescriptorNamesWhatCouldNotBeMapped) {
  const absl::StatusOr<Mapping> mapping =
      Mapping::Create(-1, kSize, 0, Mapping::Access::kRead, "the slots");
  ASSERT_FALSE(mapping.ok());
  EXPECT_NE(mapping.status().message().find("the slots"), absl::string_view::npos);
}

}  // namespace
}  // namespace schedd
