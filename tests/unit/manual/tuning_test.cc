// SPDX-License-Identifier: Apache-2.0
//
// docs/tuning.md is what the table of parameters says, and says something of each parameter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "server/control/parameter_specs.h"
#include "tools/manual/parameter_advice.h"
#include "tools/manual/tuning_page.h"

namespace schedd::manual {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TuningTest, ThePageIsUpToDate) {
  std::ifstream file("docs/tuning.md");
  ASSERT_TRUE(file) << "docs/tuning.md is not there";
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), TuningPage())
      << "renew it: bazel build //tools/manual && bazel-bin/tools/manual/manual tuning "
         ">docs/tuning.md";
}

TEST(TuningTest, EachParameterHasItsAdviceInTheOrderOfTheTable) {
  std::vector<std::string> parameters, advised;
  for (const ParameterSpec& spec : ParameterSpecs()) parameters.emplace_back(spec.field_path);
  for (const ParameterAdvice& advice : ParameterAdvices()) advised.emplace_back(advice.field_path);
  EXPECT_EQ(advised, parameters);
}

TEST(TuningTest, NoTextIsLeftOut) {
  for (const ParameterAdvice& advice : ParameterAdvices()) {
    SCOPED_TRACE(advice.field_path);
    for (absl::string_view text : {advice.meaning, advice.raise, advice.lower, advice.look_at,
                                   advice.situation, advice.example}) {
      EXPECT_FALSE(text.empty());
    }
    EXPECT_THAT(std::string(advice.example), HasSubstr(std::string(advice.field_path) + "="));
  }
}

TEST(TuningTest, ValuesAreWrittenAsSchedctlTakesThem) {
  const std::string page = TuningPage();
  EXPECT_THAT(
      page,
      HasSubstr("| [`base_slice`](#base_slice) | time | 100us | 100ms | 10ms | log | each |"));
  EXPECT_THAT(page, HasSubstr("| tasks | 1 | 1024 | 256 | log | default |"));
  EXPECT_THAT(page, HasSubstr("`idle-bypass`, `all-decisions`"));
  EXPECT_THAT(page, Not(HasSubstr("PLACEMENT_MODE_")));
}

}  // namespace
}  // namespace schedd::manual
