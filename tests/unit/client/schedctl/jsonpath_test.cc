// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/jsonpath.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace schedd::client {
namespace {

using ::testing::HasSubstr;

constexpr char kDocument[] = R"({
  "state": "STATE_ATTACHED",
  "count": 12,
  "ok": true,
  "ratio": 0.5,
  "exit": null,
  "odd name": "x",
  "tasks": [
    {"tid": 7, "comm": "hog", "stats": {"run": "1"}},
    {"tid": 8, "comm": "a\u001bb", "stats": {"run": "2"}}
  ],
  "none": []
})";

absl::StatusOr<std::string> Evaluate(const std::string& text) {
  auto path = JsonPath::Parse(text);
  if (!path.ok()) return path.status();
  return path->Evaluate(kDocument);
}

struct GoodCase {
  const char* text;
  const char* value;
};

class JsonPathGood : public testing::TestWithParam<GoodCase> {};

TEST_P(JsonPathGood, IsWhatKubectlPrints) {
  const auto value = Evaluate(GetParam().text);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(*value, GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonPathGood,
    testing::Values(
        GoodCase{"{.state}", "STATE_ATTACHED"}, GoodCase{"{.count} {.ok} {.ratio}", "12 true 0.5"},
        GoodCase{"{$.state}", "STATE_ATTACHED"}, GoodCase{"{ .state }", "STATE_ATTACHED"},
        GoodCase{"state: {.state}.", "state: STATE_ATTACHED."}, GoodCase{"plain", "plain"},
        GoodCase{"{.tasks[0].comm}", "hog"}, GoodCase{"{.tasks[-1].tid}", "8"},
        GoodCase{"{.tasks[*].tid}", "7 8"}, GoodCase{"{.tasks[*].stats.run}", "1 2"},
        GoodCase{"{['odd name']}", "x"}, GoodCase{"{.tasks[0]['comm']}", "hog"},
        GoodCase{"{.tasks[0].stats}", R"({"run":"1"})"}, GoodCase{"{.none}", "[]"},
        GoodCase{"{.none[*].tid}", ""}, GoodCase{"{.exit}", ""}, GoodCase{"{.exit.reason}", ""},
        GoodCase{"{range .tasks[*]}{.tid}{\"\\t\"}{.stats.run}{'\\n'}{end}", "7\t1\n8\t2\n"},
        GoodCase{"{range .tasks[*]}{@.tid},{end}", "7,8,"},
        GoodCase{"{range .tasks[*]}<{range .stats}{.run}{end}>{end}!", "<1><2>!"},
        GoodCase{"{range .tasks[*].tid}[{.}]{end}", "[7][8]"},
        // A name from outside cannot play with the terminal.
        GoodCase{"{.tasks[1].comm}", "a\\x1bb"}));

struct BadCase {
  const char* text;
  const char* says;
};

class JsonPathBad : public testing::TestWithParam<BadCase> {};

TEST_P(JsonPathBad, IsRefusedWithTheReason) {
  const auto value = Evaluate(GetParam().text);
  ASSERT_FALSE(value.ok()) << *value;
  EXPECT_EQ(value.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(value.status().message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonPathBad,
    testing::Values(
        BadCase{"", "the template is empty"}, BadCase{"{.state", "'}' is missing"},
        BadCase{"{.}}{", "is missing"}, BadCase{"{.a..b}", "a name must follow the dot"},
        BadCase{"{..comm}", "'..' is not supported"}, BadCase{"{state}", "made of .name and [N]"},
        BadCase{"{.tasks[?(@.tid==7)]}", "no filter"}, BadCase{"{.tasks[0:1]}", "no slice"},
        BadCase{"{.tasks[0,1]}", "no union"}, BadCase{"{.tasks[]}", "a number, * or a quoted name"},
        BadCase{"{\"x}", "the closing quote is missing"},
        BadCase{"{range .tasks[*]}{.tid}", "{range} without {end}"},
        BadCase{"{.state}{end}", "{end} without {range}"},
        BadCase{"{.sate}", "there is no \"sate\" here; there are: state, count"},
        BadCase{"{.tasks.comm}", "asked of a list; write [*] or [0]"},
        BadCase{"{.state.x}", "there is no \"x\" here, but a single value"},
        BadCase{"{.state[0]}", "brackets are for a list"}));

TEST(JsonPath, AnItemThatIsNotThereIsNotFound) {
  for (const char* text : {"{.none[0]}", "{.tasks[2].tid}", "{.tasks[-3].tid}"}) {
    EXPECT_EQ(Evaluate(text).status().code(), absl::StatusCode::kNotFound) << text;
  }
  EXPECT_EQ(Evaluate("{.tasks[2]}").status().message(),
            "jsonpath: there is no item [2], the list has 2 items");
}

TEST(JsonPath, AnErrorNamesThePlace) {
  EXPECT_THAT(std::string(JsonPath::Parse("ab{.c%}").status().message()),
              HasSubstr("at character 6 of 'ab{.c%}'; write {.a.b[0].c}"));
}

}  // namespace
}  // namespace schedd::client
