// SPDX-License-Identifier: Apache-2.0
//
// schedctl completion, and the hidden schedctl names and schedctl reference.
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
  // What bash offers for the words; the last one is being typed. `names`: what schedctl names says
  // when it is asked as it should be.
  std::string Offered(const std::string& words, const std::string& names = "") {
    std::string path = "/tmp/schedd-completion-XXXXXX";
    close(mkstemp(path.data()));
    std::ofstream(path) << RunAnywhere({"completion", "bash"}).out
                        << "schedctl() { [ \"$*\" = \"names " << asked_
                        << " --timeout 1s\" ] && printf '" << names << "'; }\nCOMP_LINE=\"" << line_
                        << "\"\nCOMP_WORDS=(" << words
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

  std::string asked_;  // of schedctl names
  std::string line_;   // COMP_LINE
};

TEST_F(CompletionTest, BashOffersCommands) {
  EXPECT_THAT(Offered("schedctl ''"),
              StartsWith("status task policy scheduler audit simulate trace doctor version"));
  EXPECT_EQ(Offered("schedctl ta"), "task\n");
  EXPECT_EQ(Offered("schedctl task un"), "unboost\n");
  EXPECT_EQ(Offered("schedctl -q task --timeout 5s un"), "unboost\n");
}

TEST_F(CompletionTest, BashOffersWhatASimulationCanChange) {
  EXPECT_EQ(Offered("schedctl simulate --policy kind=f"), "kind=fifo kind=fair\n");
  EXPECT_EQ(Offered("schedctl simulate --compare base"), "base_slice=\n");
  EXPECT_EQ(Offered("schedctl simulate --ht"), "--html\n");
}

TEST_F(CompletionTest, BashOffersOptionsOfTheCommandAndOfAll) {
  EXPECT_EQ(Offered("schedctl task boost --w"), "--weight\n");
  EXPECT_EQ(Offered("schedctl task boost --end"), "--endpoint\n");
  EXPECT_EQ(Offered("schedctl status --we"), "\n");
  EXPECT_EQ(Offered("schedctl task boost --he"), "--help\n");
}

TEST_F(CompletionTest, BashOffersFormats) {
  EXPECT_EQ(Offered("schedctl task list -o ''"), "table wide json yaml jsonpath=\n");
  EXPECT_EQ(Offered("schedctl task list --output j"), "json jsonpath=\n");
  EXPECT_EQ(Offered("schedctl task list --output = y"), "yaml\n");
}

TEST_F(CompletionTest, BashOffersWhatScheddKnowsNow) {
  asked_ = "tasks";
  EXPECT_EQ(Offered("schedctl task get ''", "12\\tnginx\\n345\\thog\\n"), "12 345\n");
  EXPECT_EQ(Offered("schedctl task get 3", "12\\tnginx\\n345\\thog\\n"), "345\n");
  EXPECT_EQ(Offered("schedctl task boost --task ''", "12\\tnginx\\n"), "12\n");
  EXPECT_EQ(Offered("schedctl task get --lim", "12\\n"), "\n");
  EXPECT_EQ(Offered("schedctl task get --timeout ''", "12\\n"), "\n");
  asked_ = "overrides";
  EXPECT_EQ(Offered("schedctl task unboost a ''", "a\\tx\\nb\\ty\\n"), "a b\n");
  asked_ = "policies parameters --endpoint /run/x.sock";
  line_ = "schedctl --endpoint=/run/x.sock policy set b";
  EXPECT_EQ(Offered("schedctl --endpoint = /run/x.sock policy set b", "base_slice=\\n"),
            "base_slice=\n");
}

TEST_F(CompletionTest, BashOffersTheValueOfAParameter) {
  asked_ = "policies parameters";
  const std::string names = "base_slice=\\nplacement_mode=all\\nplacement_mode=idle\\n";
  EXPECT_EQ(Offered("schedctl policy set placement_mode =", names), "all idle\n");
  EXPECT_EQ(Offered("schedctl policy set placement_mode = i", names), "idle\n");
}

TEST_F(CompletionTest, BashOffersWhateverMayStandThere) {
  asked_ = "policies parameters";
  EXPECT_EQ(Offered("schedctl policy set ''", "web\\t/web\\nbase_slice=\\n"), "web base_slice=\n");
  asked_ = "policies revisions";
  EXPECT_EQ(Offered("schedctl policy diff web ''", "web\\t/web\\n7\\tweb\\n"), "web 7\n");
  asked_ = "parameters";
  EXPECT_EQ(Offered("schedctl policy create web --cgroup /web b", "base_slice=\\n"),
            "base_slice=\n");
}

TEST_F(CompletionTest, BashOffersFixedValuesOfOptions) {
  EXPECT_EQ(Offered("schedctl scheduler attach --scope ''"), "all ext-only\n");
  EXPECT_EQ(Offered("schedctl scheduler attach --scope = e"), "ext-only\n");
  EXPECT_EQ(Offered("schedctl completion z"), "zsh\n");
  EXPECT_EQ(Offered("schedctl task list --sort tg"), "tgid\n");
  EXPECT_EQ(Offered("schedctl task list --filter ''"), "\n");
}

