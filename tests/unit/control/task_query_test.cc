// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/control/error.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TaskInfo Task(int32_t tid, const std::string& comm, int64_t run_time_ns) {
  TaskInfo task;
  task.key = {.tid = tid, .start_boottime_ns = 1};
  task.comm = comm;
  task.stats.run_time_ns = run_time_ns;
  return task;
}

TaskSnapshot Snapshot(std::vector<TaskInfo> tasks) {
  TaskSnapshot snapshot;
  for (TaskInfo& task : tasks) {
    snapshot.tasks.push_back(
        {.key = task.key, .version = 1, .info = std::make_shared<TaskInfo>(std::move(task))});
  }
  std::ranges::sort(snapshot.tasks, {}, &TaskEntry::key);
  return snapshot;
}

std::vector<int32_t> Tids(const std::vector<const TaskInfo*>& tasks) {
  std::vector<int32_t> tids;
  for (const TaskInfo* task : tasks) tids.push_back(task->key.tid);
  return tids;
}

std::vector<int32_t> Ordered(const std::string& order_by, const TaskSnapshot& snapshot) {
  return Tids(TaskQuery::Create("", order_by)->Top(snapshot, 0));
}

const TaskSnapshot& Five() {
  static const auto* const snapshot = new TaskSnapshot(Snapshot(
      {Task(1, "b", 30), Task(2, "a", 10), Task(3, "c", 30), Task(4, "a", 20), Task(5, "b", 10)}));
  return *snapshot;
}

TEST(TaskOrderTest, Orders) {
  EXPECT_THAT(Ordered("", Five()), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Ordered(" ", Five()), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Ordered("tid desc", Five()), ElementsAre(5, 4, 3, 2, 1));
  EXPECT_THAT(Ordered("comm", Five()), ElementsAre(2, 4, 1, 5, 3));
  EXPECT_THAT(Ordered("comm desc, tid desc", Five()), ElementsAre(3, 5, 1, 4, 2));
  EXPECT_THAT(Ordered("stats.run_time_nanos desc", Five()), ElementsAre(1, 3, 4, 2, 5));
  EXPECT_THAT(Ordered("stats.run_time_nanos , comm desc", Five()), ElementsAre(5, 2, 4, 3, 1));
}

TEST(TaskOrderTest, ErrorsSayWhatIsAllowed) {
  const std::pair<const char*, const char*> cases[] = {
      {"nonsense", "there is no field \"nonsense\": use one of name, tid"},
      {"tid up", "found \"up\" after tid where only desc may stand"},
      {"tid desc desc", "only desc may stand"},
      {"tid,,comm", "a field is missing"},
      {"tid,", "a field is missing"},
      {"tid,tid,tid,tid,tid,tid,tid,tid,tid", "9 fields, at most 8"},
  };
  for (const auto& [order_by, words] : cases) {
    const absl::Status status = TaskQuery::Create("", order_by).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << order_by;
    EXPECT_EQ(GetErrorReason(status), reason::kInvalidOrder) << order_by;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }
}

TEST(TaskQueryTest, TopIsTheBeginningOfTheOrder) {
  const absl::StatusOr<TaskQuery> query =
      TaskQuery::Create("comm != c", "stats.run_time_nanos desc");
  EXPECT_THAT(Tids(query->Top(Five(), 2)), ElementsAre(1, 4));
  EXPECT_THAT(Tids(query->Top(Five(), 99)), ElementsAre(1, 4, 2, 5));
  EXPECT_THAT(Tids(query->Top(Five(), 0)), ElementsAre(1, 4, 2, 5));
}

TEST(TaskQueryTest, MatchesAndSortsTasksThatAreGivenSingly) {
  const absl::StatusOr<TaskQuery> query = TaskQuery::Create("comm != c", "comm, tid desc");
  std::vector<const TaskInfo*> tasks;
  for (const TaskEntry& entry : Five().tasks) {
    if (query->Matches(*entry.info)) tasks.push_back(entry.info.get());
  }
  query->Sort(tasks);
  EXPECT_THAT(Tids(tasks), ElementsAre(4, 2, 5, 1));
}

TEST(TaskQueryTest, BadFiltersAreRefused) {
  EXPECT_EQ(GetErrorReason(TaskQuery::Create("tid =", "").status()), reason::kInvalidFilter);
}

TEST(TaskQueryTest, PagesJoinToTheWhole) {
  for (const char* order_by :
       {"", "comm", "comm desc", "stats.run_time_nanos", "stats.run_time_nanos desc, comm"}) {
    const absl::StatusOr<TaskQuery> query = TaskQuery::Create("", order_by);
    for (int32_t page_size = 1; page_size <= 6; ++page_size) {
      std::vector<int32_t> all;
      std::string token;
      do {
        const absl::StatusOr<TaskPage> page = query->Page(Five(), page_size, token);
        ASSERT_TRUE(page.ok()) << page.status();
        const std::vector<int32_t> tids = Tids(page->tasks);
        all.insert(all.end(), tids.begin(), tids.end());
        token = page->next_page_token;
      } while (!token.empty());
      EXPECT_EQ(all, Ordered(order_by, Five())) << order_by << " by " << page_size;
    }
  }
}

