// SPDX-License-Identifier: Apache-2.0
//
// What makes a TCP listener one that takes only callers with a certificate.
//
// A free function; the result belongs to gRPC. The files are looked at again and again: a new
// certificate, key or authority counts for the connections made after it. Cannot fail: the files
// have passed CheckTlsFiles().
#ifndef SCHEDD_RPC_TLS_H_
#define SCHEDD_RPC_TLS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/time/time.h"
#include "server/rpc/tls_files.h"

namespace schedd::rpc {

// `interval` between looks at the files; whole seconds, 1 at least.
std::shared_ptr<grpc::ServerCredentials> MutualTlsCredentials(const TlsFiles& files,
                                                              absl::Duration interval);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_TLS_H_
