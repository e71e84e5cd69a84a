// SPDX-License-Identifier: Apache-2.0
//
// An address to serve the API on, as a person writes it.
//
// A value; pure. Accepted: "unix:///PATH" and "unix:PATH" (absolute), "IPV4:PORT", "[IPV6]:PORT",
// "localhost:PORT". Anything else fails with INVALID_ARGUMENT and a sentence that says what is
// allowed.
#ifndef SCHEDD_RPC_LISTEN_ADDRESS_H_
#define SCHEDD_RPC_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd::rpc {

struct ListenAddress {
  enum class Kind { kUnix, kTcp };
  Kind kind = Kind::kUnix;
  std::string path;  // of the socket, for kUnix
  std::string host;  // numeric, for kTcp; IPv6 without brackets
  int port = 0;      // 0: the kernel chooses, for kTcp
  // Only this machine can reach it; for kTcp.
  bool loopback = false;

  // In gRPC's words: "unix:/run/schedd/schedd.sock", "127.0.0.1:50051", "[::1]:50051".
  std::string Uri() const;
};

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_LISTEN_ADDRESS_H_
