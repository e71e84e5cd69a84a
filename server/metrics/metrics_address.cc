// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/metrics_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace schedd::metrics {
namespace {

absl::Status Refuse(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot serve metrics on '", text, "': ", why,
                   "; use 127.0.0.1:PORT, another IPv4 address of this machine, [IPV6]:PORT or "
                   "localhost:PORT"));
}

bool IsAddress(int family, const std::string& host) {
  in6_addr storage;  // holds either
  return inet_pton(family, host.c_str(), &storage) == 1;
}

// Signs and spaces, which the number parser takes, are no part of a port.
bool ParsePort(absl::string_view text, int* port) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(text, port) && *port <= 65535;
}

}  // namespace

absl::StatusOr<TcpAddress> ParseMetricsAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Refuse(text, "it has no port");
  TcpAddress address;
  if (!ParsePort(text.substr(colon + 1), &address.port)) {
    return Refuse(text, "the port must be a number from 0 to 65535");
  }
  absl::string_view host = text.substr(0, colon);
  const bool bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  address.host = host == "localhost" && !bracketed ? "127.0.0.1" : std::string(host);
  if (host.empty()) return Refuse(text, "it has no host; 0.0.0.0 is every IPv4 address");
  if (!IsAddress(bracketed ? AF_INET6 : AF_INET, address.host)) {
    return Refuse(text, "the host must be a numeric address, an IPv6 one in brackets");
  }
  return address;
}

}  // namespace schedd::metrics
