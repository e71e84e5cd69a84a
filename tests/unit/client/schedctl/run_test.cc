// SPDX-License-Identifier: Apache-2.0
//
// What all commands share: usage errors, help, global options, errors of schedd, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <streambuf>

#include "absl/synchronization/notification.h"
#include "client/schedctl/exit_code.h"
#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using RunTest = SchedctlTest;

TEST_F(RunTest, HelpListsCommandsAndEveryExitCode) {
  const Result result = RunAnywhere({"--help"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  for (const char* command :
       {"status", "task", "policy", "scheduler", "audit", "doctor", "version", "completion"}) {
    EXPECT_THAT(result.out, HasSubstr(std::string("\n  ") + command + " "));
  }
  for (const ExitCode& code : ExitCodes()) EXPECT_THAT(result.out, HasSubstr(code.meaning));
  EXPECT_THAT(result.out, Not(HasSubstr("reference")));
}

TEST_F(RunTest, WithoutACommandThereIsHelp) {
  EXPECT_EQ(RunAnywhere({}).code, 0);
  EXPECT_THAT(RunAnywhere({}).out, HasSubstr("Usage: schedctl"));
  EXPECT_THAT(RunAnywhere({"task"}).out, HasSubstr("boost"));
  EXPECT_EQ(RunAnywhere({"task"}).code, 0);
}

class EveryCommand : public SchedctlTest,
                     public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(EveryCommand, HasHelpWithAnExampleOfItself) {
  std::vector<std::string> words = GetParam();
  std::string line = "schedctl";
  for (const std::string& word : words) line += " " + word;
  words.push_back("--help");
  const Result result = RunAnywhere(words);
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("Usage: " + line));
  EXPECT_THAT(result.out, HasSubstr("Example:\n"));
  EXPECT_THAT(result.out.substr(result.out.find("Example:")), HasSubstr(line));
}

TEST_P(EveryCommand, RefusesAnUnknownOption) {
  std::vector<std::string> words = GetParam();
  words.push_back("--frobnicate");
  const Result result = RunAnywhere(words);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("there is no option \"--frobnicate\" here"));
}

using Words = std::vector<std::string>;

INSTANTIATE_TEST_SUITE_P(All, EveryCommand,
                         testing::Values(Words{"status"}, Words{"task", "list"},
                                         Words{"task", "get"}, Words{"task", "watch"},
                                         Words{"task", "boost"}, Words{"task", "unboost"},
                                         Words{"task", "overrides"}, Words{"policy", "get"},
                                         Words{"policy", "set"}, Words{"policy", "specs"},
                                         Words{"policy", "list"}, Words{"policy", "create"},
                                         Words{"policy", "delete"}, Words{"policy", "history"},
                                         Words{"policy", "rollback"}, Words{"policy", "diff"},
                                         Words{"audit"}, Words{"scheduler", "attach"},
                                         Words{"scheduler", "detach"}, Words{"scheduler", "watch"},
                                         Words{"doctor"}, Words{"version"}, Words{"completion"}));

// --- usage ---

struct UsageCase {
  Words words;
  const char* says;
};

class UsageError : public SchedctlTest, public testing::WithParamInterface<UsageCase> {};

