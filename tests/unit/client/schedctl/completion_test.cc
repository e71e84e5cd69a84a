// SPDX-License-Identifier: Apache-2.0
//
// schedctl completion and the hidden schedctl reference: both are made from the command table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CompletionTest : public SchedctlTest {
 protected:
  // What bash offers for the words; the last one is being typed.
  std::string Offered(const std::string& words) {
    std::string path = "/tmp/schedd-completion-XXXXXX";
    close(mkstemp(path.data()));
    std::ofstream(path) << RunAnywhere({"completion", "bash"}).out << "COMP_WORDS=(" << words
                        << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_schedctl\n"
                        << "echo \"${COMPREPLY[*]}\"\n";
    FILE* shell = popen(("bash " + path + " 2>&1").c_str(), "r");
    std::string out;
    char buffer[4096];
    while (fgets(buffer, sizeof(buffer), shell) != nullptr) out += buffer;
    pclose(shell);
    unlink(path.c_str());
    return out;
  }
};

TEST_F(CompletionTest, BashOffersCommands) {
  EXPECT_THAT(Offered("schedctl ''"), StartsWith("status task policy scheduler doctor version"));
  EXPECT_EQ(Offered("schedctl ta"), "task\n");
  EXPECT_EQ(Offered("schedctl task un"), "unboost\n");
  EXPECT_EQ(Offered("schedctl -q task --timeout 5s un"), "unboost\n");
}

TEST_F(CompletionTest, BashOffersOptionsOfTheCommandAndOfAll) {
  EXPECT_EQ(Offered("schedctl task boost --w"), "--weight\n");
  EXPECT_EQ(Offered("schedctl task boost --end"), "--endpoint\n");
  EXPECT_EQ(Offered("schedctl status --w"), "\n");
  EXPECT_EQ(Offered("schedctl task boost --he"), "--help\n");
}

TEST_F(CompletionTest, BashOffersFormats) {
  EXPECT_EQ(Offered("schedctl task list -o ''"), "table wide json yaml\n");
  EXPECT_EQ(Offered("schedctl task list --output j"), "json\n");
}

TEST_F(CompletionTest, ZshHasAllPlaces) {
  EXPECT_THAT(RunAnywhere({"completion", "zsh"}).out,
              AllOf(StartsWith("#compdef schedctl\n"), HasSubstr("'/task/boost') choices='"),
                    HasSubstr("compadd -- ${=choices}"), EndsWith("compdef _schedctl schedctl\n")));
}

TEST_F(CompletionTest, FishHasAllPlaces) {
  EXPECT_THAT(
      RunAnywhere({"completion", "fish"}).out,
      AllOf(
          HasSubstr("complete -c schedctl -n 'not __fish_seen_subcommand_from status task policy "
                    "scheduler doctor version completion' -a task -d 'Show tasks and change their "
                    "priorities'\n"),
          HasSubstr("complete -c schedctl -n '__fish_seen_subcommand_from task; and "
                    "__fish_seen_subcommand_from boost' -l weight -r -d "),
          HasSubstr("-l output -r -a 'table wide json yaml'"),
          HasSubstr("-d 'Show the scheduler\\'s state, read from the kernel'")));
}

TEST_F(CompletionTest, HiddenCommandsAreNotOffered) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Result result = RunAnywhere({"completion", shell});
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, Not(HasSubstr("reference")));
  }
}

TEST_F(CompletionTest, TheReferenceHasEveryCommandOptionAndCode) {
  const Result result = RunAnywhere({"reference"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(
      result.out,
      AllOf(StartsWith("## Options of every command\n\n| Option | Meaning |\n|---|---|\n"),
            HasSubstr("| 7 | schedd cannot be reached |\n"),
            HasSubstr("\n### schedctl task boost\n\nGive the tasks"),
            HasSubstr("\n```sh\nschedctl task boost --comm nginx --weight 400 --ttl 10m\n"),
            HasSubstr("| `--ttl DURATION` | Take the change back after this long |\n"),
            HasSubstr("| `-o, --output FORMAT` | "), HasSubstr("\n### schedctl doctor\n"),
            Not(HasSubstr("### schedctl reference")), Not(HasSubstr("### schedctl task\n"))));
}

}  // namespace
}  // namespace schedd::client
