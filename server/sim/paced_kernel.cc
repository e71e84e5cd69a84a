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
                         std::shared_ptr<Attachments> attachments, int nr_cpus,
                         const LoadOptions& options)
    : machine_(std::move(machine)),
      attachments_(std::move(attachments)),
      name_(options.ops_name),
      memory_(nr_cpus, options.max_tasks) {
  memory_.shared().header->daemon_tgid = static_cast<uint32_t>(getpid());
  machine_->With([this](SimMachine& sim) {
    dispatcher_ = std::make_unique<Dispatcher>(&sim, memory_.shared(), [this] { Wake(); });
  });
  machine_->AddService(this, [this] {
    if (commit_requested_.exchange(false)) dispatcher_->Commit();
  });
}

PacedKernel::~PacedKernel() {
  (void)Detach();
  machine_->RemoveService(this);
}

// The machine's thread does the work: simulating allocates, which the scheduling thread must not.
void PacedKernel::Commit() {
  commit_requested_.store(true);
  machine_->Nudge();
}

void PacedKernel::Wait(int64_t until_ns) {
  // Far in the future is for ever; the clock's arithmetic must not overflow.
  constexpr int64_t kLongestNs = 3'600'000'000'000;
  const int64_t end_ns = std::min(until_ns, NowNanos() + kLongestNs);
  const std::chrono::steady_clock::time_point end{std::chrono::nanoseconds(end_ns)};
  std::unique_lock<std::mutex> lock(mutex_);
  doorbell_.wait_until(lock, end, [this] { return woken_; });
  woken_ = false;
}

void PacedKernel::Wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
  }
  doorbell_.notify_one();
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
