// SPDX-License-Identifier: Apache-2.0
//
// Keeps the kernel from moving locked pages while a dispatcher is installed.
//
// To make room for a large block of memory the kernel moves pages, locked ones too, and who touches
// one meanwhile takes a fault and waits: the scheduling thread must not (invariant I4). The setting
// vm.compact_unevictable_allowed forbids it (Documentation/admin-guide/sysctl/vm.rst). It is the
// whole machine's, so its former value is kept in a file until it is put back, by this daemon, the
// one that adopts from it, or the sweeper.
//
// Called by the owner of the pin directory only: its lock is what keeps two of them apart. `root`
// is put before each path ("" on a real host). Blocks for the writing of small files.
#ifndef SCHEDD_KERNEL_COMPACTION_H_
#define SCHEDD_KERNEL_COMPACTION_H_

#include <string>

#include "absl/status/status.h"

namespace schedd {

// Where the former value is kept: on a file system that a reboot empties, as it resets the setting.
inline constexpr char kCompactionFile[] = "/run/schedd.compact_unevictable_allowed";

// Again for one who adopts: what was kept stays. Nothing changes when the kernel moves no locked
// pages anyway (no compaction, or it is forbidden already), or when the former value cannot be
// kept; the latter, and a setting that cannot be written, is an error.
absl::Status HoldLockedPages(const std::string& root);

// Puts back what HoldLockedPages() found, unless somebody else has changed it since. Nothing
// without it.
void ReleaseLockedPages(const std::string& root);

}  // namespace schedd

#endif  // SCHEDD_KERNEL_COMPACTION_H_
