// SPDX-License-Identifier: Apache-2.0
//
// The man pages have all commands, options and exit codes, and mandoc finds nothing wrong with
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/schedctl/command.h"
#include "server/daemon/config.h"
#include "server/daemon/exit_code.h"
#include "tools/manual/roff.h"
#include "tools/manual/schedctl_page.h"
#include "tools/manual/schedd_page.h"

namespace schedd::manual {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// What a checker says of a page, without what is meant so. A missing program ends the test.
std::vector<std::string> Findings(const std::string& program, const std::string& page) {
  std::string path = "/tmp/schedd-page-XXXXXX";
  close(mkstemp(path.data()));
  std::ofstream(path) << page;
  FILE* output = popen((program + " " + path + " 2>&1").c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer;
  while (fgets(buffer.data(), buffer.size(), output) != nullptr) text += buffer.data();
  pclose(output);
  unlink(path.c_str());
  std::vector<std::string> findings;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (!absl::StrContains(line, "missing date")) findings.emplace_back(line);
  }
  return findings;
}

bool IsThere(const std::string& program) {
  return system(("command -v " + program + " >/dev/null").c_str()) == 0;
}

class ManPage : public testing::TestWithParam<std::string (*)()> {};

TEST_P(ManPage, MandocFindsNothing) {
  if (!IsThere("mandoc")) GTEST_SKIP() << "mandoc is not installed";
  EXPECT_THAT(Findings("mandoc -T lint -W warning", GetParam()()), IsEmpty());
}

TEST_P(ManPage, GroffFindsNothing) {
  if (!IsThere("groff")) GTEST_SKIP() << "groff is not installed";
  EXPECT_THAT(Findings("groff -k -man -Tutf8 -ww -z", GetParam()()), IsEmpty());
}

TEST_P(ManPage, HasTheUsualSections) {
  for (const char* section : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS"}) {
    EXPECT_THAT(GetParam()(), HasSubstr(absl::StrCat(".SH \"", section, "\"\n")));
  }
}

INSTANTIATE_TEST_SUITE_P(All, ManPage, testing::Values(SchedctlPage, ScheddPage));

TEST(SchedctlPageTest, HasEachCommandAndOption) {
  const std::string page = SchedctlPage();
  CLI::App root("", "schedctl");
  const client::Environment environment;
  client::GlobalOptions options;
  client::CommandTable table(root, environment);
  client::BuildCommandLine(table, options);
  int commands = 0;
  for (const CLI::App* group : client::VisibleCommands(root)) {
    for (const CLI::App* command : client::VisibleCommands(*group)) {
      ++commands;
      EXPECT_THAT(
          page, HasSubstr(RoffText(absl::StrCat("schedctl ", client::CommandPath(*command), " "))));
      for (const CLI::Option* option : client::DescribedOptions(*command)) {
        if (!option->nonpositional()) continue;
        EXPECT_THAT(page, HasSubstr(absl::StrCat("\\fB", RoffText(client::OptionSyntax(*option)),
                                                 "\\fR\n")));
      }
    }
  }
  EXPECT_GE(commands, 10);
  EXPECT_THAT(page, Not(HasSubstr("schedctl reference")));
}

TEST(ScheddPageTest, HasEachOptionExitCodeSignalAndFile) {
  const std::string page = ScheddPage();
  for (const daemon::Option& option : daemon::Options()) {
    EXPECT_THAT(page, HasSubstr(RoffText(absl::StrCat("--", option.name))));
  }
  for (const daemon::ExitCodeDoc& doc : daemon::ExitCodeDocs()) {
    EXPECT_THAT(page, HasSubstr(RoffText(doc.meaning)));
  }
  for (const char* term : {"SIGTERM, SIGINT", "SIGUSR1", "SIGHUP", "/var/lib/schedd/schedd.db",
                           "/var/lib/schedd/audit.db"}) {
    EXPECT_THAT(page, HasSubstr(absl::StrCat("\\fB", RoffText(term), "\\fR\n")));
  }
}

TEST(RoffTest, EscapesWhatMeansSomething) {
  EXPECT_EQ(RoffText("a-b \\n \"x\" it's ^~"), "a\\-b \\en \\(dqx\\(dq it\\(aqs \\(ha\\(ti");
  EXPECT_EQ(RoffText("run `schedctl -q` now"), "run \\fBschedctl \\-q\\fR now");
}

TEST(RoffTest, NoTextIsARequest) {
  RoffPage page("x", 1, "x 1", "nothing");
  page.Paragraph(".SH is a request, and\n'br too");
  page.Lines({".TH", "'x'"});
  EXPECT_THAT(page.text(), StartsWith(".TH \"X\" 1 \"\" \"x 1\" \"schedd\"\n.SH \"NAME\"\n"));
  EXPECT_THAT(page.text(), HasSubstr("\n\\&.SH is a request, and\n"));
  EXPECT_THAT(page.text(), HasSubstr("\n\\&.TH\n\\(aqx\\(aq\n"));
}

}  // namespace
}  // namespace schedd::manual
