// SPDX-License-Identifier: Apache-2.0
//
// Reads small files of the system, below a root directory.
//
// A value; any thread. A file that is missing or cannot be read is nullopt.
#ifndef SCHEDD_CLIENT_SCHEDCTL_MACHINE_FILES_H_
#define SCHEDD_CLIENT_SCHEDCTL_MACHINE_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace schedd::client {

class MachineFiles {
 public:
  explicit MachineFiles(std::string root) : root_(std::move(root)) {}

  bool Exists(const std::string& path) const;
  // The text, plain or gzipped, without blanks at its end; at most 1 MiB.
  std::optional<std::string> Read(const std::string& path) const;
  // Where a symbolic link points.
  std::optional<std::string> ReadLink(const std::string& path) const;
  // What follows "Key:" in a file of such lines, blanks removed.
  std::optional<std::string> Field(const std::string& path, const std::string& key) const;
  // Whether a file system of this type is mounted exactly there.
  bool Mounted(const std::string& type, const std::string& directory) const;

 private:
  std::string root_;
};

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_MACHINE_FILES_H_
