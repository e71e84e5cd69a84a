// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/libbpf_log.h"

#include <gtest/gtest.h>

namespace schedd {
namespace {

void MakeLibbpfWarn(const std::string& name) {
  bpf_object* object = bpf_object__open_file(("/nonexistent/" + name).c_str(), nullptr);
  ASSERT_EQ(object, nullptr);
}

TEST(LibbpfLogTest, KeepsTheWordsOfAWarning) {
  LibbpfLogCapture log;
  MakeLibbpfWarn("first.o");
  EXPECT_NE(log.Tail().find("first.o"), std::string::npos) << log.Tail();
}

TEST(LibbpfLogTest, SaysSoWhenThereIsNothing) { EXPECT_EQ(LibbpfLogCapture().Tail(), "no detail"); }

TEST(LibbpfLogTest, StartsEmptyAfterAnEarlierCapture) {
  {
    LibbpfLogCapture log;
    MakeLibbpfWarn("first.o");
  }
  LibbpfLogCapture log;
  MakeLibbpfWarn("second.o");
  EXPECT_EQ(log.Tail().find("first.o"), std::string::npos);
}

TEST(LibbpfLogTest, KeepsOnlyTheEndOfALot) {
  LibbpfLogCapture log;
  for (int i = 0; i < 500; i++) MakeLibbpfWarn("object" + std::to_string(i) + ".o");
  EXPECT_LT(log.Tail().size(), 8192U);
  EXPECT_NE(log.Tail().find("object499.o"), std::string::npos);
}

}  // namespace
}  // namespace schedd
