// SPDX-License-Identifier: Apache-2.0
//
// Cuts the text of a task filter into words, operators and quoted texts (task_filter.h has the
// grammar).
//
// Used by TaskFilter::Parse() alone; refers to the text, which must outlive it. Positions count
// bytes from 1. Errors are INVALID_ARGUMENT, INVALID_FILTER.
#ifndef SCHEDD_CONTROL_FILTER_LEXER_H_
#define SCHEDD_CONTROL_FILTER_LEXER_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd {

struct FilterToken {
  enum class Kind { kEnd, kWord, kQuoted, kOperator, kOpen, kClose };

  Kind kind = Kind::kEnd;
  size_t position = 1;
  std::string text;     // of a quoted text: without quotes, escapes resolved
  bool prefix = false;  // ended in an unescaped '*', which is not in `text`

  // As in the filter, for error messages.
  std::string Describe() const;
};

class FilterLexer {
 public:
  explicit FilterLexer(absl::string_view text) : text_(text) {}

  absl::StatusOr<FilterToken> Next();

 private:
  absl::StatusOr<FilterToken> Quoted(char quote);
  absl::StatusOr<FilterToken> Operator();
  FilterToken Word();

  const absl::string_view text_;
  size_t at_ = 0;
};

// "filter, position N: <what>".
absl::Status FilterError(size_t position, absl::string_view what);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_FILTER_LEXER_H_
