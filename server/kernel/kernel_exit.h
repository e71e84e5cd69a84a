// SPDX-License-Identifier: Apache-2.0
//
// Why the kernel ended the dispatcher, out of the shared memory.
//
// A free function without state; any thread. Texts are taken up to their end or that of their
// array, whichever comes first. Cannot fail.
#ifndef SCHEDD_KERNEL_KERNEL_EXIT_H_
#define SCHEDD_KERNEL_KERNEL_EXIT_H_

#include <optional>

#include "bpf/abi.h"
#include "server/engine/kernel.h"

namespace schedd {

// Nothing while the dispatcher lives. `dump` has SCHEDD_DUMP_LEN bytes.
std::optional<KernelExit> ReadKernelExit(const schedd_header& header, const char* dump);

}  // namespace schedd

#endif  // SCHEDD_KERNEL_KERNEL_EXIT_H_
