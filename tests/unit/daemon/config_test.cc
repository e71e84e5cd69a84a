// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/policy/registry.h"

namespace schedd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Setting Flag(const std::string& option, const std::string& text) {
  return {option, text, "--" + option};
}

Setting Line(const std::string& option, const std::string& text) {
  return {option, text, "schedd.conf:1:1"};
}

std::vector<std::string> Uris(const Config& config) {
  std::vector<std::string> uris;
  for (const auto& address : config.listen) uris.push_back(address.Uri());
  return uris;
}

TEST(ConfigTest, DefaultsAreTheDocumentedOnes) {
  const auto config = MakeConfig({}, {});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(Uris(*config), ElementsAre("unix:/run/schedd/schedd.sock"));
  EXPECT_TRUE(config->attach);
  EXPECT_EQ(config->kernel, Backend::kBpf);
  EXPECT_EQ(config->policy, "vruntime");
  EXPECT_EQ(config->max_tasks, 16'384u);
  EXPECT_EQ(config->watchdog_timeout_ns, 5'000'000'000);
  EXPECT_FALSE(config->ext_tasks_only);
  EXPECT_EQ(config->reattach_limit, 3);
  EXPECT_EQ(config->spin_ns, 20'000);
  EXPECT_TRUE(config->workload.empty());
  EXPECT_EQ(config->speed, 1);
  EXPECT_TRUE(config->parameters.empty());
  EXPECT_EQ(config->state_dir, "/var/lib/schedd");
  EXPECT_EQ(config->log_level, LogLevel::kInfo);
}

TEST(ConfigTest, EveryOptionCanBeGiven) {
  const auto config = MakeConfig(
      {},
      {Flag("listen", "unix:///tmp/a.sock"), Flag("listen", "127.0.0.1:0"), Flag("attach", "false"),
       Flag("kernel", "sim"), Flag("policy", "fifo"), Flag("workload", "/tmp/hogs.textproto"),
       Flag("speed", "2.5"), Flag("max-tasks", "64"), Flag("watchdog-timeout", "1500ms"),
       Flag("ext-tasks-only", "true"), Flag("spin", "0s"), Flag("reattach-limit", "0"),
       Flag("set", "base_slice=5ms"), Flag("state-dir", "/tmp/state"), Flag("log-level", "debug")});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(Uris(*config), ElementsAre("unix:/tmp/a.sock", "127.0.0.1:0"));
  EXPECT_FALSE(config->attach);
  EXPECT_EQ(config->kernel, Backend::kSim);
  EXPECT_EQ(config->workload, "/tmp/hogs.textproto");
  EXPECT_EQ(config->speed, 2.5);
  EXPECT_EQ(config->policy, "fifo");
  EXPECT_EQ(config->max_tasks, 64u);
  EXPECT_EQ(config->watchdog_timeout_ns, 1'500'000'000);
  EXPECT_TRUE(config->ext_tasks_only);
  EXPECT_EQ(config->reattach_limit, 0);
  EXPECT_EQ(config->spin_ns, 0);
  ASSERT_EQ(config->parameters.size(), 1u);
  EXPECT_EQ(config->parameters[0].name, "base_slice");
  EXPECT_EQ(config->parameters[0].value, "5ms");
  EXPECT_EQ(config->state_dir, "/tmp/state");
  EXPECT_EQ(config->log_level, LogLevel::kDebug);
}

TEST(ConfigTest, FlagsOverruleTheFile) {
  const auto config =
      MakeConfig({Line("max-tasks", "100"), Line("policy", "fifo")}, {Flag("max-tasks", "200")});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->max_tasks, 200u);
  EXPECT_EQ(config->policy, "fifo");
}

TEST(ConfigTest, ListenFlagsReplaceThoseOfTheFile) {
  const auto config =
      MakeConfig({Line("listen", "unix:///tmp/file.sock"), Line("listen", "127.0.0.1:1")},
                 {Flag("listen", "unix:///tmp/flag.sock")});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(Uris(*config), ElementsAre("unix:/tmp/flag.sock"));
}

TEST(ConfigTest, SetFlagsAddToThoseOfTheFileAndTheLastCounts) {
  const auto config = MakeConfig({Line("set", "base_slice=5ms"), Line("set", "min_slice=1ms")},
                                 {Flag("set", "base_slice=7ms"), Flag("set", "max_slice=9ms")});
  ASSERT_TRUE(config.ok()) << config.status();
  std::vector<std::string> all;
  for (const auto& p : config->parameters) all.push_back(p.name + "=" + p.value);
  EXPECT_THAT(all, ElementsAre("base_slice=7ms", "min_slice=1ms", "max_slice=9ms"));
}

TEST(ConfigTest, SafeRangesAddUpInTheSameWay) {
  const auto config =
      MakeConfig({Line("safe-range", "base_slice=1ms..2ms"), Line("safe-range", "min_slice=1ms..")},
                 {Flag("safe-range", "base_slice=1ms..9ms")});
  ASSERT_TRUE(config.ok()) << config.status();
  std::vector<std::string> all;
  for (const auto& p : config->safe_ranges) all.push_back(p.name + "=" + p.value);
  EXPECT_THAT(all, ElementsAre("base_slice=1ms..9ms", "min_slice=1ms.."));
  EXPECT_EQ(config->bake_time_ns, 60'000'000'000);
}

struct EndCase {
  const char* option;
  const char* text;
  int64_t expected;
};

TEST(ConfigTest, BothEndsOfEachRangeAreAllowed) {
  const EndCase cases[] = {{"max-tasks", "64", 64},
                           {"max-tasks", "1048576", 1'048'576},
                           {"watchdog-timeout", "1s", 1'000'000'000},
                           {"watchdog-timeout", "0.5m", 30'000'000'000},
                           {"spin", "0", 0},
                           {"spin", "10ms", 10'000'000},
                           {"spin", "1.5us", 1'500},
                           {"bake-time", "1s", 1'000'000'000},
                           {"bake-time", "24h", 86'400'000'000'000}};
  for (const EndCase& c : cases) {
    const auto config = MakeConfig({}, {Flag(c.option, c.text)});
    ASSERT_TRUE(config.ok()) << config.status();
    const std::string option = c.option;
    const int64_t value = option == "spin"        ? config->spin_ns
                          : option == "bake-time" ? config->bake_time_ns
                          : option == "max-tasks" ? config->max_tasks
                                                  : config->watchdog_timeout_ns;
    EXPECT_EQ(value, c.expected) << c.option << "=" << c.text;
  }
}

TEST(ConfigTest, WithoutListenFlagsThoseOfTheFileHold) {
  const auto config = MakeConfig({Line("listen", "unix:///tmp/file.sock")}, {Flag("spin", "5us")});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(Uris(*config), ElementsAre("unix:/tmp/file.sock"));
}

// A value of the file is checked although a flag overrules it: the file is wrong.
TEST(ConfigTest, ABadValueThatIsOverruledIsStillBad) {
  const auto config = MakeConfig({Line("max-tasks", "1")}, {Flag("max-tasks", "100")});
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("schedd.conf:1:1"));
}

TEST(ConfigTest, AListOfTheFileIsCheckedAlthoughFlagsReplaceIt) {
  EXPECT_FALSE(MakeConfig({Line("listen", "nonsense")}, {Flag("listen", "127.0.0.1:1")}).ok());
}

TEST(ConfigTest, AValueOfAParameterMayHoldAnEqualsSign) {
  const auto config = MakeConfig({}, {Flag("set", "name=a=b")});
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->parameters.size(), 1u);
  EXPECT_EQ(config->parameters[0].name, "name");
  EXPECT_EQ(config->parameters[0].value, "a=b");
}

TEST(ConfigTest, MetricsAreOffUnlessTheyHaveAnAddress) {
  EXPECT_FALSE(MakeConfig({}, {})->metrics_address.has_value());
  const auto config = MakeConfig({}, {Flag("metrics-address", "localhost:9464")});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->metrics_address, (TcpAddress{"127.0.0.1", 9464}));
}

TEST(ConfigTest, AnEmptyFlagTurnsOffTheMetricsOfTheFile) {
  const auto config =
      MakeConfig({Line("metrics-address", "0.0.0.0:9464")}, {Flag("metrics-address", "")});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->metrics_address.has_value());
}

struct BadCase {
  const char* option;
  const char* text;
  const char* says;  // part of the sentence
};

class BadValueTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadValueTest, IsRefusedWithWhereWhatAndWhatIsAllowed) {
  const BadCase& bad = GetParam();
  const auto config = MakeConfig({}, {Flag(bad.option, bad.text)});
  ASSERT_FALSE(config.ok()) << bad.option << "=" << bad.text;
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(config.status().message());
  EXPECT_THAT(message, HasSubstr(std::string("--") + bad.option));
  EXPECT_THAT(message, HasSubstr(std::string("'") + bad.text + "'"));
  EXPECT_THAT(message, HasSubstr(bad.says));
}

INSTANTIATE_TEST_SUITE_P(
    Values, BadValueTest,
    ::testing::Values(
        BadCase{"attach", "yes", "true or false"}, BadCase{"kernel", "windows", "bpf or sim"},
        BadCase{"policy", "cfs", "vruntime or fifo"},
        BadCase{"reattach-limit", "-1", "from 0 to 100"},
        BadCase{"reattach-limit", "101", "from 0 to 100"},
        BadCase{"max-tasks", "63", "from 64 to 1048576"},
        BadCase{"max-tasks", "1048577", "from 64 to 1048576"},
        BadCase{"max-tasks", "many", "whole number"}, BadCase{"max-tasks", "1e6", "whole number"},
        BadCase{"max-tasks", "", "whole number"},
        BadCase{"max-tasks", "4294967360", "from 64 to 1048576"},  // 64 in 32 bits
        BadCase{"max-tasks", "99999999999999999999", "whole number"},
        BadCase{"attach", "True", "true or false"}, BadCase{"attach", "", "true or false"},
        BadCase{"ext-tasks-only", "1", "true or false"}, BadCase{"kernel", "", "bpf or sim"},
        BadCase{"spin", "", "from 0 to 10ms"}, BadCase{"spin", "inf", "from 0 to 10ms"},
        BadCase{"set", "", "NAME=VALUE"}, BadCase{"set", "=", "NAME=VALUE"},
        BadCase{"listen", "", "--listen"}, BadCase{"watchdog-timeout", "999ms", "from 1s to 30s"},
        BadCase{"watchdog-timeout", "30001ms", "from 1s to 30s"},
        BadCase{"watchdog-timeout", "5", "written with its unit"},
        BadCase{"watchdog-timeout", "inf", "from 1s to 30s"},
        BadCase{"spin", "-1us", "from 0 to 10ms"}, BadCase{"spin", "11ms", "from 0 to 10ms"},
        BadCase{"set", "base_slice", "NAME=VALUE"}, BadCase{"set", "=5ms", "NAME=VALUE"},
        BadCase{"set", "base_slice=", "NAME=VALUE"},
        BadCase{"safe-range", "base_slice", "NAME=MIN..MAX"},
        BadCase{"safe-range", "=1ms..2ms", "NAME=MIN..MAX"},
        BadCase{"bake-time", "999ms", "1s to 24h"}, BadCase{"bake-time", "25h", "1s to 24h"},
        BadCase{"state-dir", "relative/dir", "absolute path"},
        BadCase{"state-dir", "", "absolute path"},
        BadCase{"log-level", "verbose", "debug, info, warning or error"},
        BadCase{"listen", "example.org:1", "numeric address"},
        BadCase{"metrics-address", "9464", "no port"},
        BadCase{"metrics-address", "example.org:9464", "numeric"},
        BadCase{"metrics-address", "127.0.0.1:x", "from 0 to 65535"},
        BadCase{"workload", "hogs.textproto", "absolute path"},
        BadCase{"workload", "", "absolute path"}, BadCase{"speed", "0", "0.001 to 1000"},
        BadCase{"speed", "0.0009", "0.001 to 1000"}, BadCase{"speed", "1001", "0.001 to 1000"},
        BadCase{"speed", "nan", "0.001 to 1000"}, BadCase{"speed", "fast", "0.001 to 1000"},
        BadCase{"no-such-option", "1", "no such option"}));

TEST(ConfigTest, ABadValueInTheFileNamesItsPlace) {
  const auto config = MakeConfig({{"spin", "1h", "/etc/schedd.conf:3:7"}}, {});
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("/etc/schedd.conf:3:7: '1h'"));
}

TEST(ConfigTest, TheSameAddressTwiceIsRefused) {
  const auto config =
      MakeConfig({}, {Flag("listen", "unix:///tmp/a.sock"), Flag("listen", "unix:/tmp/a.sock")});
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("given twice"));
}

TEST(ConfigTest, AWorkloadAndASpeedNeedASimulatedMachine) {
  for (const Setting& flag : {Flag("workload", "/tmp/w.textproto"), Flag("speed", "2")}) {
    const auto config = MakeConfig({}, {flag});
    ASSERT_FALSE(config.ok()) << flag.option;
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(flag.where));
    EXPECT_THAT(std::string(config.status().message()), HasSubstr("--kernel=sim"));
    EXPECT_TRUE(MakeConfig({Line("kernel", "sim")}, {flag}).ok());
  }
  EXPECT_TRUE(MakeConfig({}, {Flag("speed", "1")}).ok()) << "as fast as any kernel";
}