TEST_P(UsageError, IsCode2WithASentenceAndWhereToLook) {
  const Result result = Run(GetParam().words);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, AllOf(StartsWith("schedctl: "), HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    All, UsageError,
    testing::Values(
        UsageCase{{"tsk"}, "there is no command \"tsk\"; did you mean \"task\"?"},
        UsageCase{{"task", "bost"}, "there is no command \"task bost\"; did you mean \"boost\"?"},
        UsageCase{{"-o", "json", "xyzzy"}, "there is no command \"xyzzy\"\nSee: schedctl --help"},
        UsageCase{{"status", "--ouput", "json"},
                  "there is no option \"--ouput\" here; did you mean \"--output\"?"},
        UsageCase{{"task", "list", "--fliter=x"}, "did you mean \"--filter\"?"},
        UsageCase{{"status", "-o", "xml"}, "xml not in {table,wide,json,yaml,jsonpath=TEMPLATE}"},
        UsageCase{{"status", "more"}, "more"}, UsageCase{{"task", "list", "-x"}, "-x"},
        UsageCase{{"status", "--timeout", "soon"}, "--timeout: \"soon\" is not a duration"},
        UsageCase{{"status", "--timeout", "0s"}, "--timeout must be longer than 0"},
        UsageCase{{"status", "--timeout", "-1s"}, "--timeout must be longer than 0"},
        UsageCase{{"task", "list", "--limit", "many"}, "--limit"},
        UsageCase{{"task", "list", "--limit", "-1"}, "--limit"},
        UsageCase{{"task", "get"}, "task is required\nSee: schedctl task get --help"},
        UsageCase{{"policy", "set"}, "change is required"},
        UsageCase{{"completion", "tcsh"}, "tcsh not in {bash,zsh,fish}"}));

TEST_F(RunTest, TheValueOfAnOptionIsNoCommand) {
  server_.get_scheduler.Returns(v1::Scheduler());
  // "task" is the value of --timeout, then of -o.
  EXPECT_THAT(Run({"--timeout", "task", "status"}).err, HasSubstr("\"task\" is not a duration"));
  EXPECT_THAT(Run({"-o", "task", "status"}).err,
              HasSubstr("task not in {table,wide,json,yaml,jsonpath=TEMPLATE}"));
}

TEST_F(RunTest, ShortOptionsMayStandTogether) {
  server_.get_scheduler.Returns(v1::Scheduler());
  for (const Words& words : {Words{"-qo", "json", "status"}, Words{"-qojson", "status"},
                             Words{"-ojson", "-q", "status"}, Words{"status", "-qo", "json"}}) {
    const Result result = Run(words);
    EXPECT_EQ(result.code, 0) << words[0] << ": " << result.err;
    EXPECT_THAT(result.out, StartsWith("{\n")) << words[0];
  }
  EXPECT_THAT(Run({"-qo", "task", "status"}).err,
              HasSubstr("task not in {table,wide,json,yaml,jsonpath=TEMPLATE}"));
}

TEST_F(RunTest, BehindTwoDashesThereAreNoOptions) {
  server_.get_task.Returns(v1::Task());
  EXPECT_EQ(Run({"task", "get", "--", "5-1"}).code, 0);
  EXPECT_EQ(server_.get_task.requests.at(0).name(), "tasks/5-1");
  const Result result = Run({"task", "get", "--", "--help"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(server_.get_task.requests.at(1).name(), "tasks/--help");
}

TEST_F(RunTest, ATaskMayBeCalledLikeACommand) {
  server_.get_task.Returns(v1::Task());
  EXPECT_EQ(Run({"task", "get", "tasks/policy"}).code, 0);
  EXPECT_EQ(Run({"task", "get", "policy"}).code, 2);  // not a task, and not the command either
  EXPECT_THAT(Run({"task", "get", "policy"}).err, HasSubstr("\"policy\" is not a task"));
}

TEST_F(RunTest, AnOptionOfAnotherCommandIsUnknownHere) {
  const Result result = Run({"policy", "get", "--ttl", "5s"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no option \"--ttl\" here"));
}

TEST_F(RunTest, TheHelpOfAGroupListsItsCommands) {
  const Result result = RunAnywhere({"task", "--help"});
  EXPECT_EQ(result.code, 0);
  for (const char* command : {"list", "get", "watch", "boost", "unboost", "overrides"}) {
    EXPECT_THAT(result.out, HasSubstr(std::string("\n  ") + command + " "));
  }
  EXPECT_THAT(result.out, HasSubstr("Usage: schedctl task"));
}

TEST_F(RunTest, HelpOfBoostIsGrouped) {
  const std::string help = RunAnywhere({"task", "boost", "--help"}).out;
  const size_t which = help.find("Which tasks:"), what = help.find("What changes:");
  ASSERT_NE(which, std::string::npos);
  ASSERT_NE(what, std::string::npos);
  for (const char* option : {"--task", "--tgid", "--comm", "--cgroup", "--uid"}) {
    EXPECT_GT(help.find(option, which), which) << option;
    EXPECT_LT(help.find(option), what) << option;
  }
  for (const char* option : {"--weight", "--slice", "--ttl"}) {
    EXPECT_NE(help.find(option, what), std::string::npos) << option;
  }
}

TEST_F(RunTest, ABadEndpointIsAUsageError) {
  const Result result = RunAnywhere({"--endpoint", "nonsense", "status"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("endpoint \"nonsense\" has no port; write unix:///"));
}

// --- schedd is not there, or says no ---

TEST_F(RunTest, EndpointAbsent) {
  server_.Stop();
  for (const Words& words :
       {Words{"status"}, Words{"task", "list"}, Words{"task", "watch"},
        Words{"policy", "set", "base_slice=5ms"}, Words{"scheduler", "attach"},
        Words{"task", "boost", "--tgid", "1", "--weight", "200"}, Words{"task", "unboost", "a"}}) {
    const Result result = Run(words);
    EXPECT_EQ(result.code, 7) << words[0];
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, AllOf(StartsWith("schedctl: no schedd at unix:///tmp/"),
                                  HasSubstr("Is schedd running? Start it")));
  }
}

class ServerError : public SchedctlTest, public testing::WithParamInterface<int> {};

TEST_P(ServerError, GivesItsExitCodeAndItsSentence) {
  const auto code = static_cast<absl::StatusCode>(GetParam());
  server_.get_scheduler.Returns(DetailedError(code, "what is wrong, and what to do", "A_REASON"));
  const Result result = Run({"status"});
  EXPECT_EQ(result.code, ExitCodeOf(code));
  EXPECT_NE(result.code, 0);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err, "schedctl: what is wrong, and what to do (A_REASON)\n");
}

INSTANTIATE_TEST_SUITE_P(EveryCode, ServerError, testing::Range(1, 17));

TEST_F(RunTest, FieldViolationsAreShownOnce) {
  server_.get_scheduler.Returns(DetailedError(absl::StatusCode::kInvalidArgument, "wrong", "R",
                                              "weight", "must be 1 to 10000"));
  EXPECT_EQ(Run({"status"}).err, "schedctl: wrong (R)\n  weight: must be 1 to 10000\n");
  server_.get_scheduler.Returns(DetailedError(absl::StatusCode::kInvalidArgument,
                                              "weight: must be 1 to 10000", "R", "weight",
                                              "must be 1 to 10000"));
  EXPECT_EQ(Run({"status"}).err, "schedctl: weight: must be 1 to 10000 (R)\n");
}

// --- global options ---

TEST_F(RunTest, GlobalOptionsMayStandAnywhere) {
  server_.list_tasks.Returns(v1::ListTasksResponse());
  const std::string expected = "{\n  \"tasks\": []\n}\n";
  EXPECT_EQ(Run({"-o", "json", "task", "list"}).out, expected);
  EXPECT_EQ(Run({"task", "-o", "json", "list"}).out, expected);
  EXPECT_EQ(Run({"task", "list", "--output=json"}).out, expected);
  EXPECT_EQ(Run({"-ojson", "task", "list"}).out, expected);
  EXPECT_EQ(Run({"task", "list", "-q", "-o", "json"}).out, expected);
}

TEST_F(RunTest, TheTimeoutIsTheDeadline) {
  // Shared: the handler may still be in it when this test has ended.
  const auto done = std::make_shared<absl::Notification>();
  server_.get_scheduler.handler = [done](const auto&) {
    done->WaitForNotification();
    return v1::Scheduler();
  };
  const Result result = Run({"status", "--timeout", "20ms"});
  done->Notify();
  EXPECT_EQ(result.code, 8);
  EXPECT_THAT(result.err, HasSubstr("did not answer within 20ms"));
}

// A stream that tells when something was written to it.
class Telltale : public std::stringbuf {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return written_; });
  }

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    std::lock_guard lock(mutex_);
    written_ = true;
    wake_.notify_all();
    return std::stringbuf::xsputn(text, size);
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool written_ = false;
};

