// SPDX-License-Identifier: Apache-2.0
#include "server/sim/paced_kernel.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

constexpr int64_t kUnregistered = 64;  // SCX_EXIT_UNREG

}  // namespace

bool Attachments::Take(const Kernel* kernel, const std::string& name, std::string* in_charge) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (kernel_ != nullptr && kernel_ != kernel) {
    *in_charge = name_;
    return false;
  }
  kernel_ = kernel;
  name_ = name;
  return true;
}

bool Attachments::Leave(const Kernel* kernel) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (kernel_ != kernel) return false;
  kernel_ = nullptr;
  name_.clear();
  return true;
}

std::string Attachments::name() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return name_;
}

PacedKernel::PacedKernel(std::shared_ptr<PacedMachine> machine,
                         std::shared_ptr<Attachments> attachments,
                         std::shared_ptr<const PacedTrouble> trouble, int nr_cpus,
                         const LoadOptions& options)
    : machine_(std::move(machine)),
      attachments_(std::move(attachments)),
      trouble_(std::move(trouble)),
      name_(options.ops_name),
      memory_(nr_cpus, options.max_tasks) {
  memory_.shared().header->daemon_tgid = static_cast<uint32_t>(getpid());
  machine_->With([this](SimMachine& sim) {
    dispatcher_ = std::make_unique<Dispatcher>(&sim, memory_.shared(), [this] { RingDoorbell(); });
    dispatcher_->adversity() = trouble_->adversity;
  });
  machine_->AddService(this, [this] {
    dispatcher_->adversity() = trouble_->adversity;
    if (commit_requested_.exchange(false)) dispatcher_->Commit();
  });
}

PacedKernel::~PacedKernel() {
  (void)Detach();
  machine_->RemoveService(this);
}

// The machine's thread does the work: simulating allocates, which the scheduling thread must not.
void PacedKernel::Commit() {
  SitOutStall();
  commit_requested_.store(true);
  machine_->Nudge();
}

void PacedKernel::Wait(int64_t until_ns) {
  // Far in the future is for ever; the clock's arithmetic must not overflow.
  constexpr std::chrono::hours kLongest(1);
  const auto end =
      std::min(machine_->clock().RealTime(until_ns), std::chrono::steady_clock::now() + kLongest);
  bool called = false;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    doorbell_.wait_until(lock, end, [this] { return woken_; });
    called = called_;
    woken_ = false;
    called_ = false;
  }
  if (!called) SitOutStall();
}

void PacedKernel::RingDoorbell() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
  }
  doorbell_.notify_one();
}

void PacedKernel::Wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    called_ = true;
  }
  RingDoorbell();
}

// Doorbells do not end a stall. A call does: the daemon must be able to end.
void PacedKernel::SitOutStall() {
  const int64_t until_ns = trouble_->stalled_until_ns.load(std::memory_order_relaxed);
  if (until_ns <= NowNanos()) return;
  std::unique_lock<std::mutex> lock(mutex_);
  doorbell_.wait_until(lock, machine_->clock().RealTime(until_ns), [this] { return called_; });
}

absl::Status PacedKernel::Attach() {
  std::string in_charge;
  if (!attachments_->Take(this, name_, &in_charge)) {
    return absl::FailedPreconditionError(
        absl::StrCat("scheduler \"", in_charge, "\" is attached; detach it first"));
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    exit_.reset();
  }
  machine_->With([this](SimMachine& sim) { sim.SetScheduler(dispatcher_.get()); });
  return absl::OkStatus();
}

absl::Status PacedKernel::Detach() {
  if (attachments_->name().empty() || !attachments_->Leave(this)) return absl::OkStatus();
  machine_->With([](SimMachine& sim) { sim.SetScheduler(nullptr); });
  const std::lock_guard<std::mutex> lock(mutex_);
  exit_ = KernelExit{
      .kind = kUnregistered, .reason = "unregistered from user space", .message = "", .dump = ""};
  return absl::OkStatus();
}

std::optional<KernelExit> PacedKernel::Exit() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return exit_;
}

}  // namespace schedd