TEST(ConfigTest, BothEndsOfTheSpeedAreAllowed) {
  for (const double speed : {0.001, 1'000.0}) {
    const auto config = MakeConfig({}, {Flag("kernel", "sim"), Flag("speed", absl::StrCat(speed))});
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->speed, speed);
  }
}

// --- the table ---

TEST(OptionsTest, EachHasADistinctNameAndWordsForPeople) {
  std::set<std::string> names;
  for (const Option& option : Options()) {
    EXPECT_TRUE(names.insert(std::string(option.name)).second) << option.name;
    EXPECT_FALSE(option.range.empty()) << option.name;
    EXPECT_EQ(option.help.back(), '.') << option.name;
    EXPECT_EQ(option.metavar.empty(), option.kind == Option::Kind::kSwitch) << option.name;
  }
}

TEST(ConfigTest, TlsFilesComeTogether) {
  const Setting all[] = {Flag("tls-cert", "/c"), Flag("tls-key", "/k"), Flag("tls-ca", "/a")};
  const auto config = MakeConfig({}, all);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->tls.certificate, "/c");
  EXPECT_EQ(config->tls.key, "/k");
  EXPECT_EQ(config->tls.authorities, "/a");
  for (const Setting& left_out : all) {
    std::vector<Setting> some;
    for (const Setting& each : all) {
      if (each.option != left_out.option) some.push_back(each);
    }
    EXPECT_THAT(std::string(MakeConfig({}, some).status().message()),
                HasSubstr("give all three, or none"))
        << left_out.option;
  }
}

