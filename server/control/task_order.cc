// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_order.h"

#include <algorithm>
#include <compare>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/control/error.h"

namespace schedd {
namespace {

constexpr size_t kMaxFields = 8;

absl::Status OrderError(absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidOrder,
                   absl::StrCat("order_by: ", what), {{"field", "order_by"}});
}

TaskFieldValue ValueOf(const TaskField& field, const TaskInfo& task) {
  if (field.text != nullptr) return field.text(task);
  return field.number(task);
}

std::strong_ordering Compare(const TaskField& field, const TaskInfo& a, const TaskInfo& b) {
  if (field.text != nullptr) return field.text(a) <=> field.text(b);
  return field.number(a) <=> field.number(b);
}

std::strong_ordering Compare(const TaskField& field, const TaskInfo& task,
                             const TaskFieldValue& value) {
  if (field.text != nullptr) return field.text(task) <=> std::get<std::string>(value);
  return field.number(task) <=> std::get<int64_t>(value);
}

}  // namespace

absl::StatusOr<TaskOrder> TaskOrder::Parse(absl::string_view order_by) {
  TaskOrder order;
  if (absl::StripAsciiWhitespace(order_by).empty()) return order;
  for (const absl::string_view part : absl::StrSplit(order_by, ',')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(part, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
    if (words.empty()) return OrderError("a field is missing between two commas or at an end");
    const TaskField* field = FindTaskField(words[0]);
    if (field == nullptr) {
      return OrderError(
          absl::StrCat("there is no field \"", words[0], "\": use one of ", TaskFieldList()));
    }
    const bool descending = words.size() == 2 && words[1] == "desc";
    if (words.size() > 1 && !descending) {
      return OrderError(
          absl::StrCat("found \"", words[1], "\" after ", words[0], " where only desc may stand"));
    }
    order.terms_.push_back({field, descending});
  }
  if (order.terms_.size() > kMaxFields) {
    return OrderError(
        absl::StrCat(order.terms_.size(), " fields, at most ", kMaxFields, " are allowed"));
  }
  return order;
}

bool TaskOrder::Before(const TaskInfo& a, const TaskInfo& b) const {
  for (const Term& term : terms_) {
    const std::strong_ordering order = Compare(*term.field, a, b);
    if (order != 0) return (order < 0) != term.descending;
  }
  return a.key < b.key;
}

bool TaskOrder::After(const TaskInfo& task, const TaskPosition& position) const {
  for (size_t i = 0; i < terms_.size(); ++i) {
    const std::strong_ordering order = Compare(*terms_[i].field, task, position.values[i]);
    if (order != 0) return (order > 0) != terms_[i].descending;
  }
  return task.key > position.key;
}

TaskPosition TaskOrder::PositionOf(const TaskInfo& task) const {
  TaskPosition position = {.values = {}, .key = task.key};
  for (const Term& term : terms_) position.values.push_back(ValueOf(*term.field, task));
  return position;
}

// Key and values, separated by commas; text is base64 and so has none.
std::string TaskOrder::EncodePosition(const TaskPosition& position) const {
  std::string text = absl::StrCat(position.key.tid, ",", position.key.start_boottime_ns);
  for (const TaskFieldValue& value : position.values) {
    const auto* number = std::get_if<int64_t>(&value);
    if (number != nullptr) {
      absl::StrAppend(&text, ",", *number);
    } else {
      absl::StrAppend(&text, ",", absl::WebSafeBase64Escape(std::get<std::string>(value)));
    }
  }
  return text;
}

std::optional<TaskPosition> TaskOrder::DecodePosition(absl::string_view text) const {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  TaskPosition position;
  if (parts.size() != terms_.size() + 2 || !absl::SimpleAtoi(parts[0], &position.key.tid) ||
      !absl::SimpleAtoi(parts[1], &position.key.start_boottime_ns)) {
    return std::nullopt;
  }
  for (size_t i = 0; i < terms_.size(); ++i) {
    const absl::string_view part = parts[i + 2];
    int64_t number = 0;
    std::string value;
    if (terms_[i].field->text != nullptr && absl::WebSafeBase64Unescape(part, &value)) {
      position.values.emplace_back(std::move(value));
    } else if (terms_[i].field->text == nullptr && absl::SimpleAtoi(part, &number)) {
      position.values.emplace_back(number);
    } else {
      return std::nullopt;
    }
  }
  return position;
}

}  // namespace schedd
