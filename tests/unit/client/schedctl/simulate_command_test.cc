// SPDX-License-Identifier: Apache-2.0
//
// schedctl simulate, whole: with the real scheduler on the simulated machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "client/schedctl/exit_code.h"
#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr char kWorkload[] = R"(
name: "small"
description: "Two that wake beside two that do not."
duration: "500ms"
machine { cores_per_cache: 2 }
task {
  name: "web"
  count: 2
  cpus: "0-1"
  step { sleep { uniform { least: "2ms" most: "6ms" } } }
  step { run { fixed: "500us" } }
}
task {
  name: "hog"
  count: 3
  step { run { fixed: "5ms" } }
}
)";

class SimulateTest : public SchedctlTest {
 protected:
  SimulateTest() {
    std::string path = testing::TempDir() + "/schedd-simulate-XXXXXX";
    folder_ = mkdtemp(path.data());
    file_ = folder_ + "/small.textproto";
    std::ofstream(file_) << kWorkload;
  }
  ~SimulateTest() override { std::filesystem::remove_all(folder_); }

  // schedctl simulate with the workload and these words.
  Result Simulate(std::vector<std::string> words) {
    words.insert(words.begin(), {"simulate", file_});
    return RunAnywhere(words);
  }

  Json Document(std::vector<std::string> words) {
    words.insert(words.end(), {"-o", "json"});
    const Result result = Simulate(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  }

  static std::string Contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string folder_;
  std::string file_;
};

TEST_F(SimulateTest, ShowsTheMachineAndEachGroup) {
  const Result result = Simulate({});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("small: 2 CPUs, 500ms, seed 1\nbaseline: vruntime\n\nMACHINE"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("\nweb    wakeup p99"), HasSubstr("\nhog    CPU share"),
                                Not(HasSubstr("RATIO")), Not(HasSubstr("█"))));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(SimulateTest, TheSameWordsGiveTheSameOutput) {
  const std::vector<std::string> words = {"--compare", "base_slice=3ms,min_slice=500us", "-o",
                                          "json"};
  const Result first = Simulate(words);
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, Simulate(words).out);
}

TEST_F(SimulateTest, ComparesWithTheBaselineChanged) {
  const Json document = Document({"--policy", "base_slice=5ms", "--policy", "min_slice=2ms",
                                  "--compare", "min_slice=500us", "--compare", "kind=fair"});
  ASSERT_EQ(document["policies"].size(), 3);
  EXPECT_EQ(document["policies"][0]["settings"]["min_slice"], "2ms");
  EXPECT_EQ(document["policies"][1]["label"], "min_slice=500us");
  EXPECT_EQ(document["policies"][1]["settings"]["min_slice"], "500us");
  EXPECT_EQ(document["policies"][1]["settings"]["base_slice"], "5ms");
  EXPECT_EQ(document["policies"][2]["runs"][0]["policy"], "fair");
  EXPECT_THAT(Simulate({"--compare", "kind=fifo"}).out,
              AllOf(HasSubstr("kind=fifo  RATIO"), HasSubstr("kind=fifo: fifo\n")));
}

TEST_F(SimulateTest, SeedsInARowOrOneByOne) {
  const auto seeds = [&](const std::vector<std::string>& words) {
    std::vector<uint64_t> found;
    const Json document = Document(words);
    for (const Json& run : document["policies"][0]["runs"]) found.push_back(run["seed"]);
    return found;
  };
  EXPECT_THAT(seeds({}), ElementsAre(1));
  EXPECT_THAT(seeds({"--runs", "3"}), ElementsAre(1, 2, 3));
  EXPECT_THAT(seeds({"--runs", "2", "--seed", "7"}), ElementsAre(7, 8));
  EXPECT_THAT(seeds({"--seed", "9", "--seed", "4"}), ElementsAre(9, 4));
  EXPECT_EQ(Simulate({"--seed", "9", "--seed", "4", "--runs", "2"}).code, kExitUsage);
  EXPECT_EQ(Simulate({"--seed", "18446744073709551615"}).code, kExitUsage);
  EXPECT_THAT(Simulate({"--runs", "3"}).out,
              AllOf(HasSubstr("seeds 1 to 3: median (least–most)"), HasSubstr("–")));
}

TEST_F(SimulateTest, MachineAndDurationCanBeOther) {
  const Json document = Document({"--cpus", "6", "--duration", "100ms"});
  EXPECT_EQ(document["policies"][0]["runs"][0]["cpuCount"], 6);
  EXPECT_EQ(document["policies"][0]["runs"][0]["durationNanos"], 100'000'000);
  for (const char* wrong : {"0", "-1s", "25h", "5"}) {
    const Result result = Simulate({"--duration", wrong});
    EXPECT_EQ(result.code, kExitUsage) << wrong;
    EXPECT_THAT(result.err, HasSubstr("--duration"));
  }
  EXPECT_EQ(Simulate({"--cpus", "0"}).code, kExitUsage);
  EXPECT_EQ(Simulate({"--cpus", "4097"}).code, kExitUsage);
}

