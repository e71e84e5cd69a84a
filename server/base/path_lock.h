// SPDX-License-Identifier: Apache-2.0
//
// An exclusive lock (flock) on the file or directory that a path names.
//
// The kernel drops it with its holder, however that one ends. Blocks for up to the patience given.
#ifndef SCHEDD_BASE_PATH_LOCK_H_
#define SCHEDD_BASE_PATH_LOCK_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/unique_fd.h"

namespace schedd {

// Opens `path` by `open` (an invalid descriptor: errno says why) and locks it; the lock lasts as
// long as the descriptor. What a holder removed meanwhile is opened anew. ALREADY_EXISTS: it is
// locked still when `patience` is over.
absl::StatusOr<UniqueFd> LockPath(const std::string& path, const std::function<UniqueFd()>& open,
                                  absl::Duration patience);

}  // namespace schedd

#endif  // SCHEDD_BASE_PATH_LOCK_H_
