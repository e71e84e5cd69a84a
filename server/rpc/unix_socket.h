// SPDX-License-Identifier: Apache-2.0
//
// Makes the place of a unix socket ready to be bound.
//
// Called on the main thread at start-up. gRPC unlinks whatever is at the path when it binds: what
// must not be lost is found here before. Errors: ALREADY_EXISTS (a living server, or something that
// is not a socket), PERMISSION_DENIED, NOT_FOUND, INTERNAL; nothing is changed then but a directory
// made.
#ifndef SCHEDD_RPC_UNIX_SOCKET_H_
#define SCHEDD_RPC_UNIX_SOCKET_H_

#include <string>

#include "absl/status/status.h"

namespace schedd::rpc {

// Creates the directory of `path` with mode 0755 unless it exists. Its parent must exist.
absl::Status MakeSocketDirectory(const std::string& path);

// Removes the socket of a server that is gone; refuses the socket of one that answers.
absl::Status RemoveStaleSocket(const std::string& path);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_UNIX_SOCKET_H_
