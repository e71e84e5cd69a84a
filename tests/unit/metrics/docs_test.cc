// SPDX-License-Identifier: Apache-2.0
//
// docs/metrics.md has a row for each metric, and for no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "server/metrics/metric_table.h"

namespace schedd::metrics {
namespace {

std::string Code(absl::string_view words) {
  if (words.empty()) return "";
  return absl::StrCat("`", absl::StrReplaceAll(words, {{", ", "`, `"}}), "`");
}

std::string Row(const Metric& metric) {
  const std::string name = metric.labels.empty()
                               ? std::string(metric.name)
                               : absl::StrCat(metric.name, "{", metric.labels, "}");
  return absl::StrCat("| `", name, "` | ", TypeName(metric.type), " | ", metric.unit, " | ",
                      metric.help, " | ", Code(metric.field), " |");
}

TEST(DocsTest, TheTableIsThatOfTheProgram) {
  std::ifstream file("docs/metrics.md");
  ASSERT_TRUE(file) << "docs/metrics.md is not there";
  std::vector<std::string> written;
  for (std::string line; std::getline(file, line);) {
    if (absl::StartsWith(line, "| `schedd_")) written.push_back(line);
  }
  std::vector<std::string> rows;
  for (const Metric& metric : Metrics()) rows.push_back(Row(metric));
  EXPECT_EQ(written, rows) << "the rows must be:\n" << absl::StrJoin(rows, "\n");
}

}  // namespace
}  // namespace schedd::metrics
