// SPDX-License-Identifier: Apache-2.0
//
// The production backend: the kernel of this host, through libbpf.
//
// The only package that sees libbpf. Threads and ownership as the port says
// (server/engine/kernel.h).
#ifndef SCHEDD_KERNEL_LIBBPF_HOST_H_
#define SCHEDD_KERNEL_LIBBPF_HOST_H_

#include <memory>

#include "server/engine/kernel.h"

namespace schedd {

std::unique_ptr<KernelHost> MakeLibbpfHost();

}  // namespace schedd

#endif  // SCHEDD_KERNEL_LIBBPF_HOST_H_
