// SPDX-License-Identifier: Apache-2.0
#include "client/lib/endpoint.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace schedd::client {
namespace {

constexpr char kForms[] = "write unix:///path/to/socket or host:port";

absl::Status Malformed(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("endpoint \"", text, "\" ", why, "; ", kForms));
}

absl::StatusOr<Endpoint> UnixEndpoint(absl::string_view text, absl::string_view path) {
  if (path.empty()) return Malformed(text, "has no path");
  // The kernel's limit for the address, with the terminating zero.
  constexpr size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kMaxPath) {
    return Malformed(text, absl::StrCat("has a path longer than ", kMaxPath, " bytes"));
  }
  return Endpoint{std::string(text), absl::StrCat("unix:", path), std::string(path)};
}

}  // namespace

std::string ChooseEndpoint(absl::string_view argument, const char* variable) {
  if (!argument.empty()) return std::string(argument);
  if (variable != nullptr && *variable != '\0') return variable;
  return kDefaultEndpoint;
}

absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text) {
  for (char c : text) {
    if (absl::ascii_isspace(c) || absl::ascii_iscntrl(c)) {
      return Malformed(text, "contains a space or a control character");
    }
  }
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    if (absl::StartsWith(rest, "//")) {
      rest.remove_prefix(2);
      if (!absl::StartsWith(rest, "/"))
        return Malformed(text, "has no absolute path after unix://");
    }
    return UnixEndpoint(text, rest);
  }
  if (absl::StartsWith(rest, "/")) return UnixEndpoint(text, rest);

  absl::ConsumePrefix(&rest, "dns:///");
  const size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos) return Malformed(text, "has no port");
  const absl::string_view host = rest.substr(0, colon);
  int port = 0;
  if (!absl::SimpleAtoi(rest.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return Malformed(text, "has no port between 1 and 65535");
  }
  const bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (host.empty() || absl::StrContains(host, "/")) return Malformed(text, "has no host");
  if (!bracketed && absl::StrContains(host, ":")) {
    return Malformed(text, "has an IPv6 address without [ ]");
  }
  return Endpoint{std::string(text), absl::StrCat("dns:///", rest), ""};
}

int ProbeEndpoint(const Endpoint& endpoint) {
  if (endpoint.unix_path.empty()) return 0;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // ParseEndpoint checked the length; the rest of sun_path is zero.
  memcpy(address.sun_path, endpoint.unix_path.data(), endpoint.unix_path.size());
  const int result =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
  close(fd);
  return result;
}

absl::Status UnreachableError(const Endpoint& endpoint, int probe, absl::string_view detail) {
  switch (probe) {
    case ENOENT:
    case ENOTDIR:
      return absl::UnavailableError(absl::StrCat(
          "no schedd at ", endpoint.text,
          ": there is no such socket. Is schedd running? Start it (as root: schedd), or name its "
          "endpoint with --endpoint or ",
          kEndpointVariable));
    case ECONNREFUSED:
      return absl::UnavailableError(absl::StrCat(
          "no schedd at ", endpoint.text,
          ": the socket is there but nobody listens, so schedd has ended. Start it again (as root: "
          "schedd)"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          absl::StrCat("not allowed to use ", endpoint.text,
                       ": run this as root, or as a member of the group that owns the socket"));
    case EAGAIN:
      return absl::UnavailableError(
          absl::StrCat("schedd at ", endpoint.text,
                       " takes no more connections now; close some clients or try again"));
    default:
      return absl::UnavailableError(absl::StrCat(
          "schedd at ", endpoint.text, " does not answer (", detail,
          "). Is schedd running, and is this its endpoint? Name another with --endpoint or ",
          kEndpointVariable));
  }
}

}  // namespace schedd::client