TEST(ConfigTest, OtherMachinesNeedCertificates) {
  const Setting far = Flag("listen", "0.0.0.0:50051");
  EXPECT_THAT(std::string(MakeConfig({}, {{far}}).status().message()),
              HasSubstr("--listen 0.0.0.0:50051: other machines can reach this address"));
  EXPECT_TRUE(
      MakeConfig({}, {{far, Flag("tls-cert", "/c"), Flag("tls-key", "/k"), Flag("tls-ca", "/a")}})
          .ok());
}

TEST(OptionsTest, EachDefaultIsAValueThatIsAllowed) {
  for (const Option& option : Options()) {
    if (option.default_value.empty()) continue;
    Config config;
    EXPECT_TRUE(option.apply(option.default_value, &config).ok()) << option.name;
  }
}

TEST(OptionsTest, ThePoliciesNamedAreThoseThatExist) {
  EXPECT_EQ(FindOption("policy")->range, absl::StrJoin(PolicyNames(), ", "));
  EXPECT_EQ(FindOption("policy")->default_value, PolicyNames().front());
}

TEST(OptionsTest, EachIsFoundByItsNameAndOnlyByIt) {
  for (const Option& option : Options()) EXPECT_EQ(FindOption(option.name), &option);
  for (const char* name : {"", "max_tasks", "max-task", "max-tasks ", "--spin"}) {
    EXPECT_EQ(FindOption(name), nullptr) << name;
  }
}

