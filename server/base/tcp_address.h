// SPDX-License-Identifier: Apache-2.0
//
// A TCP address to listen on, and what can be asked of it before and after somebody listens there.
//
// A value, and functions without state; any thread. For libraries that listen themselves and do not
// say why they could not (gRPC, civetweb). Nothing is left behind.
#ifndef SCHEDD_BASE_TCP_ADDRESS_H_
#define SCHEDD_BASE_TCP_ADDRESS_H_

#include <string>

#include "absl/status/status.h"

namespace schedd {

struct TcpAddress {
  std::string host;  // numeric, IPv4 or IPv6 without brackets
  int port = 0;      // 0: the kernel chooses

  bool operator==(const TcpAddress&) const = default;

  bool is_ipv6() const { return host.find(':') != std::string::npos; }
  // "127.0.0.1:9464", "[::1]:9464".
  std::string text() const;
};

// OK when somebody could listen there now. Fails with ALREADY_EXISTS (in use), PERMISSION_DENIED or
// another code of the system, and a sentence that names the address and what to do.
absl::Status CheckPortFree(const TcpAddress& address);

// Connects to an address of this machine and hangs up, without waiting. True when somebody listens
// there, who is awake then if he slept until somebody connects.
bool Knock(const TcpAddress& address);

}  // namespace schedd

#endif  // SCHEDD_BASE_TCP_ADDRESS_H_
