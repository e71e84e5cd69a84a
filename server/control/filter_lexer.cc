// SPDX-License-Identifier: Apache-2.0
#include "server/control/filter_lexer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/control/error.h"

namespace schedd {
namespace {

bool IsWordByte(char c) {
  constexpr absl::string_view kPunctuation = "._-/*+:@";
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || static_cast<signed char>(c) < 0 ||
         kPunctuation.find(c) != absl::string_view::npos;
}

// A last '*' stands for any rest.
void TakeStar(FilterToken& token) {
  if (token.text.empty() || token.text.back() != '*') return;
  token.text.pop_back();
  token.prefix = true;
}

}  // namespace

std::string FilterToken::Describe() const {
  if (kind == Kind::kEnd) return "the end";
  return absl::StrCat("\"", text, prefix ? "*" : "", "\"");
}

absl::StatusOr<FilterToken> FilterLexer::Next() {
  while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  FilterToken token;
  token.position = at_ + 1;
  if (at_ == text_.size()) return token;
  const char c = text_[at_];
  if (c == '(' || c == ')') {
    token.kind = c == '(' ? FilterToken::Kind::kOpen : FilterToken::Kind::kClose;
    token.text = c;
    ++at_;
    return token;
  }
  if (c == '"' || c == '\'') return Quoted(c);
  if (c == '=' || c == '!' || c == '<' || c == '>') return Operator();
  if (IsWordByte(c)) return Word();
  return FilterError(token.position, absl::StrCat("the character '", text_.substr(at_, 1),
                                                  "' is not part of the language; put text into "
                                                  "double quotes"));
}

absl::StatusOr<FilterToken> FilterLexer::Quoted(char quote) {
  FilterToken token;
  token.kind = FilterToken::Kind::kQuoted;
  token.position = at_ + 1;
  for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
    const bool last = at_ + 1 < text_.size() && text_[at_ + 1] == quote;
    if (text_[at_] == '*' && last) {
      token.prefix = true;
      continue;
    }
    constexpr absl::string_view kEscaped = "\"'\\*";
    if (text_[at_] == '\\' && at_ + 1 < text_.size() &&
        kEscaped.find(text_[at_ + 1]) != absl::string_view::npos) {
      ++at_;
    }
    token.text += text_[at_];
  }
  if (at_ == text_.size()) {
    return FilterError(token.position, "the quote that begins here is not closed");
  }
  ++at_;
  return token;
}

absl::StatusOr<FilterToken> FilterLexer::Operator() {
  FilterToken token;
  token.kind = FilterToken::Kind::kOperator;
  token.position = at_ + 1;
  token.text = text_[at_++];
  if (token.text != "=" && at_ < text_.size() && text_[at_] == '=') token.text += text_[at_++];
  if (token.text != "!") return token;
  return FilterError(token.position, "\"!\" alone is no operator: use != or NOT");
}

FilterToken FilterLexer::Word() {
  FilterToken token;
  token.kind = FilterToken::Kind::kWord;
  token.position = at_ + 1;
  const size_t begin = at_;
  while (at_ < text_.size() && IsWordByte(text_[at_])) ++at_;
  token.text = std::string(text_.substr(begin, at_ - begin));
  TakeStar(token);
  return token;
}

absl::Status FilterError(size_t position, absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidFilter,
                   absl::StrCat("filter, position ", position, ": ", what),
                   {{"field", "filter"}, {"position", absl::StrCat(position)}});
}

}  // namespace schedd
