// SPDX-License-Identifier: Apache-2.0
//
// schedctl trace: what a recording holds, and words that are refused. Recording itself needs a
// kernel: tests/e2e/trace.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/simulate/trace_file.h"
#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TraceCommandsTest : public SchedctlTest {
 protected:
  // "hog" runs on CPU 0 for 1.5 s of 2 s, "nap" is woken at the end of that and runs the rest.
  void WriteTrace(int64_t lost, bool with_end = true) {
    auto writer = TraceWriter::Create(path_).value();
    sim::v1::TraceRecord header, hog, nap, events, end;
    header.mutable_header()->set_version(kTraceVersion);
    header.mutable_header()->set_kernel_release("7.3.4+deb13");
    header.mutable_header()->set_start_unix_ns(kNowSeconds * 1'000'000'000);
    header.mutable_header()->add_cpus()->set_cpu(0);
    hog.mutable_task()->set_tid(41);
    hog.mutable_task()->set_tgid(40);
    hog.mutable_task()->set_comm("hog");
    nap.mutable_task()->set_tid(42);
    nap.mutable_task()->set_comm("nap\x1b[2J");
    events.mutable_events()->set_running_tid(41);
    for (uint64_t delta : {1'400'000'000, 100'000'000})
      events.mutable_events()->add_delta_ns(delta);
    events.mutable_events()->add_kinds(sim::v1::TRACE_EVENT_KIND_WOKEN_BY_INTERRUPT);
    events.mutable_events()->add_kinds(sim::v1::TRACE_EVENT_KIND_SWITCH_SLEEPS);
    for (int i = 0; i < 2; ++i) events.mutable_events()->add_tids(42);
    end.mutable_end()->set_end_ns(2'000'000'000);
    end.mutable_end()->set_lost_events(lost);
    for (const auto& record : {header, hog, nap, events}) ASSERT_TRUE(writer->Write(record).ok());
    if (with_end) {
      ASSERT_TRUE(writer->Write(end).ok());
    }
    ASSERT_TRUE(writer->Close().ok());
  }

  const std::string path_ = testing::TempDir() + "/host.trace";
};

TEST_F(TraceCommandsTest, ShowsTheHostAndItsTasks) {
  WriteTrace(0);
  const Result result = RunAnywhere({"trace", "show", path_});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "WHAT      VALUE\n"
            "recorded  2026-11-22 20:31:05\n"
            "kernel    7.3.4+deb13\n"
            "duration  2.00s\n"
            "CPUs      1, busy 100.0 %\n"
            "tasks     2\n"
            "events    3\n"
            "lost      0\n"
            "\n"
            "TID  COMM        CPU TIME  OF A CPU  WAKEUPS  WAITED  LONGEST WAIT\n"
            " 41  hog            1.50s    75.0 %        0       0             0\n"
            " 42  nap\\x1b[2J     500ms    25.0 %        0   100ms         100ms\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(TraceCommandsTest, AsADocument) {
  WriteTrace(5);
  const Result result = RunAnywhere({"trace", "show", path_, "--limit", "1", "-o", "json"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("\"startTime\": \"2026-11-22T20:31:05+00:00\""));
  EXPECT_THAT(result.out, HasSubstr("\"duration\": \"2.000000000s\""));
  EXPECT_THAT(result.out, HasSubstr("\"lostCount\": 5"));
  EXPECT_THAT(result.out, HasSubstr("\"tgid\": 40"));
  EXPECT_THAT(result.out, HasSubstr("\"runTime\": \"1.500000000s\""));
  EXPECT_THAT(result.out, Not(HasSubstr("nap")));
}

TEST_F(TraceCommandsTest, WhatIsMissingIsSaid) {
  WriteTrace(5);
  EXPECT_EQ(RunAnywhere({"trace", "show", path_}).err,
            "schedctl: 5 events were lost while recording\n");
  WriteTrace(0, /*with_end=*/false);
  const Result cut = RunAnywhere({"trace", "show", path_});
  EXPECT_EQ(cut.code, 0);
  EXPECT_THAT(cut.err, HasSubstr("cut short"));
}

TEST_F(TraceCommandsTest, WhatIsNoRecordingIsRefused) {
  EXPECT_EQ(RunAnywhere({"trace", "show", "/nonexistent"}).code, 3);
  const Result result = RunAnywhere({"trace", "show", "/proc/self/stat"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("no recording"));
}

TEST_F(TraceCommandsTest, WordsOfRecordAreChecked) {
  const auto said = [this](const char* option, const char* value) {
    environment_.root = "/nonexistent";  // nothing is recorded in any case
    const Result result = RunAnywhere({"trace", "record", path_, option, value});
    EXPECT_EQ(result.code, 2) << value;
    return result.err;
  };
  EXPECT_THAT(said("--duration", "0s"), HasSubstr("more than 0, at most 1h"));
  EXPECT_THAT(said("--duration", "2h"), HasSubstr("more than 0, at most 1h"));
  EXPECT_THAT(said("--duration", "10"), HasSubstr("10"));
  for (const char* size : {"1", "1023KiB", "257MiB", "MiB", "-1MiB", "9999999999999999MiB"}) {
    EXPECT_THAT(said("--size", size), HasSubstr("from 1MiB to 256MiB"));
  }
}

TEST_F(TraceCommandsTest, WithoutTracingItSaysWhatToDo) {
  environment_.root = "/nonexistent";
  const Result result = RunAnywhere({"trace", "record", path_, "--size", "1024KiB"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("mount -t tracefs"));
}

}  // namespace
}  // namespace schedd::client
