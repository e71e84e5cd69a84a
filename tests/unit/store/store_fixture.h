// SPDX-License-Identifier: Apache-2.0
//
// A directory for a database, and real ways to make a file system refuse.
//
// Owned by a test and used on its thread.
#ifndef SCHEDD_TESTS_UNIT_STORE_STORE_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_STORE_STORE_FIXTURE_H_

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/time/time.h"
#include "server/control/state_store.h"

namespace schedd {

// While it is there, this process can make no file longer than `bytes`: a full disk for anyone,
// root included.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : former_handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &former_limit_);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = former_limit_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &former_limit_);
    signal(SIGXFSZ, former_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*const former_handler_)(int);
  rlimit former_limit_ = {};
};

class StoreFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    directory = std::filesystem::temp_directory_path() / "store_test_XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    path = directory + "/schedd.db";
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  // Overwrites a part of a file.
  static void Damage(const std::string& file, std::streamoff at, size_t bytes) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(stream.is_open()) << file;
    stream.seekp(at);
    stream << std::string(bytes, '\xa5');
  }

  std::string directory;
  std::string path;
};

// Two parameters, two policies and two overrides, one of each with all there is.
inline StoredState FullState() {
  const absl::Time now = absl::FromUnixNanos(1'800'000'000'123'456'789);
  return {
      .run = 1'800'000'000'000'000'001,
      .generation = 9,
      .created = 6,
      .configured = {{"base_slice", 10'000'000}, {"min_slice", 1'000'000}},
      .policies = {{.id = "default",
                    .revisions = {{.generation = 7,
                                   .values = {{"base_slice", 5'000'000}, {"min_slice", 2'000'000}},
                                   .writer = "uid:0"}}},
                   {.id = "tenant-a",
                    .cgroup_path = "/a/b'\"; DROP",
                    .create_time = now,
                    .revisions = {{.generation = 4,
                                   .create_time = now,
                                   .end_cause = RevisionEnd::kSuperseded,
                                   .end_time = now + absl::Nanoseconds(7),
                                   .known_good = true},
                                  {.generation = 5,
                                   .values = {{"base_slice", 3'000'000}},
                                   .writer = "uid:1000 pid:7",
                                   .reason = "it's \"late\"",
                                   .create_time = now + absl::Nanoseconds(7)}},
                    .expire_time = now + absl::Hours(2),
                    .baseline = {{"base_slice", 3'500'000}, {"max_slice", 30'000'000}}}},
      .overrides = {{.id = "z-first",
                     .spec = {.selector = {.comm = "a'b\"; DROP"}, .weight = 400},
                     .process_start_ns = {},
                     .creation = 2,
                     .create_time = now,
                     .generation = 8},
                    {.id = "a-second",
                     .spec = {.selector = {.task = "tasks/11-110",
                                           .tgid = 10,
                                           .comm = "web",
                                           .cgroup_path = "/a/b",
                                           .uid = 4'294'967'294},
                              .weight = 10'000,
                              .slice_ns = 3'000'000,
                              .expire_time = now + absl::Hours(1)},
                     .process_start_ns = 0xffff'ffff'ffff'fff0,
                     .creation = 5,
                     .create_time = now + absl::Nanoseconds(1),
                     .generation = 6}},
  };
}

inline void ExpectEqual(const StoredOverride& a, const StoredOverride& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.spec.selector, b.spec.selector);
  EXPECT_EQ(a.spec.weight, b.spec.weight);
  EXPECT_EQ(a.spec.slice_ns, b.spec.slice_ns);
  EXPECT_EQ(a.spec.expire_time, b.spec.expire_time);
  EXPECT_EQ(a.process_start_ns, b.process_start_ns);
  EXPECT_EQ(a.creation, b.creation);
  EXPECT_EQ(a.create_time, b.create_time);
  EXPECT_EQ(a.generation, b.generation);
}

inline void ExpectEqual(const StoredPolicy& a, const StoredPolicy& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.cgroup_path, b.cgroup_path);
  EXPECT_EQ(a.create_time, b.create_time);
  EXPECT_EQ(a.expire_time, b.expire_time);
  EXPECT_EQ(a.baseline, b.baseline);
  EXPECT_TRUE(a.revisions == b.revisions) << a.id;
}

// Policies by id, overrides in order of creation.
inline void ExpectEqual(const StoredState& a, const StoredState& b) {
  EXPECT_EQ(a.run, b.run);
  EXPECT_EQ(a.generation, b.generation);
  EXPECT_EQ(a.created, b.created);
  EXPECT_EQ(a.configured, b.configured);
  ASSERT_EQ(a.policies.size(), b.policies.size());
  for (size_t i = 0; i < a.policies.size(); ++i) ExpectEqual(a.policies[i], b.policies[i]);
  ASSERT_EQ(a.overrides.size(), b.overrides.size());
  for (size_t i = 0; i < a.overrides.size(); ++i) ExpectEqual(a.overrides[i], b.overrides[i]);
}

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_STORE_STORE_FIXTURE_H_
