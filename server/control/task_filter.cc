// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_filter.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/control/filter_lexer.h"
#include "server/control/task_fields.h"

namespace schedd {
namespace {

constexpr size_t kMaxBytes = 4'096;
constexpr int kMaxComparisons = 256;
constexpr int kMaxDepth = 32;

enum class Operator { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

std::optional<Operator> OperatorOf(absl::string_view text) {
  if (text == "=") return Operator::kEqual;
  if (text == "!=") return Operator::kNotEqual;
  if (text == "<") return Operator::kLess;
  if (text == "<=") return Operator::kLessEqual;
  if (text == ">") return Operator::kGreater;
  if (text == ">=") return Operator::kGreaterEqual;
  return std::nullopt;
}

template <typename T>
bool Holds(Operator op, const T& left, const T& right) {
  switch (op) {
    case Operator::kEqual:
      return left == right;
    case Operator::kNotEqual:
      return left != right;
    case Operator::kLess:
      return left < right;
    case Operator::kLessEqual:
      return left <= right;
    case Operator::kGreater:
      return left > right;
    case Operator::kGreaterEqual:
      return left >= right;
  }
  return false;
}

struct Comparison {
  const TaskField* field = nullptr;
  Operator op = Operator::kEqual;
  int64_t number = 0;
  std::string text;
  bool prefix = false;

  bool Matches(const TaskInfo& task) const {
    if (field->text == nullptr) return Holds(op, field->number(task), number);
    const std::string& value = field->text(task);
    if (prefix) return absl::StartsWith(value, text) == (op == Operator::kEqual);
    return Holds(op, value, text);
  }
};

bool IsOrdered(TaskField::Type type) {
  return type != TaskField::Type::kRunState && type != TaskField::Type::kBoolean;
}

// What a value of a field may look like, for error messages.
absl::string_view ValuesOf(TaskField::Type type) {
  switch (type) {
    case TaskField::Type::kInteger:
      return "a whole number";
    case TaskField::Type::kNanos:
      return "a whole number of nanoseconds, or a duration such as 5ms";
    case TaskField::Type::kDecimal:
      return "a number";
    case TaskField::Type::kText:
      return "a text in double quotes";
    case TaskField::Type::kRunState:
      return "RUNNING, QUEUED or SLEEPING";
    case TaskField::Type::kBoolean:
      return "true or false";
  }
  return "";
}

bool ParseNumber(TaskField::Type type, const std::string& text, int64_t* number) {
  if (type == TaskField::Type::kRunState) return ParseRunState(text, number);
  if (type == TaskField::Type::kBoolean) {
    *number = text == "true" ? 1 : 0;
    return text == "true" || text == "false";
  }
  if (type == TaskField::Type::kDecimal) {
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || !(std::abs(value) < 1e12)) return false;
    *number = ToMillionths(value);
    return true;
  }
  if (absl::SimpleAtoi(text, number)) return true;
  absl::Duration duration;
  if (type != TaskField::Type::kNanos || !absl::ParseDuration(text, &duration)) return false;
  *number = absl::ToInt64Nanoseconds(duration);
  return true;
}

}  // namespace

class TaskFilter::Node {
 public:
  enum class Kind { kComparison, kNot, kAnd, kOr };

  Kind kind = Kind::kComparison;
  Comparison comparison;
  std::vector<Node> children;

  bool Matches(const TaskInfo& task) const {
    switch (kind) {
      case Kind::kComparison:
        return comparison.Matches(task);
      case Kind::kNot:
        return !children[0].Matches(task);
      case Kind::kAnd:
        for (const Node& child : children) {
          if (!child.Matches(task)) return false;
        }
        return true;
      case Kind::kOr:
        for (const Node& child : children) {
          if (child.Matches(task)) return true;
        }
        return false;
    }
    return false;
  }
};

namespace {

using Node = TaskFilter::Node;
using Kind = FilterToken::Kind;

// Recursive descent with one token of look-ahead.
class Parser {
 public:
  explicit Parser(absl::string_view text) : lexer_(text) {}

  absl::StatusOr<Node> Parse() {
    if (absl::Status status = Advance(); !status.ok()) return status;
    absl::StatusOr<Node> node = Expression(0);
    if (!node.ok()) return node;
    if (token_.kind != Kind::kEnd) {
      return FilterError(token_.position, absl::StrCat("found ", token_.Describe(),
                                                       " where AND, OR or the end is expected"));
    }
    return node;
  }

 private:
  absl::Status Advance() {
    absl::StatusOr<FilterToken> next = lexer_.Next();
    if (!next.ok()) return next.status();
    token_ = *std::move(next);
    return absl::OkStatus();
  }

  bool IsWord(absl::string_view word) const {
    return token_.kind == Kind::kWord && token_.text == word;
  }

  absl::StatusOr<Node> Expression(int depth) {
    absl::StatusOr<Node> first = Term(depth);
    if (!first.ok() || (!IsWord("AND") && !IsWord("OR"))) return first;
    const std::string joint = token_.text;
    Node node;
    node.kind = joint == "AND" ? Node::Kind::kAnd : Node::Kind::kOr;
    node.children.push_back(*std::move(first));
    while (IsWord(joint)) {
      if (absl::Status status = Advance(); !status.ok()) return status;
      absl::StatusOr<Node> next = Term(depth);
      if (!next.ok()) return next;
      node.children.push_back(*std::move(next));
    }
    // Which of the two binds closer is another matter in AIP-160 than in programming languages.
    if (IsWord("AND") || IsWord("OR")) {
      return FilterError(token_.position, absl::StrCat(token_.text, " after ", joint,
                                                       ": put one of them into parentheses"));
    }
    return node;
  }

