// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/libbpf_kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bpf/dispatcher.skel.h"
#include "bpf/ring.h"
#include "server/kernel/compaction.h"
#include "server/kernel/host_files.h"
#include "server/kernel/kernel_exit.h"
#include "server/kernel/kernel_features.h"
#include "server/kernel/libbpf_log.h"
#include "server/kernel/own_priority.h"

namespace schedd {
namespace {

// Decisions a CPU may insert in one dispatch; ours only move, so the kernel's default would do.
// Thousands fail its allocator.
constexpr uint32_t kDispatchMaxBatch = 32;
// Before the first directive: the policy's own numbers replace these at the engine's first pass.
constexpr uint64_t kInitialSliceNs = 10'000'000;
constexpr uint64_t kInitialDecisionBudgetNs = 20'000'000;
// A thread of the daemon runs this long at most before others get a turn. Two ticks at HZ=250.
constexpr uint64_t kProtectedSliceNs = 8'000'000;
constexpr absl::Duration kStateTimeout = absl::Seconds(5);
// A daemon that hands over, or was killed, lets go of its dispatcher at its very end.
constexpr absl::Duration kOwnerTimeout = absl::Seconds(1);
constexpr char kLinkPin[] = "link";

// Waits until the kernel's state is as `done` wants it.
template <typename Predicate>
bool AwaitState(const std::string& ops_name, Predicate done) {
  const absl::Time deadline = absl::Now() + kStateTimeout;
  while (!done(ReadSchedExtState("", ops_name))) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

// The skeleton shows the numbers of the struct but not its name array: find that in the object's
// BTF.
absl::Status SetOpsName(const bpf_object* object, const bpf_map* map, const std::string& name) {
  const btf* types = bpf_object__btf(object);
  const int id = btf__find_by_name_kind(types, "sched_ext_ops", BTF_KIND_STRUCT);
  if (id < 0) return absl::InternalError("the BPF object has no type sched_ext_ops");
  const btf_type* type = btf__type_by_id(types, static_cast<uint32_t>(id));
  size_t size = 0;
  char* data = static_cast<char*>(bpf_map__initial_value(map, &size));
  for (uint32_t i = 0; i < btf_vlen(type); i++) {
    const btf_member& member = btf_members(type)[i];
    if (std::string("name") != btf__name_by_offset(types, member.name_off)) continue;
    const size_t offset = btf_member_bit_offset(type, i) / 8;
    if (data == nullptr || offset + name.size() >= size) break;
    memcpy(data + offset, name.c_str(), name.size() + 1);
    return absl::OkStatus();
  }
  return absl::InternalError("the BPF object's sched_ext_ops has no room for a name");
}

// After the kernel refused to load the dispatcher; `log` is libbpf's.
absl::Status LoadError(int error, const std::string& log) {
  const std::vector<std::string> uncallable = FindUncallableFunctions();
  if (uncallable.empty()) {
    return absl::InternalError(
        absl::StrCat("the kernel refused the dispatcher (", strerror(error), "): ", log));
  }
  return absl::InternalError(absl::StrCat(
      "this build of the kernel cannot run a sched_ext scheduler: its type information (BTF) is "
      "defective, so that BPF programs cannot call ",
      uncallable.size(), " of its functions (", absl::StrJoin(uncallable, ", "),
      "). Boot another kernel; a build of this one with pahole 1.31 or newer has them. libbpf "
      "says: ",
      log));
}

// After the kernel refused to enable the dispatcher; `log` is libbpf's.
absl::Status EnableError(int error, const std::string& log) {
  const std::string refusal =
      absl::StrCat("the kernel did not attach the dispatcher (", strerror(error), ")");
  // scx_enable() refuses when isolcpus= isolates CPUs from load balancing, with this error.
  const std::string isolation = error == EINVAL ? ReadBootArgument("", "isolcpus") : "";
  if (isolation.empty()) return absl::InternalError(absl::StrCat(refusal, ": ", log));
  return absl::UnimplementedError(absl::StrCat(
      refusal, ": it was booted with ", isolation,
      ", beside which it allows no sched_ext scheduler. Boot without, and set CPUs apart by a "
      "cpuset partition instead (cpuset.cpus.partition=isolated)"));
}

absl::Status ForeignError(const KernelState& state) {
  return absl::FailedPreconditionError(
      absl::StrCat("another sched_ext scheduler is attached: ", state.ops_name,
                   ". Only one can be: stop it first, then attach again"));
}

// What is there for as long as a dispatcher: its pins, which are ours, and a setting of the kernel.
// That one is no condition: where it cannot be had (a container), the counter of page faults tells
// what it would have been good for.
void Install() { HoldLockedPages("").IgnoreError(); }

void Uninstall(const PinDirectory& pins) {
  ReleaseLockedPages("");
  pins.Remove();
}

}  // namespace

void LibbpfKernel::SkeletonDestroy::operator()(dispatcher* skeleton) const {
  dispatcher__destroy(skeleton);
}

absl::StatusOr<std::unique_ptr<LibbpfKernel>> LibbpfKernel::Load(const LoadOptions& options) {
  RenewNiceValues();  // seconds of CPU time are ahead
  absl::StatusOr<uint32_t> cpu_count = ReadCpuIdCount("");
  if (!cpu_count.ok()) return cpu_count.status();
  std::unique_ptr<LibbpfKernel> kernel(new LibbpfKernel(options));
  LibbpfLogCapture log;
  kernel->skeleton_.reset(dispatcher__open());
  if (!kernel->skeleton_)
    return absl::InternalError(absl::StrCat("cannot open the BPF object: ", log.Tail()));
  if (absl::Status status = kernel->Configure(*cpu_count); !status.ok()) return status;
  if (const int error = dispatcher__load(kernel->skeleton_.get()); error != 0)
    return LoadError(-error, log.Tail());
  absl::StatusOr<std::unique_ptr<DispatcherParts>> parts =
      DispatcherParts::Of(kernel->skeleton_.get());
  if (!parts.ok()) return parts.status();
  kernel->parts_ = *std::move(parts);
  kernel->InitializeHeader(*cpu_count);
  return kernel;
}

absl::StatusOr<std::unique_ptr<LibbpfKernel>> LibbpfKernel::Adopt(const LoadOptions& options) {
  absl::StatusOr<std::unique_ptr<PinDirectory>> pins =
      PinDirectory::Take(kPinDirectory, PinDirectory::Missing::kFail, kOwnerTimeout);
  if (absl::IsAlreadyExists(pins.status())) {
    return absl::FailedPreconditionError("another schedd lives and owns the dispatcher");
  }
  if (!pins.ok()) return absl::NotFoundError(pins.status().message());
  std::unique_ptr<LibbpfKernel> kernel(new LibbpfKernel(options));
  absl::StatusOr<UniqueFd> link = (*pins)->Get(kLinkPin);
  absl::StatusOr<std::unique_ptr<DispatcherParts>> parts = DispatcherParts::Open(**pins);
  const bool runs =
      ReadSchedExtState("", options.ops_name).attachment == KernelState::Attachment::kOurs;
  const bool usable = link.ok() && parts.ok() && runs && (*parts)->memory().header->exit_kind == 0;
  if (!usable) {
    // Over, never begun, or not to be understood: only rubbish, then.
    if (link.ok()) bpf_link_detach(link->get());
    Uninstall(**pins);
    kernel->AwaitGone();
    return absl::NotFoundError(parts.ok() ? "the dispatcher left behind has ended"
                                          : parts.status().message());
  }
  kernel->pins_ = *std::move(pins);
  kernel->parts_ = *std::move(parts);
  kernel->link_ = *std::move(link);
  kernel->adopted_ = true;
  Install();
  kernel->TakeOver();
  return kernel;
}

absl::Status LibbpfKernel::Configure(uint32_t cpu_count) {
  bpf_map__set_max_entries(skeleton_->maps.slots, options_.max_tasks);
  bpf_map__set_max_entries(skeleton_->maps.cpus, cpu_count);
  bpf_map__set_max_entries(skeleton_->maps.events, cpu_count);
  auto* ops = skeleton_->struct_ops.schedd_ops;
  // The dispatcher has update_idle(); without this flag the kernel would stop tracking idle CPUs
  // itself.
  absl::StatusOr<uint64_t> keep_idle = FindOpsFlag("SCX_OPS_KEEP_BUILTIN_IDLE");
  if (!keep_idle.ok()) return keep_idle.status();
  ops->flags = *keep_idle;
  if (options_.ext_tasks_only) {
    absl::StatusOr<uint64_t> partial = FindOpsFlag("SCX_OPS_SWITCH_PARTIAL");
    if (!partial.ok()) return partial.status();
    ops->flags |= *partial;
  }
  ops->dispatch_max_batch = kDispatchMaxBatch;
  ops->timeout_ms = options_.watchdog_timeout_ms;
  ops->exit_dump_len = SCHEDD_DUMP_LEN;
  ops->hotplug_seq = ReadHotplugSequence("");
  return SetOpsName(skeleton_->obj, skeleton_->maps.schedd_ops, options_.ops_name);
}

void LibbpfKernel::InitializeHeader(uint32_t cpu_count) {
  schedd_header* header = memory().header;
  header->abi_version = SCHEDD_ABI_VERSION;
  header->nr_cpus = cpu_count;
  header->nr_slots = options_.max_tasks;
  header->orphan_timeout_ns = static_cast<uint64_t>(options_.orphan_timeout_ns);
  header->ext_tasks_only = options_.ext_tasks_only ? 1 : 0;
  header->daemon_tgid = getpid();
  header->daemon_epoch = 1;
  header->heartbeat_ns = static_cast<uint64_t>(NowNanos());
  header->base_slice_ns = kInitialSliceNs;
  header->protected_slice_ns = kProtectedSliceNs;
  header->decision_budget_ns = kInitialDecisionBudgetNs;
}

// What the dispatcher must know of its new daemon, and what the old one may have left half done.
void LibbpfKernel::TakeOver() {
  schedd_header* header = memory().header;
  schedd_decision_resume(memory().decisions);
  header->parked = 0;
  header->orphan_timeout_ns = static_cast<uint64_t>(options_.orphan_timeout_ns);
  header->heartbeat_ns = static_cast<uint64_t>(NowNanos());
  header->daemon_tgid = getpid();
  __atomic_fetch_add(&header->daemon_epoch, 1, __ATOMIC_SEQ_CST);
}

LibbpfKernel::~LibbpfKernel() { static_cast<void>(Detach()); }

int64_t LibbpfKernel::NowNanos() const {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void LibbpfKernel::Commit() {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  // It can only fail to run at all, and then the CPUs drain the ring themselves when they dispatch.
  static_cast<void>(bpf_prog_test_run_opts(parts_->commit_fd(), &options));
}

void LibbpfKernel::Wait(int64_t until_ns) {
  const int64_t timeout_ns =
      until_ns == INT64_MAX ? -1 : std::max<int64_t>(0, until_ns - NowNanos());
  parts_->doorbell().Wait(timeout_ns);
}

void LibbpfKernel::Wake() { parts_->doorbell().Wake(); }

absl::Status LibbpfKernel::Attach() {
  if (link_.valid()) return absl::OkStatus();
  const KernelState before = ReadSchedExtState("", options_.ops_name);
  if (!before.ops_name.empty()) return ForeignError(before);
  absl::StatusOr<std::unique_ptr<PinDirectory>> pins =
      PinDirectory::Take(kPinDirectory, PinDirectory::Missing::kCreate, kOwnerTimeout);
  if (absl::IsAlreadyExists(pins.status())) return ForeignError(before);
  if (!pins.ok()) return pins.status();
  pins_ = *std::move(pins);
  pins_->Clear();
  Install();
  absl::Status status = parts_->Pin(*pins_);
  if (status.ok()) status = Link();
  // Last: a pinned link stands for a dispatcher that is whole.
  if (status.ok()) status = pins_->Pin(link_.get(), kLinkPin);
  if (status.ok()) return status;
  static_cast<void>(Detach());
  if (pins_ != nullptr) Uninstall(*pins_);
  pins_.reset();
  return status;
}

absl::Status LibbpfKernel::Link() {
  LibbpfLogCapture log;
  bpf_link* link = bpf_map__attach_struct_ops(skeleton_->maps.schedd_ops);
  if (link == nullptr) {
    const int error = errno;
    const KernelState now = ReadSchedExtState("", options_.ops_name);
    if (error == EBUSY && !now.ops_name.empty()) return ForeignError(now);
    return EnableError(error, log.Tail());
  }
  link_ = UniqueFd(fcntl(bpf_link__fd(link), F_DUPFD_CLOEXEC, 0));
  const int error = errno;
  bpf_link__destroy(link);
  if (!link_.valid()) return absl::ErrnoToStatus(error, "cannot keep the link");
  // Ended at once (its init failed, for example) counts as an end of the wait, too.
  const bool settled = AwaitState(options_.ops_name, [this](const KernelState& state) {
    return state.attachment == KernelState::Attachment::kOurs || Exit().has_value();
  });
  const std::optional<KernelExit> exit = Exit();
  if (settled && !exit) return absl::OkStatus();
  if (!exit)
    return absl::DeadlineExceededError("the kernel did not enable the dispatcher within 5 s");
  return absl::InternalError(absl::StrCat(
      "the kernel ended the dispatcher while attaching it: ", exit->reason, ": ", exit->message));
}

bool LibbpfKernel::AwaitGone() const {
  return AwaitState(options_.ops_name, [](const KernelState& state) {
    if (state.attachment == KernelState::Attachment::kOurs) return false;
    // Enabled, and nobody's: it went while this was read, and its tasks may still be on their way.
    return state.raw_state != "disabling" &&
           (state.raw_state != "enabled" || !state.ops_name.empty());
  });
}

absl::Status LibbpfKernel::Detach() {
  if (!link_.valid()) return absl::OkStatus();
  // Whoever else holds the link (a daemon that ends just now), it ends here; kernels before 6.11
  // cannot do that, there the last descriptor counts.
  bpf_link_detach(link_.get());
  pins_->Clear();
  link_ = UniqueFd();
  const bool gone = AwaitGone();
  RenewNiceValues();  // calls are answered on a busy machine, too
  Uninstall(*pins_);
  pins_.reset();
  if (!gone)
    return absl::DeadlineExceededError("the kernel did not disable the dispatcher within 5 s");
  return absl::OkStatus();
}

void LibbpfKernel::Release() {
  link_ = UniqueFd();
  pins_.reset();
}

std::optional<KernelExit> LibbpfKernel::Exit() const {
  return ReadKernelExit(*memory().header, parts_->exit_dump());
}

}  // namespace schedd
