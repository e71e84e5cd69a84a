// SPDX-License-Identifier: Apache-2.0
//
// The connection to schedd: for client.cc alone, since it has gRPC's headers.
//
// A free function; the result connects when it is first used. Cannot fail.
#ifndef SCHEDD_CLIENT_LIB_CHANNEL_H_
#define SCHEDD_CLIENT_LIB_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>

#include "client/lib/endpoint.h"
#include "client/lib/tls_options.h"

namespace schedd::client {

// `tls` counts for TCP only; its files are looked at again and again.
std::shared_ptr<grpc::Channel> MakeChannel(const Endpoint& endpoint, const TlsOptions& tls);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_LIB_CHANNEL_H_
