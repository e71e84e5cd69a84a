// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/exit_code.h"

namespace schedd::daemon {
namespace {

constexpr ExitCodeDoc kDocs[] = {
    {ExitCode::kOk, "ended as asked (SIGTERM, SIGINT, --help, --check-config)"},
    {ExitCode::kInternal, "internal error"},
    {ExitCode::kUsage, "wrong flag, configuration file or parameter value"},
    {ExitCode::kPermission, "not root, or not allowed to use a file or directory"},
    {ExitCode::kNoSchedExt, "this kernel has no sched_ext, or allows none as it was booted"},
    {ExitCode::kForeignScheduler, "another sched_ext scheduler is attached"},
    {ExitCode::kAlreadyRunning, "another schedd serves the same socket"},
    {ExitCode::kBpfRefused, "the kernel refused the BPF program"},
    {ExitCode::kCannotListen, "cannot listen on an address, for example because it is in use"},
};

}  // namespace

absl::Span<const ExitCodeDoc> ExitCodeDocs() { return kDocs; }

}  // namespace schedd::daemon
