// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/machine_files.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <climits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace schedd::client {

bool MachineFiles::Exists(const std::string& path) const {
  struct stat status{};
  return stat((root_ + path).c_str(), &status) == 0;
}

std::optional<std::string> MachineFiles::Read(const std::string& path) const {
  // zlib reads plain files as they are.
  gzFile file = gzopen((root_ + path).c_str(), "rbe");
  if (file == nullptr) return std::nullopt;
  constexpr size_t kLimit = 1 << 20;
  std::string text;
  std::array<char, 16384> buffer{};
  int count = 0;
  while (text.size() < kLimit && (count = gzread(file, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), count);
  }
  // A file that ends in the middle of its compressed text is told by the close.
  const bool whole = gzclose(file) == Z_OK && count >= 0;
  if (!whole) return std::nullopt;
  absl::StripTrailingAsciiWhitespace(&text);
  return text;
}

std::optional<std::string> MachineFiles::ReadLink(const std::string& path) const {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = readlink((root_ + path).c_str(), target.data(), target.size());
  if (size < 0) return std::nullopt;
  return std::string(target.data(), size);
}

std::optional<std::string> MachineFiles::Field(const std::string& path,
                                               const std::string& key) const {
  const auto text = Read(path);
  if (!text.has_value()) return std::nullopt;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (absl::StartsWith(line, key + ":")) {
      return std::string(absl::StripAsciiWhitespace(line.substr(key.size() + 1)));
    }
  }
  return std::nullopt;
}

bool MachineFiles::Mounted(const std::string& type, const std::string& directory) const {
  const auto mounts = Read("/proc/self/mounts");
  if (!mounts.has_value()) return false;
  for (absl::string_view line : absl::StrSplit(*mounts, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    if (words.size() > 2 && words[1] == directory && words[2] == type) return true;
  }
  return false;
}

}  // namespace schedd::client
