// SPDX-License-Identifier: Apache-2.0
//
// The daemon's log: one line an event, "I1122 20:30:00 policy changed generation=7".
//
// Owned by the daemon, handed to whoever has something to say. Any thread; each line reaches the
// sink whole, by one call. Times are local time in seconds. Never fails: a line that cannot be
// written is lost. Not for the scheduling thread, since it allocates.
#ifndef SCHEDD_BASE_LOG_H_
#define SCHEDD_BASE_LOG_H_

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace schedd {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning", "error"; nothing for other words.
std::optional<LogLevel> ParseLogLevel(absl::string_view word);

// One key=value at the end of a line. A value with a space, '=', '"' or a control character is
// quoted and escaped, so that a line can be taken apart again.
struct LogField {
  LogField(absl::string_view key, const absl::AlphaNum& value) : key(key), value(value.Piece()) {}
  std::string key;
  std::string value;
};

class Log {
 public:
  // Takes a line with its newline.
  using Sink = std::function<void(absl::string_view line)>;

  Log(LogLevel minimum, Sink sink, std::function<absl::Time()> now = absl::Now,
      absl::TimeZone zone = absl::LocalTimeZone());

  void Debug(absl::string_view event, std::initializer_list<LogField> fields = {}) const;
  void Info(absl::string_view event, std::initializer_list<LogField> fields = {}) const;
  void Warning(absl::string_view event, std::initializer_list<LogField> fields = {}) const;
  void Error(absl::string_view event, std::initializer_list<LogField> fields = {}) const;

  // For fields that are put together one by one.
  void Write(LogLevel level, absl::string_view event, absl::Span<const LogField> fields) const;

 private:
  const LogLevel minimum_;
  const Sink sink_;
  const std::function<absl::Time()> now_;
  const absl::TimeZone zone_;
};

// Writes to file descriptor 2, one write() a line.
Log::Sink StandardErrorSink();

}  // namespace schedd

#endif  // SCHEDD_BASE_LOG_H_
