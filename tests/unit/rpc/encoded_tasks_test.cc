// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/encoded_tasks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "server/rpc/convert.h"

namespace schedd::rpc {
namespace {

constexpr int kTasks = v1::ListTasksResponse::kTasksFieldNumber;
constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

ReadMask Mask(const std::vector<std::string>& paths) {
  google::protobuf::FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  return *ReadMask::Create(mask, *v1::Task::descriptor(), "read_mask");
}

TaskInfo Task(int tid) {
  TaskInfo info;
  info.key = {.tid = tid, .start_boottime_ns = 5};
  info.name = FormatTaskName(info.key);
  info.comm = "worker";
  info.weight = 100;
  return info;
}

// What a client reads.
v1::ListTasksResponse Received(const v1::ListTasksResponse& sent) {
  v1::ListTasksResponse received;
  EXPECT_TRUE(received.ParseFromString(sent.SerializeAsString()));
  return received;
}

TEST(EncodedTasksTest, TheReceiverSeesEachTaskInOrder) {
  const ReadMask mask = Mask({});
  EncodedTasks tasks(&mask, kTasks);
  v1::ListTasksResponse sent;
  EXPECT_TRUE(tasks.Add(Task(7), kNoLimit, &sent));
  EXPECT_TRUE(tasks.Add(Task(8), kNoLimit, &sent));
  sent.set_next_page_token("more");

  const v1::ListTasksResponse received = Received(sent);
  ASSERT_EQ(received.tasks_size(), 2);
  EXPECT_EQ(received.tasks(0).SerializeAsString(), ToProto(Task(7)).SerializeAsString());
  EXPECT_EQ(received.tasks(1).SerializeAsString(), ToProto(Task(8)).SerializeAsString());
  EXPECT_EQ(received.next_page_token(), "more");
}

TEST(EncodedTasksTest, AMaskLeavesOutWhatItDoesNotName) {
  const ReadMask mask = Mask({"comm"});
  EncodedTasks tasks(&mask, kTasks);
  v1::ListTasksResponse sent;
  EXPECT_TRUE(tasks.Add(Task(7), kNoLimit, &sent));
  v1::Task expected;
  expected.set_comm("worker");
  ASSERT_EQ(Received(sent).tasks_size(), 1);
  EXPECT_EQ(Received(sent).tasks(0).SerializeAsString(), expected.SerializeAsString());
}

TEST(EncodedTasksTest, ATaskThatDoesNotFitIsNotAdded) {
  const ReadMask mask = Mask({});
  const size_t one = ToProto(Task(7)).ByteSizeLong();
  EncodedTasks tasks(&mask, kTasks);
  v1::ListTasksResponse sent;
  EXPECT_FALSE(tasks.Add(Task(7), one, &sent)) << "tag and length count";
  const size_t most = 2 * one + 20;
  EXPECT_TRUE(tasks.Add(Task(7), most, &sent));
  EXPECT_TRUE(tasks.Add(Task(8), most, &sent));
  EXPECT_FALSE(tasks.Add(Task(9), most, &sent));
  EXPECT_EQ(Received(sent).tasks_size(), 2);
  EXPECT_LE(sent.ByteSizeLong(), most);

  v1::ListTasksResponse next;
  tasks.Restart();
  EXPECT_TRUE(tasks.Add(Task(9), most, &next)) << "each message has its own limit";
  EXPECT_EQ(Received(next).tasks_size(), 1);
}

// The second encoder, of another reader, would see the change if it encoded the task again.
TEST(EncodedTasksTest, ATaskIsEncodedOnce) {
  const ReadMask mask = Mask({});
  TaskInfo info = Task(7);
  v1::ListTasksResponse first;
  v1::ListTasksResponse second;
  EXPECT_TRUE(EncodedTasks(&mask, kTasks).Add(info, kNoLimit, &first));
  info.weight = 200;
  EXPECT_TRUE(EncodedTasks(&mask, kTasks).Add(info, kNoLimit, &second));
  EXPECT_EQ(second.SerializeAsString(), first.SerializeAsString());
}

TEST(EncodingTest, ACopyIsEncodedAnew) {
  TaskInfo info = Task(7);
  int made = 0;
  const auto make = [&made] { return std::to_string(++made); };
  EXPECT_EQ(info.encoding.Get(make), "1");
  EXPECT_EQ(info.encoding.Get(make), "1");
  const TaskInfo copy = info;
  EXPECT_EQ(copy.encoding.Get(make), "2");
  info = copy;
  EXPECT_EQ(info.encoding.Get(make), "3") << "what it was is no longer true";
}

TEST(EncodingTest, ThreadsThatWantItAtOnceGetTheSame) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 200; ++round) {
    const TaskInfo info = Task(7);
    std::atomic<int> ready = 0;
    std::atomic<int> made = 0;
    std::vector<const std::string*> seen(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        ++ready;
        while (ready < kThreads) std::this_thread::yield();
        seen[i] = &info.encoding.Get([&made] { return std::to_string(++made); });
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string* bytes : seen) EXPECT_EQ(bytes, seen[0]);
    EXPECT_EQ(seen[0]->size(), 1);
  }
}

}  // namespace
}  // namespace schedd::rpc
