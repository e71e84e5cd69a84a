// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/libbpf_log.h"

#include <cstdarg>
#include <cstdio>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace schedd {
namespace {

constexpr size_t kKeptBytes = 4096;

// The callback has no argument of its own to reach a LibbpfLogCapture by.
std::string* current_log = nullptr;

int Keep(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN || current_log == nullptr) return 0;
  // A verifier log comes as one message, of megabytes at worst, and its end is what counts.
  va_list measured;
  va_copy(measured, arguments);
  const int length = vsnprintf(nullptr, 0, format, measured);
  va_end(measured);
  if (length <= 0) return 0;
  std::string text(static_cast<size_t>(length) + 1, '\0');  // with the terminating zero
  vsnprintf(text.data(), text.size(), format, arguments);
  text.pop_back();
  current_log->append(text);
  if (current_log->size() > kKeptBytes) current_log->erase(0, current_log->size() - kKeptBytes);
  return length;
}

}  // namespace

LibbpfLogCapture::LibbpfLogCapture() : previous_(libbpf_set_print(Keep)) {
  current_log = new std::string;
}

LibbpfLogCapture::~LibbpfLogCapture() {
  libbpf_set_print(previous_);
  delete current_log;
  current_log = nullptr;
}

std::string LibbpfLogCapture::Tail() const {
  const std::vector<std::string> lines = absl::StrSplit(*current_log, '\n', absl::SkipWhitespace());
  return lines.empty() ? "no detail" : absl::StrJoin(lines, " | ");
}

}  // namespace schedd
