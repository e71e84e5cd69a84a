// SPDX-License-Identifier: Apache-2.0
#include "server/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace schedd {
namespace {

constexpr std::pair<absl::string_view, LogLevel> kLevels[] = {
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warning", LogLevel::kWarning},
    {"error", LogLevel::kError},
};

char Letter(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return 'D';
    case LogLevel::kInfo:
      return 'I';
    case LogLevel::kWarning:
      return 'W';
    case LogLevel::kError:
      break;
  }
  return 'E';
}

bool NeedsQuotes(absl::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](unsigned char c) {
           return c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f;
         });
}

// A line must stay one line, also when a client chose part of its text.
std::string OneLine(absl::string_view text) {
  const bool plain =
      std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
  return plain ? std::string(text) : absl::Utf8SafeCEscape(text);
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(absl::string_view word) {
  for (const auto& [name, level] : kLevels) {
    if (name == word) return level;
  }
  return std::nullopt;
}

Log::Log(LogLevel minimum, Sink sink, std::function<absl::Time()> now, absl::TimeZone zone)
    : minimum_(minimum), sink_(std::move(sink)), now_(std::move(now)), zone_(zone) {}

void Log::Debug(absl::string_view event, std::initializer_list<LogField> fields) const {
  Write(LogLevel::kDebug, event, fields);
}

void Log::Info(absl::string_view event, std::initializer_list<LogField> fields) const {
  Write(LogLevel::kInfo, event, fields);
}

void Log::Warning(absl::string_view event, std::initializer_list<LogField> fields) const {
  Write(LogLevel::kWarning, event, fields);
}

void Log::Error(absl::string_view event, std::initializer_list<LogField> fields) const {
  Write(LogLevel::kError, event, fields);
}

void Log::Write(LogLevel level, absl::string_view event, absl::Span<const LogField> fields) const {
  if (level < minimum_) return;
  std::string line(1, Letter(level));
  absl::StrAppend(&line, absl::FormatTime("%m%d %H:%M:%S ", now_(), zone_), OneLine(event));
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key, "=");
    if (NeedsQuotes(field.value)) {
      absl::StrAppend(&line, "\"", absl::Utf8SafeCEscape(field.value), "\"");
    } else {
      absl::StrAppend(&line, field.value);
    }
  }
  line.push_back('\n');
  sink_(line);
}

Log::Sink StandardErrorSink() {
  return [](absl::string_view line) {
    // Nobody is left to tell when this fails.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  };
}

}  // namespace schedd
