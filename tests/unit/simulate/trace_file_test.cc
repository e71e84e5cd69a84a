// SPDX-License-Identifier: Apache-2.0
//
// Files of recordings: what is written is read, and no bytes do harm.
#include "server/simulate/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>

#include "server/simulate/trace_lives.h"

namespace schedd {
namespace {

using sim::v1::TraceRecord;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TraceRecord Header(uint32_t version = kTraceVersion) {
  TraceRecord record;
  record.mutable_header()->set_version(version);
  record.mutable_header()->set_kernel_release("7.3.4");
  record.mutable_header()->set_start_ns(1'000);
  record.mutable_header()->add_cpus()->set_cpu(0);
  return record;
}

TraceRecord Task(int32_t tid, const std::string& comm) {
  TraceRecord record;
  record.mutable_task()->set_tid(tid);
  record.mutable_task()->set_comm(comm);
  return record;
}

TraceRecord Events(int cpu, int64_t start_ns) {
  TraceRecord record;
  sim::v1::TraceEvents* events = record.mutable_events();
  events->set_cpu(cpu);
  events->set_start_ns(start_ns);
  events->set_running_tid(7);
  for (int i = 0; i < 2; ++i) {
    events->add_delta_ns(10);
    events->add_kinds(i == 0 ? sim::v1::TRACE_EVENT_KIND_SWITCH_SLEEPS
                             : sim::v1::TRACE_EVENT_KIND_SWITCH_PREEMPTED);
    events->add_tids(i == 0 ? 0 : 7);
  }
  return record;
}

TraceRecord End(int64_t end_ns) {
  TraceRecord record;
  record.mutable_end()->set_end_ns(end_ns);
  record.mutable_end()->set_lost_events(3);
  record.mutable_end()->set_stop(sim::v1::TRACE_STOP_SIGNAL);
  return record;
}

class TraceFileTest : public testing::Test {
 protected:
  // The bytes of a file with these records.
  std::string Written(const std::vector<TraceRecord>& records) {
    auto writer = TraceWriter::Create(path_).value();
    for (const TraceRecord& record : records) EXPECT_TRUE(writer->Write(record).ok());
    const int64_t bytes = writer->bytes();
    EXPECT_TRUE(writer->Close().ok());
    std::stringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    EXPECT_EQ(static_cast<int64_t>(text.str().size()), bytes);
    return text.str();
  }
  static absl::StatusOr<Trace> Read(const std::string& bytes, const TraceLimits& limits = {}) {
    std::istringstream in(bytes);
    return ReadTrace(in, limits);
  }

  const std::string path_ = testing::TempDir() + "/host.trace";
};

TEST_F(TraceFileTest, WhatIsWrittenIsRead) {
  Written(
      {Header(), Task(7, "old"), Task(7, "new"), Events(1, 1'100), Events(0, 1'005), End(2'000)});
  const auto trace = ReadTraceFile(path_);
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_THAT(trace->damage, IsEmpty());
  EXPECT_EQ(trace->header.kernel_release(), "7.3.4");
  EXPECT_EQ(trace->tasks.at(7).comm(), "new");
  EXPECT_EQ(trace->end_ns, 2'000);
  EXPECT_EQ(trace->lost_events, 3);
  EXPECT_EQ(trace->stop, sim::v1::TRACE_STOP_SIGNAL);
  ASSERT_THAT(trace->events, SizeIs(6));  // by time, each CPU's after who runs there
  EXPECT_EQ(trace->events[0].kind, TraceEvent::Kind::kRuns);
  EXPECT_EQ(trace->events[0].tid, 7);
  EXPECT_EQ(trace->events[1].time_ns, 1'015);
  EXPECT_EQ(trace->events[1].kind, TraceEvent::Kind::kSwitchSleeps);
  EXPECT_EQ(trace->events[3].cpu, 1);
}

TEST_F(TraceFileTest, OnlyItsOwnerMayReadIt) {
  Written({Header()});
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  Written({Header()});
  struct stat status{};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(TraceFileTest, WhatIsBeyondTheEndIsLeftOut) {
  const auto trace = Read(Written({Header(), Events(0, 1'000), End(1'015)}));
  ASSERT_TRUE(trace.ok());
  EXPECT_EQ(trace->end_ns, 1'015);
  EXPECT_THAT(trace->events, SizeIs(2));
}

TEST_F(TraceFileTest, OfAFileThatWasCutTheWholeRecordsAreGood) {
  const std::string bytes = Written({Header(), Task(7, "a"), Events(0, 1'000), End(2'000)});
  const std::string head = Written({Header()});
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto trace = Read(bytes.substr(0, size));
    EXPECT_EQ(trace.ok(), size >= head.size()) << size;
    if (trace.ok()) {
      EXPECT_THAT(trace->damage, HasSubstr("cut short"));
    }
  }
  const auto most = Read(bytes.substr(0, bytes.size() - 1));
  EXPECT_EQ(most->tasks.at(7).comm(), "a");
  EXPECT_THAT(most->events, SizeIs(3));
  EXPECT_EQ(most->end_ns, 1'020);
}

TEST_F(TraceFileTest, NoBytesCrashIt) {
  std::mt19937 random(11);
  const std::string real =
      Written({Header(), Task(7, "a"), Events(0, 1'000), Events(1, 1'000), End(2'000)});
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes = real;
    for (int i = 0; i < 4; ++i) bytes[8 + random() % (bytes.size() - 8)] ^= random();
    const auto trace = Read(bytes);
    if (trace.ok()) LivesOf(*trace, {}).IgnoreError();
  }
}

TEST_F(TraceFileTest, WhatIsNoRecordingIsRefused) {
  EXPECT_EQ(Read("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Read("#!/bin/bash\necho").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Read(Written({Task(7, "a")})).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Read(Written({Header(2)})).status().message(), HasSubstr("version 2"));
  EXPECT_EQ(ReadTraceFile("/nonexistent/x").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(TraceWriter::Create("/nonexistent/x").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TraceFileTest, EventsThatCannotBeEndTheReading) {
  const auto damaged = [this](const std::function<void(sim::v1::TraceEvents*)>& change) {
    TraceRecord record = Events(0, 1'000);
    change(record.mutable_events());
    const auto trace = Read(Written({Header(), record, Task(7, "later"), End(2'000)}));
    return trace.ok() && !trace->damage.empty() && trace->tasks.empty() && trace->events.empty();
  };
  EXPECT_FALSE(damaged([](sim::v1::TraceEvents*) {}));
  EXPECT_TRUE(damaged([](sim::v1::TraceEvents* events) { events->add_tids(1); }));
  EXPECT_TRUE(damaged([](sim::v1::TraceEvents* events) { events->set_cpu(4'096); }));
  EXPECT_TRUE(damaged([](sim::v1::TraceEvents* events) { events->set_cpu(-1); }));
  EXPECT_TRUE(damaged([](sim::v1::TraceEvents* events) { events->set_start_ns(999); }));
  EXPECT_TRUE(damaged([](sim::v1::TraceEvents* events) { events->set_delta_ns(0, UINT64_MAX); }));
  EXPECT_TRUE(damaged([](sim::v1::TraceEvents* events) { events->set_tids(0, -5); }));
  EXPECT_TRUE(damaged([](sim::v1::TraceEvents* events) {
    events->set_kinds(0, sim::v1::TRACE_EVENT_KIND_UNSPECIFIED);
  }));
}

TEST_F(TraceFileTest, LimitsHold) {
  const std::string bytes =
      Written({Header(), Task(7, "a"), Task(8, "b"), Events(0, 1'000), End(2'000)});
  EXPECT_TRUE(Read(bytes).ok());
  EXPECT_EQ(Read(bytes, {.events = 2}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Read(bytes, {.tasks = 1}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Read(bytes, {.task_bytes = 5}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Read(bytes, {.cpus = 0}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Read(bytes, {.record_bytes = 17})->damage, HasSubstr("no length"));
}

}  // namespace
}  // namespace schedd
