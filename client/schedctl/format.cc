// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/format.h"

#include <array>
#include <cmath>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace schedd::client {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

// "PlacementMode" -> "PLACEMENT_MODE_".
std::string ValuePrefix(const EnumDescriptor* type) {
  std::string prefix;
  for (char c : type->name()) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(c);
  }
  return prefix + '_';
}

std::string ShortName(const EnumValueDescriptor* value) {
  absl::string_view name = value->name();
  const std::string prefix = ValuePrefix(value->type());
  if (absl::StartsWith(name, prefix)) name.remove_prefix(prefix.size());
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}});
}

struct Unit {
  const char* name;
  int64_t nanos;
};

constexpr std::array<Unit, 4> kUnits = {
    {{"ns", 1}, {"µs", 1000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};

// Three digits of value: "1.23", "12.3", "123".
std::string ThreeDigits(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return absl::StrFormat("%.*f", decimals, value);
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  constexpr char kExamples[] = "write a number with a unit, for example 500us, 5ms, 1.5s or 1h30m";
  int64_t number = 0;
  absl::Duration duration;
  if (absl::SimpleAtoi(text, &number) && number != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("duration \"", text, "\" has no unit; ", kExamples));
  }
  if (!absl::ParseDuration(text, &duration) || duration == absl::InfiniteDuration() ||
      duration == -absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a duration; ", kExamples));
  }
  // The limit of google.protobuf.Duration: 10,000 years.
  if (absl::AbsDuration(duration) > absl::Seconds(315'576'000'000)) {
    return absl::InvalidArgumentError(
        absl::StrCat("duration \"", text, "\" is too long; ", kExamples));
  }
  return duration;
}

absl::Status FillDuration(absl::string_view option, absl::string_view text,
                          google::protobuf::Duration* out) {
  auto duration = ParseDuration(text);
  if (!duration.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(option, ": ", duration.status().message()));
  }
  *out = ToProto(*duration);
  return absl::OkStatus();
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  absl::Duration rest;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return proto;
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string ExactDuration(absl::Duration duration) { return absl::FormatDuration(duration); }

std::string ShortDuration(absl::Duration duration) {
  if (duration < absl::ZeroDuration()) return absl::StrCat("-", ShortDuration(-duration));
  if (duration == absl::ZeroDuration()) return "0";
  const double nanos = absl::ToDoubleNanoseconds(duration);
  for (const Unit& unit : kUnits) {
    const double value = nanos / static_cast<double>(unit.nanos);
    const bool last = &unit == &kUnits.back();
    if (value >= (last ? 59.95 : 999.5)) continue;
    // Nanoseconds are whole.
    return absl::StrCat(unit.nanos == 1 ? absl::StrCat(std::lround(value)) : ThreeDigits(value),
                        unit.name);
  }
  const int64_t seconds = absl::ToInt64Seconds(duration + absl::Milliseconds(500));
  const int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (days > 0) return absl::StrFormat("%dd%02dh", days, hours % 24);
  if (hours > 0) return absl::StrFormat("%dh%02dm", hours, minutes % 60);
  return absl::StrFormat("%dm%02ds", minutes, seconds % 60);
}

std::string ShortNanos(int64_t nanos) { return ShortDuration(absl::Nanoseconds(nanos)); }

std::string LocalTime(const google::protobuf::Timestamp& time, absl::TimeZone zone) {
  if (time.seconds() == 0 && time.nanos() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", FromProto(time), zone);
}

std::string Count(int64_t count) {
  std::string digits = absl::StrCat(count);
  const int first = count < 0 ? 1 : 0;
  for (int i = static_cast<int>(digits.size()) - 3; i > first; i -= 3) digits.insert(i, 1, ',');
  return digits;
}

std::string Share(int64_t part, int64_t whole) {
  if (whole <= 0) return "-";
  return absl::StrFormat("%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string EnumText(const EnumDescriptor* type, int number) {
  const EnumValueDescriptor* value = type->FindValueByNumber(number);
  // A newer daemon may know values that we do not.
  return value == nullptr ? absl::StrCat(number) : ShortName(value);
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor* type, absl::string_view text) {
  const std::string wanted = absl::StrReplaceAll(absl::AsciiStrToLower(text), {{"_", "-"}});
  for (int i = 0; i < type->value_count(); ++i) {
    const EnumValueDescriptor* value = type->value(i);
    const std::string full =
        absl::StrReplaceAll(absl::AsciiStrToLower(value->name()), {{"_", "-"}});
    if (wanted == ShortName(value) || wanted == full) return value;
  }
  return nullptr;
}

std::string EnumChoices(const EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) names.push_back(ShortName(type->value(i)));
  }
  return absl::StrJoin(names, ", ");
}

std::string Printable(absl::string_view text) {
  std::string safe;
  for (char c : text) {
    if (absl::ascii_iscntrl(c)) {
      safe += absl::StrFormat("\\x%02x", static_cast<unsigned char>(c));
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string ApiCgroupPath(absl::string_view path) {
  if (absl::ConsumePrefix(&path, "/sys/fs/cgroup") && path.empty()) return "/";
  return std::string(path);
}

std::string LastSegment(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return std::string(slash == absl::string_view::npos ? name : name.substr(slash + 1));
}

}  // namespace schedd::client
