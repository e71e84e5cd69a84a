// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/pins.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/base/path_lock.h"

namespace schedd {
namespace {

constexpr long kBpfFsMagic = 0xcafe4a11;  // include/uapi/linux/magic.h

// Makes sure that `path` is in a BPF file system.
absl::Status NeedBpfFs(const std::string& path) {
  struct statfs about = {};
  const auto is_bpffs = [&] {
    return statfs(path.c_str(), &about) == 0 && static_cast<long>(about.f_type) == kBpfFsMagic;
  };
  if (is_bpffs()) return absl::OkStatus();
  if (mount("bpf", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0 &&
      is_bpffs()) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(
      errno, absl::StrCat("no BPF file system at ", path,
                          ", where the dispatcher outlives a daemon that is killed: mount one "
                          "('mount -t bpf bpf ",
                          path, "')"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PinDirectory>> PinDirectory::Take(const std::string& path,
                                                                 Missing missing,
                                                                 absl::Duration patience) {
  if (missing == Missing::kCreate) {
    const std::string parent = std::filesystem::path(path).parent_path();
    if (absl::Status status = NeedBpfFs(parent); !status.ok()) return status;
  }
  const auto open_directory = [&] {
    while (true) {
      if (missing == Missing::kCreate && mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return UniqueFd();
      }
      UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
      const bool removed_by_its_last_owner = !fd.valid() && errno == ENOENT;
      if (removed_by_its_last_owner && missing == Missing::kCreate) continue;
      return fd;
    }
  };
  absl::StatusOr<UniqueFd> lock = LockPath(path, open_directory, patience);
  if (lock.ok()) {
    return std::unique_ptr<PinDirectory>(new PinDirectory(path, *std::move(lock)));
  }
  if (!absl::IsAlreadyExists(lock.status())) return lock.status();
  return absl::AlreadyExistsError(
      absl::StrCat("another process owns the dispatcher pinned in ", path));
}

absl::Status PinDirectory::Pin(int fd, const std::string& name) const {
  const std::string path = absl::StrCat(path_, "/", name);
  if (bpf_obj_pin(fd, path.c_str()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot pin ", path));
}

absl::StatusOr<UniqueFd> PinDirectory::Get(const std::string& name) const {
  const std::string path = absl::StrCat(path_, "/", name);
  UniqueFd fd(bpf_obj_get(path.c_str()));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return fd;
}

void PinDirectory::Clear() const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path_, ignored)) {
    unlink(entry.path().c_str());
  }
}

void PinDirectory::Remove() const {
  Clear();
  rmdir(path_.c_str());
}

}  // namespace schedd
