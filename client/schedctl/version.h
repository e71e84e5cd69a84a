// SPDX-License-Identifier: Apache-2.0
//
// The version of the client library and schedctl. A constant.
#ifndef SCHEDD_CLIENT_SCHEDCTL_VERSION_H_
#define SCHEDD_CLIENT_SCHEDCTL_VERSION_H_

namespace schedd::client {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_VERSION_H_
