// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/kernel_exit.h"

#include <cstring>
#include <string>

namespace schedd {
namespace {

std::string Text(const char* from, size_t size) { return std::string(from, strnlen(from, size)); }

}  // namespace

std::optional<KernelExit> ReadKernelExit(const schedd_header& header, const char* dump) {
  // Written last: once it is there, the rest is.
  const uint32_t kind = __atomic_load_n(&header.exit_kind, __ATOMIC_ACQUIRE);
  if (kind == 0) return std::nullopt;
  return KernelExit{
      .kind = kind,
      .code = static_cast<int64_t>(header.exit_code),
      .reason = Text(header.exit_reason, sizeof(header.exit_reason)),
      .message = Text(header.exit_message, sizeof(header.exit_message)),
      .dump = Text(dump, SCHEDD_DUMP_LEN),
  };
}

}  // namespace schedd
