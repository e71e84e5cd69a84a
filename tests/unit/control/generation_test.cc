// SPDX-License-Identifier: Apache-2.0
#include "server/control/generation.h"

#include <gtest/gtest.h>

#include <set>

namespace schedd {
namespace {

TEST(GenerationCounterTest, BeginsWithTheConfigurationAndCountsByOne) {
  GenerationCounter generations(1'800'000'000);
  EXPECT_EQ(generations.current(), 1);
  EXPECT_EQ(generations.Next(), 2);
  EXPECT_EQ(generations.Next(), 3);
  EXPECT_EQ(generations.current(), 3);
}

TEST(GenerationCounterTest, GoesOnFromWhatWasStored) {
  GenerationCounter generations(7, 41);
  EXPECT_EQ(generations.current(), 41);
  EXPECT_EQ(generations.upcoming(), 42);
  EXPECT_EQ(generations.current(), 41);
  EXPECT_EQ(generations.Next(), 42);
  EXPECT_EQ(generations.Etag(41), GenerationCounter(7).Etag(41));
}

TEST(GenerationCounterTest, AnEtagIsOfOneRunAndOneGeneration) {
  std::set<std::string> etags;
  // Runs that begin a nanosecond apart, long ago, and before 1970.
  for (const int64_t run : {int64_t{1'800'000'000'000'000'000}, int64_t{1'800'000'000'000'000'001},
                            int64_t{0}, int64_t{-1}}) {
    const GenerationCounter generations(run);
    for (const int64_t generation : {1, 2, 11, 12}) etags.insert(generations.Etag(generation));
  }
  EXPECT_EQ(etags.size(), 16u);
}

TEST(GenerationCounterTest, AnEtagDoesNotChangeWithWhatComesAfter) {
  GenerationCounter generations(1'000'000'000);
  const std::string etag = generations.Etag(1);
  generations.Next();
  EXPECT_EQ(generations.Etag(1), etag);
  EXPECT_EQ(etag, "3b9aca00-1");
}

}  // namespace
}  // namespace schedd