TEST_F(SimulateTest, AMachineTooSmallForTheWorkloadIsRefused) {
  const Result result = Simulate({"--cpus", "1"});
  EXPECT_EQ(result.code, kExitUsage);
  EXPECT_EQ(result.err,
            "schedctl: --cpus: the workload's task web names CPU 1, so it needs 2 CPUs, not 1\n");
}

TEST_F(SimulateTest, WrongPoliciesAreRefused) {
  Result result = Simulate({"--policy", "base_slise=5ms"});
  EXPECT_EQ(result.code, kExitUsage);
  EXPECT_THAT(result.err, AllOf(StartsWith("schedctl: --policy: there is no parameter"),
                                HasSubstr("did you mean \"base_slice\"?")));
  result = Simulate({"--compare", "base_slice=5ms,max_slice=9s"});
  EXPECT_EQ(result.code, kExitUsage);
  EXPECT_THAT(result.err, AllOf(StartsWith("schedctl: --compare: "), HasSubstr("100us to 100ms")));
  EXPECT_EQ(Simulate({"--compare", "base_slice=5ms,"}).code, kExitUsage);
}

TEST_F(SimulateTest, WorkloadsThatCannotBeReadAreRefused) {
  file_ = folder_ + "/none.textproto";
  Result result = Simulate({});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("none.textproto"));
  std::ofstream(file_) << "task { name: \"a\" stepp {} }";
  result = Simulate({});
  EXPECT_EQ(result.code, kExitUsage);
  EXPECT_THAT(result.err, HasSubstr("none.textproto:1:"));
  EXPECT_EQ(RunAnywhere({"simulate"}).code, kExitUsage);
}

TEST_F(SimulateTest, WritesAPage) {
  const std::string page = folder_ + "/page.html";
  const Result result = Simulate({"--html", page, "--compare", "kind=fifo"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "schedctl: wrote " + page + "\n");
  EXPECT_THAT(result.out, StartsWith("small: "));
  EXPECT_THAT(Contents(page), AllOf(StartsWith("<!DOCTYPE html>"), HasSubstr("kind=fifo")));
  // Again, shorter: nothing is left of what was there.
  EXPECT_THAT(Simulate({"--html", page, "-q"}).err, IsEmpty());
  EXPECT_THAT(Contents(page), AllOf(Not(HasSubstr("kind=fifo")), testing::EndsWith("</html>\n")));
}

TEST_F(SimulateTest, APageThatCannotBeWrittenIsSaidBeforeTheWork) {
  const Result result = Simulate({"--html", folder_ + "/none/page.html"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, AllOf(StartsWith("schedctl: --html: cannot write "),
                                HasSubstr("No such file or directory")));
  EXPECT_NE(Simulate({"--html", folder_}).code, 0);
}

TEST_F(SimulateTest, BarsOnATerminalOrWhenAsked) {
  EXPECT_THAT(Simulate({"--plot"}).out, AllOf(HasSubstr("█"), HasSubstr("LOGARITHMIC")));
  environment_.terminal = true;
  EXPECT_THAT(Simulate({}).out, AllOf(HasSubstr("█"), Not(HasSubstr("\033"))));
  EXPECT_THAT(Simulate({"-o", "json"}).out, Not(HasSubstr("█")));
  environment_.color = true;
  EXPECT_THAT(Simulate({}).out, HasSubstr("\033[32m█"));
}

TEST_F(SimulateTest, OtherOutputs) {
  EXPECT_THAT(Simulate({"-o", "wide"}).out, HasSubstr("\nurgent decisions "));
  EXPECT_THAT(Simulate({"-o", "yaml"}).out, HasSubstr("\nworkload: small\n"));
  EXPECT_EQ(Simulate({"-o", "jsonpath={.policies[0].runs[0].groups[1].name}"}).out, "hog\n");
  EXPECT_THAT(Simulate({"--no-headers"}).out, StartsWith("rounds "));
}

TEST_F(SimulateTest, SaysHowFarItIs) {
  // Each look at the clock is two seconds later.
  environment_.now = [now = absl::UnixEpoch()]() mutable { return now += absl::Seconds(2); };
  EXPECT_EQ(Simulate({"--runs", "3"}).err,
            "schedctl: 1 of 3 simulations done\nschedctl: 2 of 3 simulations done\n");
  EXPECT_THAT(Simulate({"--runs", "3", "-q"}).err, IsEmpty());
}

}  // namespace
}  // namespace schedd::client
