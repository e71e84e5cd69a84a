// SPDX-License-Identifier: Apache-2.0
//
// Where the daemon listens: how an endpoint is written, which one is meant, and why it does not
// answer.
//
// Plain functions on values; any thread. Only ProbeEndpoint touches the system: it opens one socket
// and closes it again. Nothing here needs gRPC. Failure: INVALID_ARGUMENT for an endpoint that
// cannot be one.
#ifndef SCHEDD_CLIENT_LIB_ENDPOINT_H_
#define SCHEDD_CLIENT_LIB_ENDPOINT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd::client {

inline constexpr char kDefaultEndpoint[] = "unix:///run/schedd/schedd.sock";
inline constexpr char kEndpointVariable[] = "SCHEDD_ENDPOINT";

// An endpoint that was checked.
struct Endpoint {
  std::string text;       // as a person writes it
  std::string target;     // as gRPC wants it
  std::string unix_path;  // of a unix socket, else empty
};

// The first of these that is not empty: the argument, the value of SCHEDD_ENDPOINT (nullptr: not
// set), the default.
std::string ChooseEndpoint(absl::string_view argument, const char* variable);

// Accepts "unix:///absolute/path", "unix:path", "/absolute/path", "host:port", "[v6]:port" and
// "dns:///host:port".
absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text);

// Tries to connect to a unix socket. 0: somebody listens. Otherwise the errno, ENOENT for example.
// Other endpoints are not tried: 0.
int ProbeEndpoint(const Endpoint& endpoint);

// The error for a call that could not reach the daemon. `probe` is what ProbeEndpoint said,
// `detail` the transport's own words. UNAVAILABLE, or PERMISSION_DENIED when the socket is there
// and may not be used.
absl::Status UnreachableError(const Endpoint& endpoint, int probe, absl::string_view detail);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_LIB_ENDPOINT_H_