TEST_F(CompletionTest, ANameIsNeverExecuted) {
  asked_ = "comms";
  EXPECT_EQ(Offered("schedctl task boost --comm ''", "$(echo oops)\\na b\\n"),
            "\\$\\(echo\\ oops\\) a\\ b\n");
}

using NamesTest = SchedctlTest;

TEST_F(NamesTest, TasksAndTheirNames) {
  v1::ListTasksResponse tasks;
  for (int tid : {7, 8}) {
    tasks.add_tasks()->set_tid(tid);
    tasks.mutable_tasks()->rbegin()->set_comm("hog\t1");
  }
  server_.list_tasks.Returns(tasks);
  EXPECT_EQ(Run({"names", "tasks"}).out, "7\thog\\x091\n8\thog\\x091\n");
  EXPECT_EQ(Run({"names", "comms"}).out, "hog\\x091\t2 tasks\n");
}

TEST_F(NamesTest, Overrides) {
  v1::ListTaskOverridesResponse overrides;
  overrides.add_task_overrides()->set_name("taskOverrides/web");
  overrides.mutable_task_overrides(0)->mutable_selector()->set_comm("nginx");
  server_.list_overrides.Returns(overrides);
  EXPECT_EQ(Run({"names", "overrides"}).out, "web\tcomm=nginx\n");
}

TEST_F(NamesTest, PoliciesAndTheirRevisions) {
  v1::ListPoliciesResponse policies;
  policies.add_policies()->set_name("policies/web");
  policies.mutable_policies(0)->mutable_selector()->set_cgroup_path("/web");
  policies.add_policies()->set_name("policies/default");
  server_.list_policies.Returns(policies);
  server_.list_revisions.handler = [](const v1::ListPolicyRevisionsRequest& request)
      -> absl::StatusOr<v1::ListPolicyRevisionsResponse> {
    v1::ListPolicyRevisionsResponse revisions;
    revisions.add_policy_revisions()->set_generation(request.parent() == "policies/web" ? 7 : 3);
    return revisions;
  };
  EXPECT_EQ(Run({"names", "policies"}).out, "web\t/web\ndefault\t/\n");
  EXPECT_EQ(Run({"names", "revisions"}).out,
            "known-good\tthe newest one that was\n7\tweb: -\n3\tdefault: -\n");
}

TEST_F(NamesTest, SeveralKinds) {
  v1::ListPoliciesResponse policies;
  policies.add_policies()->set_name("policies/default");
  server_.list_policies.Returns(policies);
  v1::ListParameterSpecsResponse specs;
  specs.add_parameter_specs()->set_field_path("base_slice");
  server_.list_specs.Returns(specs);
  EXPECT_EQ(Run({"names", "policies", "parameters"}).out, "default\t/\nbase_slice=\t\n");
}

TEST_F(NamesTest, ParametersWithTheirChoices) {
  v1::ListParameterSpecsResponse specs;
  specs.add_parameter_specs()->set_field_path("base_slice");
  specs.add_parameter_specs()->set_field_path("placement_mode");
  specs.mutable_parameter_specs(1)->mutable_categorical_domain()->add_values(
      "PLACEMENT_MODE_IDLE_BYPASS");
  server_.list_specs.Returns(specs);
  EXPECT_EQ(Run({"names", "parameters"}).out, "base_slice=\t\nplacement_mode=idle-bypass\t\n");
}

TEST_F(NamesTest, NothingWhenScheddCannotBeAsked) {
  server_.Stop();
  for (const char* kind : {"tasks", "comms", "overrides", "policies", "revisions", "parameters"}) {
    const Result result = Run({"names", kind});
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.out + result.err, "") << kind;
  }
}

TEST_F(CompletionTest, ZshHasAllPlaces) {
  EXPECT_THAT(
      RunAnywhere({"completion", "zsh"}).out,
      AllOf(StartsWith("#compdef schedctl\n"), HasSubstr("'/task/boost') choices='"),
            HasSubstr("compadd -- ${${=choices}:#*=}"), EndsWith("compdef _schedctl schedctl\n")));
}

TEST_F(CompletionTest, FishHasAllPlaces) {
  EXPECT_THAT(
      RunAnywhere({"completion", "fish"}).out,
      AllOf(HasSubstr(
                "complete -c schedctl -n 'not __fish_seen_subcommand_from status task policy "
                "scheduler audit simulate trace doctor version completion' -a task -d 'Show tasks "
                "and change their priorities'\n"),
            HasSubstr("complete -c schedctl -n '__fish_seen_subcommand_from task; and "
                      "__fish_seen_subcommand_from boost' -l weight -r -d "),
            HasSubstr("-l output -s o -r -a 'table wide json yaml jsonpath='"),
            HasSubstr("-d 'Show the scheduler\\'s state, read from the kernel'")));
}

TEST_F(CompletionTest, HiddenCommandsAreNotOffered) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Result result = RunAnywhere({"completion", shell});
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, Not(HasSubstr("reference")));
    EXPECT_THAT(result.out, Not(HasSubstr("-a names -d")));
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
