// SPDX-License-Identifier: Apache-2.0
//
// The address of the metrics, as a person writes it.
//
// Pure. Accepted: "IPV4:PORT", "[IPV6]:PORT" and "localhost:PORT", of any network, since metrics
// change nothing. Host names are not looked up: schedd must not wait for a name server. Anything
// else fails with INVALID_ARGUMENT and a sentence that says what is allowed.
#ifndef SCHEDD_METRICS_METRICS_ADDRESS_H_
#define SCHEDD_METRICS_METRICS_ADDRESS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/tcp_address.h"

namespace schedd::metrics {

absl::StatusOr<TcpAddress> ParseMetricsAddress(absl::string_view text);

}  // namespace schedd::metrics

#endif  // SCHEDD_METRICS_METRICS_ADDRESS_H_
