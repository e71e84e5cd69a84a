// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/table.h"

#include <gtest/gtest.h>

namespace schedd::client {
namespace {

Table Example() {
  Table table({{"TID", Table::Align::kRight}, {"COMM"}, {"CGROUP"}});
  table.AddRow({"1", "init", "/"});
  table.AddRow({"12345", Cell("a-long-name", Color::kGood), "/system.slice"});
  return table;
}

TEST(Table, AlignsAndDoesNotPadTheEnd) {
  EXPECT_EQ(Example().Render({}),
            "  TID  COMM         CGROUP\n"
            "    1  init         /\n"
            "12345  a-long-name  /system.slice\n");
}

TEST(Table, WithoutHeadersColumnsAreAsWideAsTheRows) {
  Table table({{"A VERY LONG TITLE"}, {"B"}});
  table.AddRow({"x", "y"});
  EXPECT_EQ(table.Render({.headers = false}), "x  y\n");
}

TEST(Table, ColorsDoNotMoveColumns) {
  EXPECT_EQ(Example().Render({.headers = false, .color = true}),
            "    1  init         /\n"
            "12345  \033[32ma-long-name\033[0m  /system.slice\n");
}

TEST(Table, WidthCountsCharactersNotBytes) {
  Table table({{"T", Table::Align::kRight}, {"X"}});
  table.AddRow({"10µs", "x"});
  table.AddRow({"100ms", "x"});
  EXPECT_EQ(table.Render({.headers = false}), " 10µs  x\n100ms  x\n");
}

TEST(Table, MissingCellsAreEmptyAndLeaveNoBlanks) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"x"});
  EXPECT_EQ(table.Render({}), "A  B\nx\n");
}

TEST(Table, CellsAreMadeSafe) {
  Table table({{"A"}});
  table.AddRow({"a\033[2Jb\nc"});
  EXPECT_EQ(table.Render({.headers = false}), "a\\x1b[2Jb\\x0ac\n");
}

TEST(Table, WithoutRowsThereAreTheHeaders) {
  EXPECT_EQ(Table({{"A"}, {"B"}}).Render({}), "A  B\n");
  EXPECT_EQ(Table({{"A"}, {"B"}}).Render({.headers = false}), "");
}

TEST(Paint, EachColorEndsWithAReset) {
  EXPECT_EQ(Paint("x", Color::kNone), "x");
  EXPECT_EQ(Paint("x", Color::kGood), "\033[32mx\033[0m");
  EXPECT_EQ(Paint("x", Color::kWarning), "\033[33mx\033[0m");
  EXPECT_EQ(Paint("x", Color::kBad), "\033[31mx\033[0m");
  EXPECT_EQ(Paint("x", Color::kFaint), "\033[2mx\033[0m");
}

}  // namespace
}  // namespace schedd::client
