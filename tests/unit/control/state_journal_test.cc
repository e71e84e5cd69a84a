// SPDX-License-Identifier: Apache-2.0
#include "server/control/state_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/control/restore.h"
#include "tests/unit/control/control_fixture.h"
#include "tests/unit/control/fake_store.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr char kRefused[] = "UNAVAILABLE STORE_UNAVAILABLE";

class StateJournalTest : public ::testing::Test {
 protected:
  StateJournalTest() {
    options_.log = [this](const std::string& line) { log_.push_back(line); };
  }

  ControlOptions options_;
  std::vector<std::string> log_;
  FakeStore store_;
};

TEST_F(StateJournalTest, WithoutAStoreEverythingIsAccepted) {
  StateJournal journal(nullptr, options_, kNow);
  EXPECT_EQ(journal.initial().generation, 1);
  EXPECT_EQ(journal.initial().run, absl::ToUnixNanos(kNow));
  EXPECT_EQ(ErrorOf(journal.PutPolicy({}, 2)), "OK");
  EXPECT_EQ(ErrorOf(journal.PutOverride({.id = "x"})), "OK");
  EXPECT_EQ(ErrorOf(journal.RemoveOverrides({"x"}, 3)), "OK");
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(StateJournalTest, ANewStoreGetsWhatItBeginsWithAtOnceEvenWithoutALog) {
  options_.log = nullptr;
  options_.parameters.base_slice_ns = 7'000'000;
  const StateJournal journal(&store_, options_, kNow);
  EXPECT_THAT(store_.written, ElementsAre("replace"));
  EXPECT_EQ(store_.state->run, absl::ToUnixNanos(kNow));
  EXPECT_EQ(store_.state->configured, ValuesOf(options_.parameters));
}

TEST_F(StateJournalTest, AStartThatChangesNothingWritesNothing) {
  const StateJournal first(&store_, options_, kNow);
  const StateJournal second(&store_, options_, kNow + absl::Hours(1));
  EXPECT_THAT(store_.written, ElementsAre("replace"));
  EXPECT_EQ(second.initial().run, first.initial().run);
}

TEST_F(StateJournalTest, ChangesReachTheStore) {
  StateJournal journal(&store_, options_, kNow);
  EXPECT_EQ(ErrorOf(journal.PutPolicy({.id = "p"}, 2)), "OK");
  EXPECT_EQ(ErrorOf(journal.PutOverride({.id = "x", .generation = 3})), "OK");
  EXPECT_EQ(ErrorOf(journal.RemoveOverrides({"x", "y"}, 4)), "OK");
  EXPECT_EQ(ErrorOf(journal.RemovePolicy("p", 5)), "OK");
  EXPECT_THAT(store_.written, ElementsAre("replace", "policy p 2", "override x 3", "remove x,y 4",
                                          "remove policy p 5"));
}

TEST_F(StateJournalTest, ARefusalHasAReasonAndSaysWhy) {
  StateJournal journal(&store_, options_, kNow);
  store_.refusal = absl::PermissionDeniedError("/x/schedd.db: make it writable");
  const absl::Status status = journal.PutPolicy({}, 2);
  EXPECT_EQ(ErrorOf(status), kRefused);
  EXPECT_EQ(status.message(),
            "nothing was changed, because it could not be stored: /x/schedd.db: make it writable");
  EXPECT_EQ(ErrorOf(journal.PutOverride({.id = "x"})), kRefused);
  EXPECT_EQ(ErrorOf(journal.RemoveOverrides({"x"}, 2)), kRefused);
  store_.refusal = absl::OkStatus();
  EXPECT_EQ(ErrorOf(journal.PutPolicy({}, 2)), "OK");
}

// Else the numbers of this run would be mixed with those in the store.
TEST_F(StateJournalTest, AStoreThatCannotBeReadIsNotWrittenTo) {
  store_.state = {.generation = 41};
  store_.load_refusal = absl::UnavailableError("cannot read");
  StateJournal journal(&store_, options_, kNow);
  EXPECT_EQ(journal.initial().generation, 1);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("changes are refused: ")));
  store_.load_refusal = absl::OkStatus();
  EXPECT_EQ(ErrorOf(journal.PutPolicy({}, 2)), kRefused);
  EXPECT_THAT(store_.written, IsEmpty());
  EXPECT_EQ(store_.state->generation, 41);
}

TEST_F(StateJournalTest, WhatItBeginsWithIsStoredBeforeTheFirstChangeWhenItWasRefused) {
  store_.refusal = absl::UnavailableError("full");
  StateJournal journal(&store_, options_, kNow);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("changes are refused: ")));
  EXPECT_EQ(ErrorOf(journal.PutPolicy({}, 2)), kRefused);
  store_.refusal = absl::OkStatus();
  EXPECT_EQ(ErrorOf(journal.PutPolicy({}, 2)), "OK");
  EXPECT_EQ(ErrorOf(journal.PutPolicy({}, 3)), "OK");
  EXPECT_THAT(store_.written, ElementsAre("replace", "policy  2", "policy  3"));
}

}  // namespace
}  // namespace schedd
