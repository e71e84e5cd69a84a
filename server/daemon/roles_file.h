// SPDX-License-Identifier: Apache-2.0
//
// Reads the roles file: protobuf text format, message schedd.config.v1.Roles.
//
// Free functions; any thread. Names of users and groups are looked up at once. Root and schedd's
// own user are admins whatever it says. Errors as in text_file.h; what is not understood makes the
// whole file one that is not in force.
#ifndef SCHEDD_DAEMON_ROLES_FILE_H_
#define SCHEDD_DAEMON_ROLES_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/rpc/roles.h"

namespace schedd::daemon {

// An empty path: what holds without a file.
absl::StatusOr<rpc::RoleTable> ReadRoles(const std::string& path);

// The same from memory; `path` is only named in messages.
absl::StatusOr<rpc::RoleTable> ParseRoles(absl::string_view path, const std::string& text);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_ROLES_FILE_H_
