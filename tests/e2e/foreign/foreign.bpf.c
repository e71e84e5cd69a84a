/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Somebody else's scheduler, for tests: the smallest that the kernel takes. It has no callback, so
 * every task goes through the kernel's global queue. Registered by `bpftool struct_ops register`,
 * which pins its link; removing the pin ends it.
 */
#include "bpf/kernel_types.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC(".struct_ops.link")
struct sched_ext_ops foreign_ops = {
    .name = "foreign",
};
