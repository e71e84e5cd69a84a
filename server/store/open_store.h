// SPDX-License-Identifier: Apache-2.0
//
// Opens a store at the daemon's start, whatever state its file is in.
//
// Called once, on the main thread; blocks for the file system. Never fails as such: a damaged file
// is put aside for a new one, and when there can be no store, what is returned refuses everything
// (so that no change is lost silently), with the reason.
#ifndef SCHEDD_STORE_OPEN_STORE_H_
#define SCHEDD_STORE_OPEN_STORE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/control/audit_store.h"
#include "server/control/state_store.h"

namespace schedd {

template <typename Port>
struct Opened {
  std::unique_ptr<Port> store;  // never nullptr
  // Why `store` refuses everything. PERMISSION_DENIED: the directory or the file cannot be written
  // to.
  absl::Status problem;
  absl::Status damage;     // not OK: what was wrong with the file that was put aside
  std::string kept_aside;  // where it is now: "<path>.corrupt-<UTC time>"
};

using OpenedStore = Opened<StateStore>;
using OpenedAudit = Opened<AuditStore>;

// Each makes the directory (0700) when it is missing.
OpenedStore OpenStore(const std::string& path, absl::Time now);
OpenedAudit OpenAudit(const std::string& path, absl::Time now);

}  // namespace schedd

#endif  // SCHEDD_STORE_OPEN_STORE_H_
