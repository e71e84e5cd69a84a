// SPDX-License-Identifier: Apache-2.0
//
// What happened on the simulated machine, a line for each thing, and a hash over all of it.
//
// Owned by whoever wants to look; the machine writes to it under its own thread rule. Two runs with
// one seed give the same hash. Lines are kept only if asked for. Cannot fail.
#ifndef SCHEDD_SIM_TRACE_H_
#define SCHEDD_SIM_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace schedd {

class SimTrace {
 public:
  explicit SimTrace(bool keep_lines = false) : keep_lines_(keep_lines) {}

  // "<time> <what> <name>=<number> ..."
  void Add(int64_t now_ns, const char* what, const char* first, int64_t first_value,
           const char* second, int64_t second_value) {
    AddLine(absl::StrCat(now_ns, " ", what, " ", first, "=", first_value, " ", second, "=",
                         second_value));
  }

  uint64_t hash() const { return hash_; }
  int64_t count() const { return count_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  // FNV-1a: the same number on every machine and in every build.
  void AddLine(std::string line) {
    for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    hash_ = (hash_ ^ '\n') * 0x100000001b3ull;
    ++count_;
    if (keep_lines_) lines_.push_back(std::move(line));
  }

  const bool keep_lines_;
  uint64_t hash_ = 0xcbf29ce484222325ull;
  int64_t count_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_TRACE_H_
