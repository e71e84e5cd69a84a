// SPDX-License-Identifier: Apache-2.0
#include "server/store/open_store.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/store/sqlite_audit.h"
#include "server/store/sqlite_store.h"

namespace schedd {
namespace {

// These take the place of a store that there cannot be.
class RefusingStore : public StateStore {
 public:
  explicit RefusingStore(absl::Status why) : why_(std::move(why)) {}

  absl::StatusOr<std::optional<StoredState>> Load() override { return why_; }
  absl::Status Replace(const StoredState& /*state*/) override { return why_; }
  absl::Status PutPolicy(const StoredPolicy& /*policy*/, int64_t /*generation*/) override {
    return why_;
  }
  absl::Status RemovePolicy(const std::string& /*id*/, int64_t /*generation*/) override {
    return why_;
  }
  absl::Status PutOverride(const StoredOverride& /*entry*/) override { return why_; }
  absl::Status RemoveOverrides(const std::vector<std::string>& /*ids*/,
                               int64_t /*generation*/) override {
    return why_;
  }

 private:
  const absl::Status why_;
};

absl::Status CannotMake(const std::filesystem::path& directory, absl::string_view why) {
  return absl::PermissionDeniedError(
      absl::StrCat("cannot make the directory ", directory.string(), ": ", why,
                   ": choose another state directory, or let schedd write there, then start it "
                   "again"));
}

absl::Status MakeDirectory(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return absl::OkStatus();
  std::filesystem::create_directories(directory.parent_path(), error);
  if (error) return CannotMake(directory.parent_path(), error.message());
  if (mkdir(directory.c_str(), 0700) != 0) return CannotMake(directory, std::strerror(errno));
  return absl::OkStatus();
}

// The log of changes goes with its database: SQLite would take it for the new one's.
absl::Status PutAside(const std::string& path, const std::string& aside) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    std::filesystem::rename(absl::StrCat(path, suffix), absl::StrCat(aside, suffix), error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return absl::PermissionDeniedError(
          absl::StrCat(path, suffix, " is damaged and cannot be put aside: ", error.message(),
                       ": move it away, then start schedd again"));
    }
  }
  return absl::OkStatus();
}

class RefusingAudit : public AuditStore {
 public:
  explicit RefusingAudit(absl::Status why) : why_(std::move(why)) {}

  absl::StatusOr<int64_t> Add(const AuditEntry& /*entry*/) override { return why_; }
  absl::Status SetOutcome(int64_t /*id*/, const AuditOutcome& /*outcome*/) override { return why_; }
  absl::StatusOr<std::vector<AuditEntry>> List(int64_t /*before*/, int32_t /*limit*/) override {
    return why_;
  }

 private:
  const absl::Status why_;
};

// `Kept` has Open(path), `Refusing` is what takes its place.
template <typename Kept, typename Refusing, typename Port>
Opened<Port> Open(const std::string& path, absl::Time now) {
  Opened<Port> opened;
  const auto open = [&] {
    absl::StatusOr<std::unique_ptr<Kept>> store = Kept::Open(path);
    absl::Status status = store.status();
    if (status.ok()) opened.store = *std::move(store);
    return status;
  };
  opened.problem = MakeDirectory(std::filesystem::path(path).parent_path());
  if (opened.problem.ok()) opened.problem = open();
  if (absl::IsDataLoss(opened.problem)) {
    opened.damage = opened.problem;
    opened.kept_aside = absl::StrCat(
        path, ".corrupt-", absl::FormatTime("%Y%m%dT%H%M%E6SZ", now, absl::UTCTimeZone()));
    opened.problem = PutAside(path, opened.kept_aside);
    if (opened.problem.ok()) opened.problem = open();
  }
  if (!opened.problem.ok()) opened.store = std::make_unique<Refusing>(opened.problem);
  return opened;
}

}  // namespace

OpenedStore OpenStore(const std::string& path, absl::Time now) {
  return Open<SqliteStore, RefusingStore, StateStore>(path, now);
}

OpenedAudit OpenAudit(const std::string& path, absl::Time now) {
  return Open<SqliteAudit, RefusingAudit, AuditStore>(path, now);
}

}  // namespace schedd
