// SPDX-License-Identifier: Apache-2.0
//
// Where the dispatcher's maps and link stay when the daemon that made them ends: a directory on the
// BPF file system, owned by one process at a time.
//
// Ownership is a lock on the directory itself, which the kernel drops with its holder, so no file
// is left over by a process that was killed. Used on the control thread (and by the sweeper's
// process). Errors name the path.
#ifndef SCHEDD_KERNEL_PINS_H_
#define SCHEDD_KERNEL_PINS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/unique_fd.h"

namespace schedd {

inline constexpr char kPinDirectory[] = "/sys/fs/bpf/schedd";

class PinDirectory {
 public:
  enum class Missing { kFail, kCreate };

  // Takes ownership of the directory, waiting for up to `patience` for its owner to end. NOT_FOUND:
  // there is none (kFail); ALREADY_EXISTS: another process owns it. With kCreate, the BPF file
  // system is mounted if it is not.
  static absl::StatusOr<std::unique_ptr<PinDirectory>> Take(const std::string& path,
                                                            Missing missing,
                                                            absl::Duration patience);
  ~PinDirectory() = default;  // ends the ownership; what is pinned stays
  PinDirectory(const PinDirectory&) = delete;
  PinDirectory& operator=(const PinDirectory&) = delete;

  absl::Status Pin(int fd, const std::string& name) const;
  // NOT_FOUND when there is no such pin.
  absl::StatusOr<UniqueFd> Get(const std::string& name) const;
  // Removes all pins. What they held ends unless somebody else holds it, too.
  void Clear() const;
  // Clear(), and the directory. The last thing to do with it.
  void Remove() const;

 private:
  PinDirectory(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const UniqueFd lock_;
};

}  // namespace schedd

#endif  // SCHEDD_KERNEL_PINS_H_
