// SPDX-License-Identifier: Apache-2.0
//
// Reads the configuration file: protobuf text format, message schedd.config.v1.Config.
//
// Called once on the main thread. Gives settings in the order of the fields, each with its place in
// the file; what the values mean is not looked at. Fails with NOT_FOUND or PERMISSION_DENIED for a
// file that cannot be read, and INVALID_ARGUMENT naming FILE:LINE:COLUMN of everything wrong in it.
#ifndef SCHEDD_DAEMON_CONFIG_FILE_H_
#define SCHEDD_DAEMON_CONFIG_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/daemon/config.h"

namespace schedd::daemon {

absl::StatusOr<std::vector<Setting>> ReadConfigFile(const std::string& path);

// The same from memory; `path` is only named in messages.
absl::StatusOr<std::vector<Setting>> ParseConfigText(absl::string_view path,
                                                     const std::string& text);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_CONFIG_FILE_H_