  absl::StatusOr<Node> Term(int depth) {
    if (depth >= kMaxDepth) {
      return FilterError(token_.position,
                         absl::StrCat("more than ", kMaxDepth, " levels of nesting"));
    }
    if (IsWord("NOT")) {
      if (absl::Status status = Advance(); !status.ok()) return status;
      absl::StatusOr<Node> negated = Term(depth + 1);
      if (!negated.ok()) return negated;
      Node node;
      node.kind = Node::Kind::kNot;
      node.children.push_back(*std::move(negated));
      return node;
    }
    return token_.kind == Kind::kOpen ? Group(depth) : OneComparison();
  }

  absl::StatusOr<Node> Group(int depth) {
    const size_t opened = token_.position;
    if (absl::Status status = Advance(); !status.ok()) return status;
    absl::StatusOr<Node> node = Expression(depth + 1);
    if (!node.ok()) return node;
    if (token_.kind != Kind::kClose) {
      return FilterError(token_.position,
                         absl::StrCat("found ", token_.Describe(), " where the ) for position ",
                                      opened, " is expected"));
    }
    if (absl::Status status = Advance(); !status.ok()) return status;
    return node;
  }

  absl::StatusOr<Node> OneComparison() {
    if (++comparisons_ > kMaxComparisons) {
      return FilterError(token_.position,
                         absl::StrCat("more than ", kMaxComparisons, " comparisons"));
    }
    Node node;
    if (absl::Status status = TakeField(node.comparison); !status.ok()) return status;
    if (absl::Status status = TakeOperator(node.comparison); !status.ok()) return status;
    if (absl::Status status = TakeValue(node.comparison); !status.ok()) return status;
    return node;
  }

  absl::Status TakeField(Comparison& comparison) {
    if (token_.kind != Kind::kWord) {
      return FilterError(token_.position,
                         absl::StrCat("found ", token_.Describe(),
                                      " where a field is expected: one of ", TaskFieldList()));
    }
    comparison.field = token_.prefix ? nullptr : FindTaskField(token_.text);
    if (comparison.field == nullptr) {
      return FilterError(token_.position, absl::StrCat("there is no field ", token_.Describe(),
                                                       ": use one of ", TaskFieldList()));
    }
    return Advance();
  }

  absl::Status TakeOperator(Comparison& comparison) {
    if (token_.kind != Kind::kOperator) {
      return FilterError(token_.position, absl::StrCat("found ", token_.Describe(), " after ",
                                                       comparison.field->path,
                                                       " where =, !=, <, <=, > or >= is expected"));
    }
    const std::optional<Operator> op = OperatorOf(token_.text);
    const bool equality = op == Operator::kEqual || op == Operator::kNotEqual;
    if (!op.has_value() || (!equality && !IsOrdered(comparison.field->type))) {
      return FilterError(token_.position,
                         absl::StrCat("the operator ", token_.text, " does not work for ",
                                      comparison.field->path, ": use = or !="));
    }
    comparison.op = *op;
    return Advance();
  }

  absl::Status TakeValue(Comparison& comparison) {
    const TaskField& field = *comparison.field;
    const bool is_value = token_.kind == Kind::kWord || token_.kind == Kind::kQuoted;
    const bool is_text = field.type == TaskField::Type::kText;
    const bool equality = comparison.op == Operator::kEqual || comparison.op == Operator::kNotEqual;
    if (is_value && is_text && token_.prefix && !equality) {
      return FilterError(token_.position, "a text that ends in * works with = and != only");
    }
    const bool fits = is_text ? is_value
                              : is_value && !token_.prefix &&
                                    ParseNumber(field.type, token_.text, &comparison.number);
    if (!fits) {
      return FilterError(token_.position,
                         absl::StrCat("found ", token_.Describe(), " where ", field.path, " needs ",
                                      ValuesOf(field.type)));
    }
    comparison.text = token_.text;
    comparison.prefix = token_.prefix;
    return Advance();
  }

  FilterLexer lexer_;
  FilterToken token_;
  int comparisons_ = 0;
};

}  // namespace

absl::StatusOr<TaskFilter> TaskFilter::Parse(absl::string_view text) {
  if (text.size() > kMaxBytes) {
    return FilterError(kMaxBytes + 1,
                       absl::StrCat("the filter is longer than ", kMaxBytes, " bytes"));
  }
  if (text.find_first_not_of(" \t\r\n") == absl::string_view::npos) return TaskFilter(nullptr);
  absl::StatusOr<Node> root = Parser(text).Parse();
  if (!root.ok()) return root.status();
  return TaskFilter(std::make_shared<const Node>(*std::move(root)));
}

bool TaskFilter::Matches(const TaskInfo& task) const {
  return root_ == nullptr || root_->Matches(task);
}

}  // namespace schedd