TEST_F(RunTest, ACallThatTakesLongSaysWhatItWaitsFor) {
  Telltale telltale;
  std::ostream err(&telltale);
  std::ostringstream out;
  environment_.out = &out;
  environment_.err = &err;
  environment_.notice_after = absl::ZeroDuration();
  server_.get_scheduler.handler = [&](const auto&) {
    telltale.Wait();
    return v1::Scheduler();
  };
  EXPECT_EQ(RunSchedctl({"--endpoint", server_.endpoint(), "status"}, environment_), 0);
  EXPECT_EQ(telltale.str(), "schedctl: waiting for the status from " + server_.endpoint() + " …\n");
}

TEST_F(RunTest, AQuickCallSaysNothing) {
  server_.get_scheduler.Returns(v1::Scheduler());
  EXPECT_THAT(Run({"status"}).err, IsEmpty());
}

TEST_F(RunTest, QuietLeavesOnlyErrors) {
  server_.list_tasks.Returns(v1::ListTasksResponse());
  EXPECT_EQ(Run({"task", "list"}).err, "schedctl: no task matches\n");
  EXPECT_THAT(Run({"-q", "task", "list"}).err, IsEmpty());
  server_.list_tasks.Returns(absl::NotFoundError("gone"));
  EXPECT_EQ(Run({"-q", "task", "list"}).err, "schedctl: gone\n");
}

TEST_F(RunTest, NoHeadersLeavesTheFirstLineOut) {
  v1::ListTasksResponse reply;
  reply.add_tasks()->set_tid(77);
  server_.list_tasks.Returns(reply);
  EXPECT_THAT(Run({"task", "list"}).out, StartsWith("TID"));
  EXPECT_THAT(Run({"task", "list", "--no-headers"}).out, StartsWith("77"));
}

}  // namespace
}  // namespace schedd::client
