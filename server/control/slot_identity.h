// SPDX-License-Identifier: Apache-2.0
//
// Who owns a task slot: a consistent copy of the identity part, read without disturbing the
// dispatcher.
//
// Pure functions on shared memory; any thread. A slot that changes hands during the read is read
// again; one that keeps changing, or is free, reads as nobody.
#ifndef SCHEDD_CONTROL_SLOT_IDENTITY_H_
#define SCHEDD_CONTROL_SLOT_IDENTITY_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/strings/string_view.h"
#include "bpf/abi.h"
#include "server/control/task_info.h"
#include "server/engine/kernel.h"

namespace schedd {

struct SlotIdentity {
  uint32_t key = 0;  // schedd_slot.key, even
  TaskKey task = {};
  int32_t tgid = 0;
  uint32_t uid = 0;
  uint64_t cgroup_id = 0;
  std::array<char, SCHEDD_COMM_LEN> comm = {};  // zeros behind its end
  uint32_t flags = 0;

  bool operator==(const SlotIdentity&) const = default;

  // Scheduled by the dispatcher itself whatever anybody asks.
  bool is_protected() const { return (flags & (SCHEDD_SLOT_DAEMON | SCHEDD_SLOT_DIRECT)) != 0; }
};

std::optional<SlotIdentity> ReadIdentity(const schedd_slot& slot);

// The slots that may be in use.
std::span<const schedd_slot> UsedSlots(const SharedMemory& memory);

// Valid UTF-8: other bytes, control characters and '\' become \xNN. Ends at the first NUL.
std::string FormatComm(const std::array<char, SCHEDD_COMM_LEN>& comm);

// What FormatComm() was given to produce `text`; nothing when it is too long for a comm.
std::optional<std::array<char, SCHEDD_COMM_LEN>> ParseComm(absl::string_view text);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SLOT_IDENTITY_H_