// A value that is refused must not have been taken half.
TEST(OptionsTest, ARefusedValueChangesNothing) {
  const Config defaults = *MakeConfig({}, {});
  for (const Option& option : Options()) {
    Config config = defaults;
    EXPECT_FALSE(option.apply("\x01", &config).ok()) << option.name;
    EXPECT_EQ(Uris(config), Uris(defaults)) << option.name;
    EXPECT_EQ(config.metrics_address, defaults.metrics_address) << option.name;
    EXPECT_EQ(config.attach, defaults.attach) << option.name;
    EXPECT_EQ(config.kernel, defaults.kernel) << option.name;
    EXPECT_EQ(config.workload, defaults.workload) << option.name;
    EXPECT_EQ(config.speed, defaults.speed) << option.name;
    EXPECT_EQ(config.policy, defaults.policy) << option.name;
    EXPECT_EQ(config.max_tasks, defaults.max_tasks) << option.name;
    EXPECT_EQ(config.watchdog_timeout_ns, defaults.watchdog_timeout_ns) << option.name;
    EXPECT_EQ(config.ext_tasks_only, defaults.ext_tasks_only) << option.name;
    EXPECT_EQ(config.reattach_limit, defaults.reattach_limit) << option.name;
    EXPECT_EQ(config.spin_ns, defaults.spin_ns) << option.name;
    EXPECT_EQ(config.parameters.size(), defaults.parameters.size()) << option.name;
    EXPECT_EQ(config.safe_ranges.size(), defaults.safe_ranges.size()) << option.name;
    EXPECT_EQ(config.bake_time_ns, defaults.bake_time_ns) << option.name;
    EXPECT_EQ(config.state_dir, defaults.state_dir) << option.name;
    EXPECT_EQ(config.roles_file, defaults.roles_file) << option.name;
    EXPECT_TRUE(config.tls.empty()) << option.name;
    EXPECT_EQ(config.log_level, defaults.log_level) << option.name;
  }
}

TEST(OptionsTest, FieldNamesAreThoseOfTheFile) {
  EXPECT_EQ(FindOption("watchdog-timeout")->field(), "watchdog_timeout");
  EXPECT_EQ(FindOption("listen")->field(), "listen");
}

}  // namespace
}  // namespace schedd::daemon
