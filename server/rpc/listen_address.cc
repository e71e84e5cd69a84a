// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace schedd::rpc {
namespace {

constexpr absl::string_view kAllowed =
    "use unix:///PATH, or IPV4:PORT or [IPV6]:PORT, such as 127.0.0.1:50051";

absl::Status Refuse(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot listen on '", text, "': ", why, "; ", kAllowed));
}

absl::StatusOr<ListenAddress> ParseUnix(absl::string_view text, absl::string_view path) {
  // unix:///run/x has an empty host part; gRPC also knows unix:/run/x.
  absl::ConsumePrefix(&path, "//");
  if (path.empty() || path.front() != '/') return Refuse(text, "the path must begin with '/'");
  if (path.back() == '/') return Refuse(text, "the path names a directory");
  constexpr size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kMaxPath) {
    return Refuse(text, absl::StrCat("the path of a unix socket has at most ", kMaxPath, " bytes"));
  }
  ListenAddress address;
  address.kind = ListenAddress::Kind::kUnix;
  address.path = std::string(path);
  return address;
}

// False for what is no numeric address.
bool ParseHost(absl::string_view host, bool bracketed, ListenAddress& address) {
  address.host = std::string(host);
  if (bracketed) {
    in6_addr v6;
    if (inet_pton(AF_INET6, address.host.c_str(), &v6) != 1) return false;
    address.loopback = IN6_IS_ADDR_LOOPBACK(&v6);
    return true;
  }
  in_addr v4;
  if (inet_pton(AF_INET, address.host.c_str(), &v4) != 1) return false;
  address.loopback = (ntohl(v4.s_addr) >> 24) == 127;
  return true;
}

absl::StatusOr<ListenAddress> ParseTcp(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Refuse(text, "it has no port");
  ListenAddress address;
  address.kind = ListenAddress::Kind::kTcp;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &address.port) || address.port < 0 ||
      address.port > 65535) {
    return Refuse(text, "the port must be a number from 0 to 65535");
  }
  absl::string_view host = text.substr(0, colon);
  const bool bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  if (!ParseHost(host == "localhost" ? "127.0.0.1" : host, bracketed, address)) {
    return Refuse(text, "the host must be a numeric address or localhost");
  }
  return address;
}

}  // namespace

std::string ListenAddress::Uri() const {
  if (kind == Kind::kUnix) return absl::StrCat("unix:", path);
  return host.find(':') == std::string::npos ? absl::StrCat(host, ":", port)
                                             : absl::StrCat("[", host, "]:", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) return ParseUnix(text, rest);
  return ParseTcp(text);
}

}  // namespace schedd::rpc
