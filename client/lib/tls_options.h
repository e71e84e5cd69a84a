// SPDX-License-Identifier: Apache-2.0
//
// How a client shows who it is to a schedd on TCP, and knows that it is the right one.
//
// A value and a function; any thread. No gRPC. What is not given comes from the environment.
// Errors: INVALID_ARGUMENT, with what is missing or cannot be read.
#ifndef SCHEDD_CLIENT_LIB_TLS_OPTIONS_H_
#define SCHEDD_CLIENT_LIB_TLS_OPTIONS_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace schedd::client {

inline constexpr char kTlsCertVariable[] = "SCHEDD_TLS_CERT";
inline constexpr char kTlsKeyVariable[] = "SCHEDD_TLS_KEY";
inline constexpr char kTlsCaVariable[] = "SCHEDD_TLS_CA";
inline constexpr char kTlsServerVariable[] = "SCHEDD_TLS_SERVER_NAME";

// Paths of PEM files: all three, or none (then the connection is not encrypted).
struct TlsOptions {
  std::string certificate;  // of the client, with those between it and its authority
  std::string key;          // of `certificate`
  std::string authorities;  // one of them must have signed the server's certificate
  // Whose certificate the server must have: "spiffe://…" its SPIFFE ID, else a host name or an
  // address of it. Empty: the endpoint's host.
  std::string server_name;

  bool enabled() const { return !certificate.empty(); }
};

// Fills what is empty from the environment, as `get` reads it (nullptr: not set), and checks.
absl::StatusOr<TlsOptions> ChooseTls(TlsOptions options,
                                     const std::function<const char*(const char*)>& get);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_LIB_TLS_OPTIONS_H_
