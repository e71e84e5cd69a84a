// SPDX-License-Identifier: Apache-2.0
#include "server/control/state_journal.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/control/error.h"
#include "server/control/restore.h"

namespace schedd {

StateJournal::StateJournal(StateStore* store, const ControlOptions& options, absl::Time now)
    : store_(store) {
  std::optional<StoredState> stored;
  if (store_ != nullptr) {
    absl::StatusOr<std::optional<StoredState>> loaded = store_->Load();
    load_status_ = loaded.status();
    if (loaded.ok()) stored = *std::move(loaded);
  }
  Restored restored = Restore(stored, options, now);
  initial_ = std::move(restored.state);
  initial_is_due_ = restored.differs;
  const absl::Status written = Write([] { return absl::OkStatus(); });
  if (!written.ok()) {
    restored.log.push_back(absl::StrCat("changes are refused: ", written.message()));
  }
  if (!options.log) return;
  for (const std::string& line : restored.log) options.log(line);
}

absl::Status StateJournal::PutPolicy(const StoredPolicy& policy, int64_t generation) {
  return Write([&] { return store_->PutPolicy(policy, generation); });
}

absl::Status StateJournal::RemovePolicy(const std::string& id, int64_t generation) {
  return Write([&] { return store_->RemovePolicy(id, generation); });
}

absl::Status StateJournal::PutOverride(const StoredOverride& entry) {
  return Write([&] { return store_->PutOverride(entry); });
}

absl::Status StateJournal::RemoveOverrides(const std::vector<std::string>& ids,
                                           int64_t generation) {
  return Write([&] { return store_->RemoveOverrides(ids, generation); });
}

absl::Status StateJournal::Write(const std::function<absl::Status()>& change) {
  if (store_ == nullptr) return absl::OkStatus();
  absl::Status status = load_status_;
  if (status.ok()) status = WriteInitial();
  if (status.ok()) status = change();
  if (status.ok()) return status;
  return MakeError(
      absl::StatusCode::kUnavailable, reason::kStoreUnavailable,
      absl::StrCat("nothing was changed, because it could not be stored: ", status.message()));
}

absl::Status StateJournal::WriteInitial() {
  if (!initial_is_due_) return absl::OkStatus();
  absl::Status status = store_->Replace(initial_);
  if (status.ok()) initial_is_due_ = false;
  return status;
}

}  // namespace schedd
