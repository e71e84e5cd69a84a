// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/mapping.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

// The mappings of the test's file as the kernel lists them: "BYTES PERMISSIONS".
std::vector<std::string> Mapped() {
  std::vector<std::string> mapped;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!absl::StrContains(line, "/memfd:mapping_test")) continue;
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" -"));
    uint64_t begin = 0;
    uint64_t end = 0;
    EXPECT_TRUE(absl::SimpleHexAtoi(words[0], &begin) && absl::SimpleHexAtoi(words[1], &end));
    mapped.push_back(std::to_string(end - begin) + " " + line.substr(line.find(' ') + 1, 4));
  }
  return mapped;
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
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer's own shadow of the memory faults";
#endif
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

TEST_F(MappingTest, IsRoundedUpToPagesAndGoesAtItsEnd) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (const size_t size : {size_t{1}, page - 1, page}) {
    const absl::StatusOr<Mapping> mapping =
        Mapping::Create(fd_, size, 0, Mapping::Access::kReadWrite, "test");
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    EXPECT_THAT(Mapped(), ElementsAre(std::to_string(page) + " rw-s")) << size;
  }
  EXPECT_THAT(Mapped(), IsEmpty());
  const absl::StatusOr<Mapping> two =
      Mapping::Create(fd_, page + 1, 0, Mapping::Access::kReadWrite, "test");
  EXPECT_THAT(Mapped(), ElementsAre(std::to_string(2 * page) + " rw-s"));
}

TEST_F(MappingTest, WhatIsOnlyReadCannotBeWritten) {
  const absl::StatusOr<Mapping> mapping =
      Mapping::Create(fd_, kSize, 0, Mapping::Access::kRead, "test");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_THAT(Mapped(), ElementsAre(std::to_string(kSize) + " r--s"));
}

TEST_F(MappingTest, BeginsAtTheOffset) {
  const auto page = static_cast<off_t>(sysconf(_SC_PAGESIZE));
  const uint64_t mark = 0x5678;
  ASSERT_EQ(pwrite(fd_, &mark, sizeof(mark), page), 8);
  const absl::StatusOr<Mapping> mapping =
      Mapping::Create(fd_, sizeof(mark), page, Mapping::Access::kRead, "test");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(*mapping->as<uint64_t>(), mark);
}

TEST_F(MappingTest, AssignmentLeavesOneMappingInTheEnd) {
  absl::StatusOr<Mapping> first =
      Mapping::Create(fd_, kSize, 0, Mapping::Access::kReadWrite, "test");
  ASSERT_TRUE(first.ok()) << first.status();
  {
    absl::StatusOr<Mapping> second =
        Mapping::Create(fd_, 1, 0, Mapping::Access::kReadWrite, "test");
    ASSERT_TRUE(second.ok()) << second.status();
    *first = *std::move(second);
    EXPECT_EQ(Mapped().size(), 2U);
  }
  EXPECT_THAT(Mapped(), ElementsAre(HasSubstr("4096 rw-s")));
}

struct RefusedCase {
  size_t size;
  off_t offset;
  absl::StatusCode code;
};

TEST_F(MappingTest, WhatTheKernelRefusesHasItsCodeAndIsNotMapped) {
  const RefusedCase cases[] = {{0, 0, absl::StatusCode::kInvalidArgument},
                               {4096, 100, absl::StatusCode::kInvalidArgument}};
  for (const RefusedCase& c : cases) {
    const absl::StatusOr<Mapping> mapping =
        Mapping::Create(fd_, c.size, c.offset, Mapping::Access::kRead, "test");
    EXPECT_EQ(mapping.status().code(), c.code) << c.size << " at " << c.offset;
  }
  EXPECT_THAT(Mapped(), IsEmpty());
}

TEST_F(MappingTest, AFileOpenedForReadingIsNotMappedForWriting) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd_);
  const int read_only = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(read_only, 0);
  const absl::Status status =
      Mapping::Create(read_only, 5000, 0, Mapping::Access::kReadWrite, "the slots").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the slots (8192 bytes)"));
  close(read_only);
}

}  // namespace
}  // namespace schedd
