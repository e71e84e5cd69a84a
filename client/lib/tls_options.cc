// SPDX-License-Identifier: Apache-2.0
#include "client/lib/tls_options.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace schedd::client {
namespace {

struct File {
  const char* flag;
  const char* variable;
  std::string TlsOptions::* path;
};

constexpr File kFiles[] = {
    {"--tls-cert", kTlsCertVariable, &TlsOptions::certificate},
    {"--tls-key", kTlsKeyVariable, &TlsOptions::key},
    {"--tls-ca", kTlsCaVariable, &TlsOptions::authorities},
};

}  // namespace

absl::StatusOr<TlsOptions> ChooseTls(TlsOptions options,
                                     const std::function<const char*(const char*)>& get) {
  const auto fill = [&get](const char* variable, std::string& value) {
    if (!value.empty()) return;
    if (const char* given = get(variable); given != nullptr) value = given;
  };
  fill(kTlsServerVariable, options.server_name);
  bool any = false;
  for (const File& file : kFiles) {
    fill(file.variable, options.*file.path);
    any = any || !(options.*file.path).empty();
  }
  if (!any) return options;
  for (const File& file : kFiles) {
    const std::string& path = options.*file.path;
    if (path.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.flag, " (or ", file.variable,
                       ") is missing: a certificate needs its key, and the authority of the "
                       "server's: give all three, or none"));
    }
    if (access(path.c_str(), R_OK) != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          file.flag, " (or ", file.variable, "): cannot read ", path, ": ", std::strerror(errno)));
    }
  }
  return options;
}

}  // namespace schedd::client
