// SPDX-License-Identifier: Apache-2.0
#include "server/control/filter_lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = FilterToken::Kind;

// Each token as "position kind text", where the kind is one letter; "~" follows a prefix.
std::vector<std::string> Cut(absl::string_view text) {
  FilterLexer lexer(text);
  std::vector<std::string> tokens;
  while (true) {
    const absl::StatusOr<FilterToken> token = lexer.Next();
    if (!token.ok()) {
      tokens.push_back(absl::StrCat("error ", GetErrorMetadata(token.status())["position"]));
      return tokens;
    }
    const char* kinds[] = {"end", "w", "q", "o", "(", ")"};
    tokens.push_back(absl::StrCat(token->position, " ", kinds[static_cast<int>(token->kind)],
                                  token->kind == Kind::kEnd ? "" : " ", token->text,
                                  token->prefix ? "~" : ""));
    if (token->kind == Kind::kEnd) return tokens;
  }
}

TEST(FilterLexerTest, CutsWordsOperatorsAndParentheses) {
  EXPECT_THAT(Cut("(tid>=5)AND NOT\tcomm!=x"),
              ElementsAre("1 ( (", "2 w tid", "5 o >=", "7 w 5", "8 ) )", "9 w AND", "13 w NOT",
                          "17 w comm", "21 o !=", "23 w x", "24 end"));
}

TEST(FilterLexerTest, AnEmptyTextIsTheEnd) {
  EXPECT_THAT(Cut(""), ElementsAre("1 end"));
  EXPECT_THAT(Cut(" \n\t "), ElementsAre("5 end"));
}

TEST(FilterLexerTest, TheEndStaysTheEnd) {
  FilterLexer lexer("a");
  EXPECT_EQ(lexer.Next()->kind, Kind::kWord);
  EXPECT_EQ(lexer.Next()->kind, Kind::kEnd);
  EXPECT_EQ(lexer.Next()->kind, Kind::kEnd);
}

TEST(FilterLexerTest, OperatorsAreTheLongestThatFit) {
  EXPECT_THAT(Cut("<=>=!==<>"),
              ElementsAre("1 o <=", "3 o >=", "5 o !=", "7 o =", "8 o <", "9 o >", "10 end"));
  EXPECT_THAT(Cut("=="), ElementsAre("1 o =", "2 o =", "3 end"));
}

TEST(FilterLexerTest, WordsHoldPathsNamesNumbersAndForeignLetters) {
  EXPECT_THAT(Cut("a.b_c-1 /x/y@z:0 +5 caf\xc3\xa9"),
              ElementsAre("1 w a.b_c-1", "9 w /x/y@z:0", "18 w +5", "21 w caf\xc3\xa9", "26 end"));
}

TEST(FilterLexerTest, ALastStarOfAWordIsAPrefix) {
  EXPECT_THAT(Cut("ng*"), ElementsAre("1 w ng~", "4 end"));
  EXPECT_THAT(Cut("*"), ElementsAre("1 w ~", "2 end"));
  EXPECT_THAT(Cut("n*g"), ElementsAre("1 w n*g", "4 end"));
  EXPECT_THAT(Cut("n**"), ElementsAre("1 w n*~", "4 end"));
}

TEST(FilterLexerTest, QuotedTexts) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("")", "1 q "},
      {R"('')", "1 q "},
      {R"("a b")", "1 q a b"},
      {R"("it's")", "1 q it's"},
      {R"('say "x"')", "1 q say \"x\""},
      {R"("a\"b")", "1 q a\"b"},
      {R"('a\'b')", "1 q a'b"},
      {R"("a\\b")", "1 q a\\b"},
      {R"("a\\")", "1 q a\\"},
      {R"("\xff")", "1 q \\xff"},  // as comm shows it
      {R"("a\nb")", "1 q a\\nb"},
      {R"("a*")", "1 q a~"},
      {R"("*")", "1 q ~"},
      {R"("a*b")", "1 q a*b"},
      {R"("a**")", "1 q a*~"},
      {R"("a\*")", "1 q a*"},
      {R"("a\**")", "1 q a*~"},
      {R"("a\\*")", "1 q a\\~"},
      {"\"(AND)=<\n\"", "1 q (AND)=<\n"},
  };
  for (const auto& [text, token] : cases) {
    EXPECT_EQ(Cut(text).front(), token) << text;
    EXPECT_EQ(Cut(text).size(), 2u) << text;
  }
}

TEST(FilterLexerTest, ErrorsSayWhere) {
  EXPECT_THAT(Cut("a \"b"), ElementsAre("1 w a", "error 3"));
  EXPECT_THAT(Cut("a 'b\""), ElementsAre("1 w a", "error 3"));
  EXPECT_THAT(Cut(R"("a\)"), ElementsAre("error 1"));
  EXPECT_THAT(Cut("\"a\\\""), ElementsAre("error 1"));
  EXPECT_THAT(Cut("a ! b"), ElementsAre("1 w a", "error 3"));
  EXPECT_THAT(Cut("a, b"), ElementsAre("1 w a", "error 2"));
  EXPECT_THAT(Cut(absl::string_view("a\0b", 3)), ElementsAre("1 w a", "error 2"));
}

TEST(FilterLexerTest, ErrorsAreThoseOfAFilter) {
  const absl::Status status = FilterLexer("  $").Next().status();
  EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT INVALID_FILTER");
  EXPECT_EQ(FieldOf(status), "filter");
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("filter, position 3: the character '$' is not part of the language"));
}

TEST(FilterTokenTest, DescribesItselfAsInTheFilter) {
  EXPECT_EQ(FilterToken().Describe(), "the end");
  EXPECT_EQ((FilterToken{.kind = Kind::kWord, .text = "ng", .prefix = true}).Describe(), "\"ng*\"");
  EXPECT_EQ((FilterToken{.kind = Kind::kClose, .text = ")"}).Describe(), "\")\"");
}

}  // namespace
}  // namespace schedd
