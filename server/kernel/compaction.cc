// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/compaction.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

constexpr char kSetting[] = "/proc/sys/vm/compact_unevictable_allowed";
constexpr char kForbidden[] = "0";

// The first word of a file, empty when there is none.
std::string ReadWord(const std::string& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

absl::Status WriteWord(const std::string& path, const std::string& word) {
  std::ofstream file(path);
  file << word << std::flush;
  if (file) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", word, " to ", path));
}

}  // namespace

absl::Status HoldLockedPages(const std::string& root) {
  const std::string setting = root + kSetting;
  const std::string kept = root + kCompactionFile;
  const std::string now = ReadWord(setting);
  if (now.empty() || now == kForbidden) return absl::OkStatus();
  // Kept first: whoever is killed in between has changed nothing.
  if (ReadWord(kept).empty()) {
    if (const absl::Status status = WriteWord(kept, now); !status.ok()) return status;
  }
  const absl::Status status = WriteWord(setting, kForbidden);
  if (!status.ok()) unlink(kept.c_str());
  return status;
}

void ReleaseLockedPages(const std::string& root) {
  const std::string setting = root + kSetting;
  const std::string kept = root + kCompactionFile;
  const std::string former = ReadWord(kept);
  if (!former.empty() && ReadWord(setting) == kForbidden) WriteWord(setting, former).IgnoreError();
  unlink(kept.c_str());
}

}  // namespace schedd
