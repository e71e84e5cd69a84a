// SPDX-License-Identifier: Apache-2.0
#include "server/control/counters.h"

#include <gtest/gtest.h>

#include "bpf/histogram.h"
#include "tests/unit/control/fake_host.h"
#include "tests/unit/control/manual_time.h"

namespace schedd {
namespace {

class CountersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    attachment_.kernel = std::make_unique<FakeKernel>(&host_, LoadOptions());
    attachment_.engine = std::make_unique<FakeEngine>(&host_, PolicyParameters(), 1);
  }

  ManualClock clock_;
  FakeHost host_{&clock_};
  Attachment attachment_;
};

// Each counter of the dispatcher has its place in the API, and no two share one.
TEST_F(CountersTest, EachOfTheDispatchersCountersIsShownOnce) {
  for (int i = 0; i < SCHEDD_NR_COUNTERS; ++i) {
    host_.kernel->Count(static_cast<schedd_counter>(i), 1'000 + i, 0);
    host_.kernel->Count(static_cast<schedd_counter>(i), 1'000'000, 1);
  }
  const SchedulerCounters c = ReadCounters(attachment_, {}, 0);
  const auto expected = [](schedd_counter counter) { return int64_t{1'001'000} + counter; };
  EXPECT_EQ(c.event_count, expected(SCHEDD_COUNT_EVENTS));
  EXPECT_EQ(c.dropped_event_count, expected(SCHEDD_COUNT_EVENTS_DROPPED));
  EXPECT_EQ(c.withheld_event_count, expected(SCHEDD_COUNT_EVENTS_WITHHELD));
  EXPECT_EQ(c.decision_count, expected(SCHEDD_COUNT_DECISIONS_APPLIED));
  EXPECT_EQ(c.stale_decision_count, expected(SCHEDD_COUNT_DECISIONS_STALE));
  EXPECT_EQ(c.bounced_decision_count, expected(SCHEDD_COUNT_DECISIONS_BOUNCED));
  EXPECT_EQ(c.idle_run_count, expected(SCHEDD_COUNT_RUN_DIRECT_IDLE));
  EXPECT_EQ(c.sync_run_count, expected(SCHEDD_COUNT_RUN_DIRECT_SYNC));
  EXPECT_EQ(c.kernel_thread_run_count, expected(SCHEDD_COUNT_RUN_DIRECT_KTHREAD));
  EXPECT_EQ(c.daemon_run_count, expected(SCHEDD_COUNT_RUN_DAEMON));
  EXPECT_EQ(c.decided_run_count, expected(SCHEDD_COUNT_RUN_DECIDED));
  EXPECT_EQ(c.undecided_run_count, expected(SCHEDD_COUNT_RUN_UNDECIDED));
  EXPECT_EQ(c.refilled_slice_count, expected(SCHEDD_COUNT_SLICE_REFILLS));
  EXPECT_EQ(c.preemption_count, expected(SCHEDD_COUNT_KICKS_PREEMPT));
  EXPECT_EQ(c.doorbell_count, expected(SCHEDD_COUNT_DOORBELLS));
  EXPECT_EQ(c.unslotted_enqueue_count, expected(SCHEDD_COUNT_NO_SLOT));
  EXPECT_EQ(c.table_full_count, expected(SCHEDD_COUNT_TABLE_FULL));
  EXPECT_EQ(c.run_time_ns, expected(SCHEDD_COUNT_RUN_NS));
  EXPECT_EQ(c.ended_task_run_time_ns, expected(SCHEDD_COUNT_ENDED_RUN_NS));
  EXPECT_EQ(c.unslotted_run_time_ns, expected(SCHEDD_COUNT_NO_SLOT_RUN_NS));
  EXPECT_EQ(c.degraded_run_count, expected(SCHEDD_COUNT_RUN_DEGRADED));
  EXPECT_EQ(c.leased_wait_count, expected(SCHEDD_COUNT_WAITS_LEASED));
}

TEST_F(CountersTest, TheEnginesCountersAreShown) {
  host_.engine->stats_ = {
      .passes = 1, .urgent_decisions = 2, .decision_ring_full = 3, .allocations = 4};
  host_.kernel->header().used_slots = 5;
  const SchedulerCounters c = ReadCounters(attachment_, {}, 6);
  EXPECT_EQ(c.pass_count, 1);
  EXPECT_EQ(c.urgent_decision_count, 2);
  EXPECT_EQ(c.delayed_batch_count, 3);
  EXPECT_EQ(c.scheduling_allocation_count, 4);
  EXPECT_EQ(c.task_count, 5);
  EXPECT_EQ(c.scheduling_page_fault_count, 6);
}

TEST_F(CountersTest, ADegradedTimeThatGoesOnCounts) {
  host_.kernel->header().degraded_ns = 500;
  EXPECT_EQ(ReadCounters(attachment_, {}, 0).degraded_ns, 500);
  host_.kernel->header().degraded_since_ns = static_cast<uint64_t>(host_.kernel->NowNanos());
  clock_.Move(absl::Nanoseconds(70));
  EXPECT_EQ(ReadCounters(attachment_, {}, 0).degraded_ns, 570);
  // Set by a CPU that is ahead of us.
  host_.kernel->header().degraded_since_ns = static_cast<uint64_t>(host_.kernel->NowNanos() + 9);
  EXPECT_EQ(ReadCounters(attachment_, {}, 0).degraded_ns, 500);
}

TEST_F(CountersTest, DecisionLatenciesAreSummedUp) {
  LatencyHistogram latency;
  latency.buckets[schedd_latency_bucket(10'000)] = 98;
  latency.buckets[schedd_latency_bucket(1'000'000)] = 2;
  latency.sum_ns = 2'980'000;
  latency.max_ns = 1'000'000;
  const SchedulerCounters c = ReadCounters(attachment_, latency, 0);
  EXPECT_EQ(c.decision_latency_count, 100);
  EXPECT_EQ(c.decision_latency_mean_ns, 29'800);
  EXPECT_NEAR(static_cast<double>(c.decision_latency_p50_ns), 10'000, 625);
  EXPECT_NEAR(static_cast<double>(c.decision_latency_p99_ns), 1'000'000, 62'500);
  EXPECT_EQ(c.decision_latency_max_ns, 1'000'000);
}

TEST_F(CountersTest, LostEventsAreThoseDroppedAndWithheld) {
  host_.kernel->Count(SCHEDD_COUNT_EVENTS_DROPPED, 2, 0);
  host_.kernel->Count(SCHEDD_COUNT_EVENTS_WITHHELD, 3, 1);
  host_.kernel->Count(SCHEDD_COUNT_DECISIONS_STALE, 50, 1);
  EXPECT_EQ(ReadLostEventCount(host_.kernel->memory()), 5);
  EXPECT_EQ(ReadCounters(attachment_, {}, 0).lost_event_count(), 5);
}

}  // namespace
}  // namespace schedd
