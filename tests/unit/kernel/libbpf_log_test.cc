// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/libbpf_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdarg>
#include <string>

namespace schedd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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

// A verifier log comes as one message, and what counts is its last lines.
TEST(LibbpfLogTest, KeepsTheEndOfOneLongMessage) {
  LibbpfLogCapture log;
  MakeLibbpfWarn(std::string(100'000, 'x') + "/last.o");
  EXPECT_THAT(log.Tail(), HasSubstr("xxx/last.o"));
  EXPECT_THAT(log.Tail(), HasSubstr("File name too long"));
  EXPECT_LE(log.Tail().size(), 8192U);
}

TEST(LibbpfLogTest, NoMessageBringsAZeroByte) {
  for (const size_t size : {4096U, 65'400U, 65'536U, 70'000U}) {
    LibbpfLogCapture log;
    MakeLibbpfWarn(std::string(size, 'x'));
    EXPECT_EQ(log.Tail().find('\0'), std::string::npos) << size;
  }
}

TEST(LibbpfLogTest, WarningsAreJoinedIntoOneLineInTheirOrder) {
  LibbpfLogCapture log;
  MakeLibbpfWarn("first.o");
  MakeLibbpfWarn("second.o");
  const std::string tail = log.Tail();
  EXPECT_THAT(tail, Not(HasSubstr("\n")));
  const size_t bar = tail.find(" | ");
  ASSERT_NE(bar, std::string::npos) << tail;
  EXPECT_LT(tail.find("first.o"), bar);
  EXPECT_GT(tail.find("second.o"), bar);
}

// The path of a file that is opened is a message of the level "debug".
TEST(LibbpfLogTest, WordsThatAreNoWarningsAreLeftOut) {
  LibbpfLogCapture log;
  MakeLibbpfWarn("first.o");
  EXPECT_THAT(log.Tail(), Not(HasSubstr("loading")));
}

std::string heard;  // by the program's own print function

int Hear(libbpf_print_level, const char* format, va_list) {
  heard += format;
  return 0;
}

TEST(LibbpfLogTest, GivesThePrintFunctionBack) {
  const libbpf_print_fn_t original = libbpf_set_print(Hear);
  heard.clear();
  {
    LibbpfLogCapture log;
    MakeLibbpfWarn("first.o");
    EXPECT_EQ(heard, "");
  }
  MakeLibbpfWarn("second.o");
  EXPECT_THAT(heard, HasSubstr("failed to open"));
  libbpf_set_print(original);
}

}  // namespace
}  // namespace schedd
