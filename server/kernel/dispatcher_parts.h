// SPDX-License-Identifier: Apache-2.0
//
// What of a loaded dispatcher the daemon works with: its maps, mapped into memory, and its commit
// program. From the object just loaded, or from the pins that an earlier daemon left.
//
// Owned by a LibbpfKernel; made on the control thread, the memory is used by any.
#ifndef SCHEDD_KERNEL_DISPATCHER_PARTS_H_
#define SCHEDD_KERNEL_DISPATCHER_PARTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/kernel.h"
#include "server/kernel/doorbell.h"
#include "server/kernel/mapping.h"
#include "server/kernel/pins.h"

struct dispatcher;

namespace schedd {

class DispatcherParts {
 public:
  // Of a loaded skeleton, which may end afterwards.
  static absl::StatusOr<std::unique_ptr<DispatcherParts>> Of(const dispatcher* skeleton);

  // Of the pins in `pins`. NOT_FOUND: a pin is missing; FAILED_PRECONDITION: they are of another
  // version (abi.h).
  static absl::StatusOr<std::unique_ptr<DispatcherParts>> Open(const PinDirectory& pins);

  // All of it; the link is not among them.
  absl::Status Pin(const PinDirectory& pins) const;

  const SharedMemory& memory() const { return memory_; }
  const char* exit_dump() const {
    return mappings_[kExitDump].as<char>();
  }  // SCHEDD_DUMP_LEN bytes
  Doorbell& doorbell() const { return *doorbell_; }
  int commit_fd() const { return fds_[kCommit].get(); }

 private:
  // `nets` is not used here: a map with a timer must stay referenced for the timer to go on.
  enum Part { kHeader, kSlots, kCpus, kEvents, kDecisions, kExitDump, kDoorbell, kNets, kCommit };
  static constexpr size_t kParts = kCommit + 1;
  static constexpr size_t kMapped = kExitDump + 1;
  static const std::array<const char*, kParts> kNames;

  DispatcherParts() = default;
  absl::Status Map();

  std::array<UniqueFd, kParts> fds_;
  std::array<Mapping, kMapped> mappings_;
  std::unique_ptr<Doorbell> doorbell_;
  SharedMemory memory_;
};

}  // namespace schedd

#endif  // SCHEDD_KERNEL_DISPATCHER_PARTS_H_
