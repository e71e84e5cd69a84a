// SPDX-License-Identifier: Apache-2.0
//
// The files that TCP needs: our certificate, its key, and the authorities whose certificates
// callers may have.
//
// A value and a check of it, for the main thread at start-up; blocks for the file system. gRPC
// itself says nothing of files that it cannot use, and lets every handshake fail.
#ifndef SCHEDD_RPC_TLS_FILES_H_
#define SCHEDD_RPC_TLS_FILES_H_

#include <string>

#include "absl/status/status.h"

namespace schedd::rpc {

// Paths of PEM files.
struct TlsFiles {
  std::string certificate;  // ours first, then the ones between it and the authority's
  std::string key;          // of `certificate`
  std::string authorities;  // of callers; one or more

  bool empty() const { return certificate.empty() && key.empty() && authorities.empty(); }
};

// OK when all can be read, the key is that of the certificate and only its owner and group may read
// it, and the certificate has not expired. INVALID_ARGUMENT or PERMISSION_DENIED with the path,
// what is wrong and what to do.
absl::Status CheckTlsFiles(const TlsFiles& files);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_TLS_FILES_H_
