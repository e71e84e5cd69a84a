// SPDX-License-Identifier: Apache-2.0
//
// docs/configuration.md says what the program does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/daemon/config.h"
#include "server/daemon/config_file.h"
#include "server/daemon/exit_code.h"
#include "server/daemon/parameters.h"

namespace schedd::daemon {
namespace {

using ::testing::HasSubstr;

class DocsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file("docs/configuration.md");
    ASSERT_TRUE(file) << "docs/configuration.md is not there";
    std::ostringstream text;
    text << file.rdbuf();
    text_ = text.str();
  }

  std::string text_;
};

TEST_F(DocsTest, EachOptionHasItsRow) {
  for (const Option& option : Options()) {
    const std::string flag = option.kind == Option::Kind::kSwitch
                                 ? absl::StrCat("`--", option.name, "`, `--no-", option.name, "`")
                                 : absl::StrCat("`--", option.name, " ", option.metavar, "`");
    const std::string default_value =
        option.default_value.empty() ? "none" : absl::StrCat("`", option.default_value, "`");
    EXPECT_THAT(text_,
                HasSubstr(absl::StrCat("| ", flag, " | `", option.field(), "` | ", default_value,
                                       " | ", option.range, " | ", option.help, " |\n")));
  }
}

TEST_F(DocsTest, EachExitCodeHasItsRow) {
  for (const ExitCodeDoc& doc : ExitCodeDocs()) {
    EXPECT_THAT(
        text_, HasSubstr(absl::StrCat("| ", static_cast<int>(doc.code), " | ", doc.meaning, " |")));
  }
}

TEST_F(DocsTest, TheExampleFileIsRight) {
  const std::string mark = "```\n# /etc/schedd/schedd.conf\n";
  const size_t begin = text_.find(mark);
  ASSERT_NE(begin, std::string::npos);
  const size_t end = text_.find("```", begin + 3);
  const auto settings = ParseConfigText("example", text_.substr(begin + 4, end - begin - 4));
  ASSERT_TRUE(settings.ok()) << settings.status();
  const auto config = MakeConfig(*settings, {});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(MakeParameters(*config).ok()) << MakeParameters(*config).status();
}

}  // namespace
}  // namespace schedd::daemon
