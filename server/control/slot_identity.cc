// SPDX-License-Identifier: Apache-2.0
#include "server/control/slot_identity.h"

#include <algorithm>
#include <atomic>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "server/engine/shared_access.h"

namespace schedd {
namespace {

// A new owner fills its slot in well below a microsecond.
constexpr int kTries = 8;

// Length of the well-formed UTF-8 sequence that `text` begins with; 0 when there is none. Shortest
// forms only, no surrogates.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xed && byte(1) > 0x9f;
  const bool too_large = lead == 0xf4 && byte(1) > 0x8f;
  return overlong || surrogate || too_large ? 0 : length;
}

bool NeedsEscape(unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; }

bool IsHexDigit(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }

}  // namespace

std::optional<SlotIdentity> ReadIdentity(const schedd_slot& slot) {
  for (int i = 0; i < kTries; ++i) {
    SlotIdentity identity;
    identity.key = LoadSharedAcquire(slot.key);
    if (identity.key % 2 != 0) continue;
    const bool free = LoadShared(slot.state) == SCHEDD_TASK_FREE;
    identity.task = {.tid = LoadShared(slot.tid),
                     .start_boottime_ns = LoadShared(slot.start_boottime_ns)};
    identity.tgid = LoadShared(slot.tgid);
    identity.uid = LoadShared(slot.uid);
    identity.cgroup_id = LoadShared(slot.cgroup_id);
    for (size_t c = 0; c < identity.comm.size(); ++c) identity.comm[c] = LoadShared(slot.comm[c]);
    identity.flags = LoadShared(slot.flags);
    // Nothing above is read after this.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (LoadShared(slot.key) != identity.key) continue;
    if (free || identity.key == 0) return std::nullopt;
    std::fill(std::ranges::find(identity.comm, '\0'), identity.comm.end(), '\0');
    return identity;
  }
  return std::nullopt;
}

std::span<const schedd_slot> UsedSlots(const SharedMemory& memory) {
  const uint64_t used = LoadShared(memory.header->slots_high_water);
  return memory.slots.first(std::min<uint64_t>(used, memory.slots.size()));
}

std::string FormatComm(const std::array<char, SCHEDD_COMM_LEN>& comm) {
  absl::string_view rest(comm.data(), comm.size());
  rest = rest.substr(0, rest.find('\0'));
  std::string text;
  while (!rest.empty()) {
    const size_t length = Utf8Length(rest);
    const auto first = static_cast<unsigned char>(rest[0]);
    if (length == 0 || NeedsEscape(first)) {
      absl::StrAppendFormat(&text, "\\x%02x", first);
      rest.remove_prefix(1);
    } else {
      text.append(rest.data(), length);
      rest.remove_prefix(length);
    }
  }
  return text;
}

std::optional<std::array<char, SCHEDD_COMM_LEN>> ParseComm(absl::string_view text) {
  std::array<char, SCHEDD_COMM_LEN> comm = {};
  size_t length = 0;
  while (!text.empty()) {
    if (length == comm.size() - 1) return std::nullopt;
    std::string byte;
    const bool escape = text.size() >= 4 && text[0] == '\\' && text[1] == 'x' &&
                        IsHexDigit(text[2]) && IsHexDigit(text[3]);
    if (escape) byte = absl::HexStringToBytes(text.substr(2, 2));
    comm[length++] = escape ? byte[0] : text[0];
    text.remove_prefix(escape ? 4 : 1);
  }
  return comm;
}

}  // namespace schedd
