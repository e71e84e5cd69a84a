// SPDX-License-Identifier: Apache-2.0
#include "server/control/dump_store.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

constexpr absl::string_view kPrefix = "ejection-";
constexpr absl::string_view kSuffix = ".txt";

absl::Status FileError(absl::string_view what, const std::string& path,
                       const std::error_code& error) {
  return absl::InternalError(absl::StrCat("cannot ", what, " ", path, ": ", error.message()));
}

}  // namespace

DumpStore::DumpStore(std::string directory, size_t max_dumps)
    : directory_(std::move(directory)), max_dumps_(max_dumps) {}

absl::StatusOr<std::string> DumpStore::Write(absl::Time time, absl::string_view dump) {
  if (directory_.empty() || max_dumps_ == 0) return std::string();
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) return FileError("make", directory_, error);
  // UTC, nanoseconds, so that names sort by time and do not repeat.
  const std::string stamp = absl::FormatTime("%Y%m%dT%H%M%E9S", time, absl::UTCTimeZone());
  const std::string path = absl::StrCat(directory_, "/", kPrefix, stamp, kSuffix);
  std::ofstream file(path, std::ios::binary);
  const bool opened = file.is_open();
  file << dump;
  file.close();
  if (!file) {
    // No half of a dump, which would later push out a whole one.
    if (opened) std::filesystem::remove(path, error);
    return FileError("write", path, std::make_error_code(std::errc::io_error));
  }
  // It names every task of the machine.
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  if (absl::Status status = DeleteOldest(path); !status.ok()) return status;
  return path;
}

absl::Status DumpStore::DeleteOldest(const std::string& written) {
  std::error_code error;
  std::vector<std::filesystem::path> dumps;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    const std::string name = entry.path().filename().string();
    if (absl::StartsWith(name, kPrefix) && absl::EndsWith(name, kSuffix) &&
        entry.path() != written) {
      dumps.push_back(entry.path());
    }
  }
  if (error) return FileError("list", directory_, error);
  std::ranges::sort(dumps);
  for (size_t i = 0; i + max_dumps_ < dumps.size() + 1; ++i) {
    std::filesystem::remove(dumps[i], error);
    if (error) return FileError("delete", dumps[i].string(), error);
  }
  return absl::OkStatus();
}

}  // namespace schedd
