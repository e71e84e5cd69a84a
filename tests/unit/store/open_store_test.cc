// SPDX-License-Identifier: Apache-2.0
#include "server/store/open_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "server/store/sqlite_store.h"
#include "tests/unit/store/store_fixture.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixMicros(1'800'000'000'250'000);  // 2027-01-15 08:00:00.25
constexpr char kAside[] = ".corrupt-20270115T080000.250000Z";

class OpenStoreTest : public StoreFixture {
 protected:
  static void ExpectRefuses(const OpenedStore& opened) {
    EXPECT_FALSE(opened.problem.ok());
    ASSERT_NE(opened.store, nullptr);
    EXPECT_EQ(opened.store->Load().status(), opened.problem);
    EXPECT_EQ(opened.store->Replace({}), opened.problem);
    EXPECT_EQ(opened.store->PutPolicy({}, 2), opened.problem);
    EXPECT_EQ(opened.store->PutOverride({}), opened.problem);
    EXPECT_EQ(opened.store->RemoveOverrides({"x"}, 2), opened.problem);
  }
  static void ExpectNewAndWorking(const OpenedStore& opened) {
    ASSERT_TRUE(opened.problem.ok()) << opened.problem;
    EXPECT_FALSE((*opened.store->Load()).has_value());
    EXPECT_TRUE(opened.store->Replace(FullState()).ok());
    ExpectEqual(**opened.store->Load(), FullState());
  }
};

TEST_F(OpenStoreTest, MakesTheDirectoryForItsOwnerAlone) {
  const std::string state = directory + "/a/state";
  const mode_t former = umask(0);
  const OpenedStore opened = OpenStore(state + "/schedd.db", kNow);
  umask(former);
  ExpectNewAndWorking(opened);
  EXPECT_TRUE(opened.damage.ok());
  EXPECT_EQ(opened.kept_aside, "");
  struct stat info = {};
  ASSERT_EQ(stat(state.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(OpenStoreTest, FindsWhatIsThere) {
  ExpectNewAndWorking(OpenStore(path, kNow));
  ExpectEqual(**OpenStore(path, kNow).store->Load(), FullState());
}

TEST_F(OpenStoreTest, ADamagedFileIsPutAside) {
  const std::string text(20'000, 'x');
  std::ofstream(path) << text;
  const OpenedStore opened = OpenStore(path, kNow);
  ExpectNewAndWorking(opened);
  EXPECT_TRUE(absl::IsDataLoss(opened.damage)) << opened.damage;
  EXPECT_EQ(opened.kept_aside, path + kAside);
  EXPECT_EQ(std::filesystem::file_size(path + kAside), text.size());
}

TEST_F(OpenStoreTest, OverwrittenPagesAreNoticed) {
  ExpectNewAndWorking(OpenStore(path, kNow));
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  Damage(path, 4'096, static_cast<size_t>(size) - 4'096);  // all but the first page
  const OpenedStore opened = OpenStore(path, kNow);
  EXPECT_TRUE(absl::IsDataLoss(opened.damage)) << opened.damage;
  ExpectNewAndWorking(opened);
}

TEST_F(OpenStoreTest, AFileInPlaceOfTheDirectory) {
  std::ofstream(directory + "/state") << "";
  const OpenedStore opened = OpenStore(directory + "/state/schedd.db", kNow);
  ExpectRefuses(opened);
  EXPECT_TRUE(absl::IsPermissionDenied(opened.problem));
  EXPECT_THAT(std::string(opened.problem.message()),
              HasSubstr("cannot make the directory " + directory + "/state: "));
}

// chmod does not bind root: in a child without privileges.
TEST_F(OpenStoreTest, ADirectoryThatMayNotBeWrittenTo) {
  ASSERT_EQ(chmod(directory.c_str(), 0555), 0);
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    if (syscall(SYS_capset, &header, none) != 0) _exit(2);
    const OpenedStore opened = OpenStore(path, kNow);
    ExpectRefuses(opened);
    const OpenedStore below = OpenStore(directory + "/state/schedd.db", kNow);
    ExpectRefuses(below);
    const bool right = absl::IsPermissionDenied(opened.problem) && opened.kept_aside.empty() &&
                       absl::IsPermissionDenied(below.problem) && !HasFailure();
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  chmod(directory.c_str(), 0700);
}

TEST_F(OpenStoreTest, AFileThatAnotherOneUsesIsLeftAlone) {
  const auto other = *SqliteStore::Open(path);
  ASSERT_TRUE(other->Replace(FullState()).ok());
  const OpenedStore opened = OpenStore(path, kNow);
  ExpectRefuses(opened);
  EXPECT_TRUE(absl::IsUnavailable(opened.problem)) << opened.problem;
  EXPECT_TRUE(opened.damage.ok());
  ExpectEqual(**other->Load(), FullState());
}

TEST_F(OpenStoreTest, ADamagedFileThatCannotBePutAsideIsRefused) {
  std::ofstream(path) << std::string(20'000, 'x');
  // A directory that is not empty cannot be taken the place of.
  std::filesystem::create_directories(path + kAside + "/x");
  const OpenedStore opened = OpenStore(path, kNow);
  ExpectRefuses(opened);
  EXPECT_THAT(std::string(opened.problem.message()), HasSubstr("cannot be put aside"));
  EXPECT_EQ(std::filesystem::file_size(path), 20'000u);
}

}  // namespace
}  // namespace schedd
