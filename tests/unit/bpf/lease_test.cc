// SPDX-License-Identifier: Apache-2.0
//
// The lease of bpf/lease.h in user space: for how long a decision is good.
#include "bpf/lease.h"

#include <gtest/gtest.h>

namespace {

constexpr uint64_t kNow = 1'000'000'000;

class LeaseTest : public testing::Test {
 protected:
  LeaseTest() {
    header_.lease_epoch = 3;
    slot_.run_ns = 700'000;
    slot_.seq = 5;
    slot_.urgent_seq = 4;
    decision_.lease_us = 100;
    decision_.lease_epoch = 3;
    schedd_lease_give(&slot_, &decision_, kNow);
  }
  bool Holds(uint64_t now = kNow) const { return schedd_lease_holds(&header_, &slot_, now) != 0; }

  schedd_header header_ = {};
  schedd_slot slot_ = {};
  schedd_decision decision_ = {};
};

TEST_F(LeaseTest, HoldsUntilItsCpuTimeIsUsed) {
  EXPECT_TRUE(Holds());
  slot_.run_ns += 99'999;
  EXPECT_TRUE(Holds());
  slot_.run_ns += 1;
  EXPECT_FALSE(Holds());
}

TEST_F(LeaseTest, LastsNoLongerThanItMay) {
  EXPECT_TRUE(Holds(kNow + SCHEDD_LEASE_LASTS_NS - 1));
  EXPECT_FALSE(Holds(kNow + SCHEDD_LEASE_LASTS_NS));
}

TEST_F(LeaseTest, EndsWithAnyChange) {
  ++header_.lease_epoch;
  EXPECT_FALSE(Holds());
  // Nor does a decision made before the change, applied after it, give one.
  schedd_lease_give(&slot_, &decision_, kNow);
  EXPECT_FALSE(Holds());
}

TEST_F(LeaseTest, EndsWithAnUrgentWait) {
  slot_.urgent_seq = slot_.seq;
  EXPECT_FALSE(Holds());
}

TEST_F(LeaseTest, TheDecisionStandsUntilSomethingChanges) {
  slot_.run_ns += 200'000;
  EXPECT_FALSE(Holds());
  EXPECT_TRUE(schedd_decision_stands(&header_, &slot_)) << "the lease alone is used up";
  ++header_.lease_epoch;
  EXPECT_FALSE(schedd_decision_stands(&header_, &slot_)) << "parameters";
  --header_.lease_epoch;
  slot_.lease_until_ns = 0;
  EXPECT_FALSE(schedd_decision_stands(&header_, &slot_)) << "the task's own weight";
}

TEST_F(LeaseTest, NoneWasGivenOrItWasTaken) {
  slot_.lease_until_ns = 0;
  EXPECT_FALSE(Holds());
  // Early after boot, too, when 0 is not long ago.
  EXPECT_FALSE(Holds(uint64_t{0} - 1));
}

TEST_F(LeaseTest, ADecisionForOneWaitOnlyGivesNone) {
  decision_.lease_us = 0;
  schedd_lease_give(&slot_, &decision_, kNow);
  EXPECT_FALSE(Holds());
}

TEST_F(LeaseTest, RunTimesWrap) {
  slot_.run_ns = uint64_t{0} - 50'000;
  schedd_lease_give(&slot_, &decision_, kNow);
  slot_.run_ns += 99'999;
  EXPECT_TRUE(Holds());
  slot_.run_ns += 1;
  EXPECT_FALSE(Holds());
}

}  // namespace
