// SPDX-License-Identifier: Apache-2.0
//
// The version of this source tree, shown by every binary and over the API.
#ifndef SCHEDD_BASE_VERSION_H_
#define SCHEDD_BASE_VERSION_H_

namespace schedd {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace schedd

#endif  // SCHEDD_BASE_VERSION_H_
