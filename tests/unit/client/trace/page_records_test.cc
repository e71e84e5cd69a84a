// SPDX-License-Identifier: Apache-2.0
//
// Pages of events as records of a recording.
#include "client/trace/page_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "client/trace/host_facts.h"
#include "tests/unit/client/trace/kernel_files.h"

namespace schedd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kStart = 6'649'000'000;

class PageRecordsTest : public testing::Test {
 protected:
  std::vector<sim::v1::TraceRecord> Convert(const RingPage& page) {
    return records_.Convert(1, page, decoder_);
  }

  const std::string bytes_ = absl::HexStringToBytes(kPageHex);
  const RingPage page_ = ParseRingPage(bytes_, RingPageLayout{});
  const SchedEventDecoder decoder_ =
      SchedEventDecoder::Create(kSwitchFormat, kWakingFormat, kNewFormat).value();
  int asked_ = 0;
  PageRecords records_{kStart, [this](sim::v1::TraceTask* task) {
                         ++asked_;
                         task->set_tgid(task->tid() + 1'000);
                       }};
};

TEST_F(PageRecordsTest, TasksComeOnceAndBeforeTheirEvents) {
  const auto records = Convert(page_);
  ASSERT_THAT(records, SizeIs(6));
  EXPECT_EQ(records[0].task().comm(), "kworker/0:0");
  EXPECT_EQ(records[0].task().tgid(), 1'009);
  EXPECT_EQ(records[1].task().comm(), "bash");
  EXPECT_EQ(records[2].task().tid(), 15);
  EXPECT_TRUE(records[5].has_events());
}

TEST_F(PageRecordsTest, EventsHaveTheirTimesFromTheStartOn) {
  const auto records = Convert(page_);
  const sim::v1::TraceEvents& events = records.back().events();
  EXPECT_EQ(events.cpu(), 1);
  EXPECT_EQ(events.start_ns(), kStart);
  EXPECT_EQ(events.running_tid(), 118);
  EXPECT_FALSE(events.lost_before());
  ASSERT_EQ(events.kinds_size(), 26);
  EXPECT_EQ(events.delta_ns(0), 308'968u);
  EXPECT_EQ(events.kinds(0), sim::v1::TRACE_EVENT_KIND_WOKEN_BY_INTERRUPT);
  EXPECT_EQ(events.tids(0), 9);
  EXPECT_EQ(events.kinds(1), sim::v1::TRACE_EVENT_KIND_SWITCH_PREEMPTED);
  EXPECT_EQ(events.kinds(2), sim::v1::TRACE_EVENT_KIND_WOKEN_BY_TASK);
}

TEST_F(PageRecordsTest, TheNextPageGoesOnWhereTheLastOneEnded) {
  Convert(page_);
  const auto more = Convert(page_);
  ASSERT_THAT(more, SizeIs(1));
  EXPECT_EQ(more[0].events().start_ns(), page_.events.back().time_ns);
  EXPECT_EQ(more[0].events().delta_ns(0), 0u);  // time does not go back
  EXPECT_EQ(asked_, 5);
}

TEST_F(PageRecordsTest, AfterALossTheEventsBeginAnew) {
  RingPage lossy = page_;
  lossy.lost_before = true;
  const auto records = Convert(lossy);
  EXPECT_TRUE(records.back().events().lost_before());
  EXPECT_EQ(records.back().events().start_ns(), page_.events.front().time_ns);
}

TEST_F(PageRecordsTest, AnEmptyPageGivesNothing) { EXPECT_THAT(Convert({}), IsEmpty()); }

TEST(HostFactsTest, ListsOfCpus) {
  EXPECT_THAT(ParseCpuList("0-2,5"), ElementsAre(0, 1, 2, 5));
  EXPECT_THAT(ParseCpuList("7"), ElementsAre(7));
  EXPECT_THAT(ParseCpuList(""), IsEmpty());
  EXPECT_THAT(ParseCpuList("0-x"), IsEmpty());
  EXPECT_THAT(ParseCpuList("0-2000000000"), SizeIs(4'096));
}

TEST(HostFactsTest, ThisHostAndThisTask) {
  const auto cpus = OnlineCpus("");
  ASSERT_FALSE(cpus.empty());
  sim::v1::TraceTask task;
  task.set_tid(getpid());
  AddTaskFacts("", cpus, &task);
  EXPECT_EQ(task.tgid(), getpid());
  EXPECT_FALSE(task.kthread());
}

}  // namespace
}  // namespace schedd::client