TEST(TaskQueryTest, TheLastPageHasNoToken) {
  const absl::StatusOr<TaskQuery> query = TaskQuery::Create("", "");
  EXPECT_NE(query->Page(Five(), 4, "")->next_page_token, "");
  EXPECT_EQ(query->Page(Five(), 5, "")->next_page_token, "");
  EXPECT_EQ(query->Page(Snapshot({}), 5, "")->next_page_token, "");
}

// What stays is seen once, whatever comes and goes, the last task of the page before included.
TEST(TaskQueryTest, PagingSurvivesChanges) {
  const absl::StatusOr<TaskQuery> query = TaskQuery::Create("", "comm");
  const absl::StatusOr<TaskPage> first = query->Page(Five(), 2, "");
  EXPECT_THAT(Tids(first->tasks), ElementsAre(2, 4));
  const TaskSnapshot later = Snapshot(
      {Task(1, "b", 30), Task(2, "a", 10), Task(3, "c", 30), Task(5, "b", 10), Task(9, "aa", 1)});
  EXPECT_THAT(Tids(query->Page(later, 9, first->next_page_token)->tasks), ElementsAre(9, 1, 5, 3));
}

TEST(TaskQueryTest, TextInATokenMayHoldAnything) {
  const TaskSnapshot snapshot = Snapshot({Task(1, "a,b:c", 1), Task(2, "a,b:d", 1)});
  const absl::StatusOr<TaskQuery> query = TaskQuery::Create("", "comm");
  const absl::StatusOr<TaskPage> first = query->Page(snapshot, 1, "");
  EXPECT_THAT(Tids(query->Page(snapshot, 1, first->next_page_token)->tasks), ElementsAre(2));
}

TEST(TaskQueryTest, ATokenBelongsToItsFilterAndOrder) {
  const std::string token = TaskQuery::Create("", "comm")->Page(Five(), 2, "")->next_page_token;
  for (const auto& [filter, order_by] : std::vector<std::pair<const char*, const char*>>{
           {"", ""}, {"", "comm desc"}, {"tid > 0", "comm"}}) {
    const absl::Status status =
        TaskQuery::Create(filter, order_by)->Page(Five(), 2, token).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(GetErrorReason(status), reason::kInvalidPageToken);
    EXPECT_THAT(std::string(status.message()), HasSubstr("another filter or order_by"));
  }
}

TEST(TaskQueryTest, DamagedTokensAreRefused) {
  const absl::StatusOr<TaskQuery> query = TaskQuery::Create("", "comm,stats.run_time_nanos");
  const std::string token = query->Page(Five(), 2, "")->next_page_token;
  for (size_t length = 1; length < token.size(); ++length) {
    // A prefix may happen to be a token; it must never crash, and the empty rest is the beginning.
    (void)query->Page(Five(), 2, token.substr(0, length));
  }
  EXPECT_EQ(GetErrorReason(query->Page(Five(), 2, token.substr(0, 8)).status()),
            reason::kInvalidPageToken);
  EXPECT_EQ(GetErrorReason(query->Page(Five(), 2, "AAAA").status()), reason::kInvalidPageToken);
}

TEST(TaskQueryTest, PageSizeRules) {
  std::vector<TaskInfo> tasks;
  for (int i = 1; i <= 10'002; ++i) tasks.push_back(Task(i, "x", 1));
  const TaskSnapshot snapshot = Snapshot(std::move(tasks));
  const absl::StatusOr<TaskQuery> query = TaskQuery::Create("", "");
  EXPECT_EQ(query->Page(snapshot, 0, "")->tasks.size(), 1'000u);
  EXPECT_EQ(query->Page(snapshot, 10'001, "")->tasks.size(), 10'000u);
  EXPECT_EQ(GetErrorReason(query->Page(snapshot, -1, "").status()), reason::kInvalidPageSize);
}

// As long as the kernel lets a path be, and as often as an order can name it.
TEST(TaskQueryTest, TokensHoldTheLongestPaths) {
  std::vector<TaskInfo> tasks = {Task(1, "a", 1), Task(2, "a", 1)};
  for (TaskInfo& task : tasks) task.cgroup_path = "/" + std::string(4'094, 'x');
  const TaskSnapshot snapshot = Snapshot(std::move(tasks));
  for (const char* order_by : {"cgroup_path", "cgroup_path, cgroup_path desc",
                               "cgroup_path,cgroup_path,cgroup_path,cgroup_path,cgroup_path,"
                               "cgroup_path,cgroup_path,name"}) {
    const absl::StatusOr<TaskQuery> query = TaskQuery::Create("", order_by);
    const absl::StatusOr<TaskPage> first = query->Page(snapshot, 1, "");
    const absl::StatusOr<TaskPage> second = query->Page(snapshot, 1, first->next_page_token);
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_THAT(Tids(second->tasks), ElementsAre(2));
  }
}

}  // namespace
}  // namespace schedd
