// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/field_reader.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "server/text/text_file.h"

namespace schedd {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

// More than anybody mends at a time.
constexpr size_t kMostProblems = 20;
constexpr size_t kLongestQuote = 60;

// "N" or "N-M".
bool ParseCpuRange(absl::string_view text, int* first, int* last) {
  const std::vector<absl::string_view> ends = absl::StrSplit(text, '-');
  return ends.size() <= 2 && absl::SimpleAtoi(ends.front(), first) &&
         absl::SimpleAtoi(ends.back(), last) && *first >= 0 && *first <= *last;
}

}  // namespace

std::string Quote(absl::string_view text) {
  std::string shown(text.substr(0, kLongestQuote));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return absl::StrCat("'", shown, text.size() > kLongestQuote ? "…'" : "'");
}

FieldPlace PlaceOfField(const Message& message, const TextFormat::ParseInfoTree* tree,
                        const FieldPlace& outer, int number, int index) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByNumber(number);
  FieldPlace place{field->name(), {}};
  if (tree != nullptr) place.at = tree->GetLocation(field, index);
  // Protobuf knows one place for all values of a list in brackets.
  for (; tree != nullptr && place.at.line < 0 && index > 0; --index) {
    place.at = tree->GetLocation(field, index - 1);
  }
  if (place.at.line < 0) place.at = outer.at;
  return place;
}

const TextFormat::ParseInfoTree* TreeOfField(const Message& message,
                                             const TextFormat::ParseInfoTree* tree, int number,
                                             int index) {
  if (tree == nullptr) return nullptr;
  return tree->GetTreeForNested(message.GetDescriptor()->FindFieldByNumber(number), index);
}

void FieldReader::Refuse(const FieldPlace& place, absl::string_view why) {
  ++refused_;
  if (problems_.size() >= kMostProblems) return;
  const std::string name = place.name.empty() ? "" : absl::StrCat(place.name, ": ");
  problems_.push_back(absl::StrCat(
      Place(path_, std::max(0, place.at.line), std::max(0, place.at.column)), ": ", name, why));
}

absl::Status FieldReader::status(absl::string_view hint) const {
  if (ok()) return absl::OkStatus();
  std::string text = absl::StrJoin(problems_, "\n");
  const size_t more = static_cast<size_t>(refused_) - problems_.size();
  if (more > 0) absl::StrAppend(&text, "\nand ", more, " more");
  return absl::InvalidArgumentError(absl::StrCat(text, "\n", hint));
}

int64_t FieldReader::Int(const FieldPlace& place, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return value;
  Refuse(place, absl::StrCat(value, ": allowed is a whole number from ", least, " to ", most));
  return least;
}

int64_t FieldReader::Duration(const FieldPlace& place, const std::string& text, int64_t least_ns,
                              int64_t otherwise_ns) {
  if (text.empty()) return otherwise_ns;
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) && duration >= absl::Nanoseconds(least_ns) &&
      duration <= absl::Nanoseconds(kLongestNs)) {
    return absl::ToInt64Nanoseconds(duration);
  }
  Refuse(place, absl::StrCat(Quote(text), ": allowed is a duration from ",
                             absl::FormatDuration(absl::Nanoseconds(least_ns)),
                             " to 24h, written with its unit as in 500us, 2.5ms or 2s"));
  return least_ns;
}

std::vector<int> FieldReader::Cpus(const FieldPlace& place, absl::string_view text, int nr_cpus) {
  constexpr size_t kLongestList = 32'768;  // 4096 CPUs, one by one, are shorter
  std::vector<bool> named(static_cast<size_t>(nr_cpus));
  if (text.empty()) return {};
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    int first = 0;
    int last = 0;
    if (text.size() > kLongestList || !ParseCpuRange(part, &first, &last)) {
      Refuse(place, absl::StrCat(Quote(text), ": allowed is a list of CPUs such as 0-3,7"));
      return {};
    }
    if (last >= nr_cpus) {
      Refuse(place, absl::StrCat(Quote(text), ": the machine has CPUs 0 to ", nr_cpus - 1,
                                 "; name some of these, or give it more"));
      return {};
    }
    std::fill(named.begin() + first, named.begin() + last + 1, true);
  }
  std::vector<int> cpus;
  for (int cpu = 0; cpu < nr_cpus; ++cpu) {
    if (named[static_cast<size_t>(cpu)]) cpus.push_back(cpu);
  }
  return cpus;
}

std::string FieldReader::Name(const FieldPlace& place, const std::string& text, size_t longest) {
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!text.empty() && text.size() <= longest && printable) return text;
  Refuse(place, absl::StrCat(Quote(text), ": allowed are 1 to ", longest, " printable characters"));
  return "?";
}

}  // namespace schedd
