// SPDX-License-Identifier: Apache-2.0
#include "server/control/scheduler_control.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/control/counters.h"
#include "server/control/error.h"

namespace schedd {
namespace {

// How soon an ejection, a foreign scheduler or lost events are noticed when nobody asks.
constexpr absl::Duration kTickInterval = absl::Milliseconds(100);
constexpr int kQuietTicks = 10;

absl::string_view ReasonOfLoadError(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kPermissionDenied:
      return reason::kPrivilegeMissing;
    case absl::StatusCode::kUnimplemented:
      return reason::kSchedExtUnsupported;
    case absl::StatusCode::kInternal:
      return reason::kVerifierRejected;
    default:
      return reason::kAttachFailed;
  }
}

}  // namespace

SchedulerControl::SchedulerControl(Sequence* sequence, const Clock* clock, KernelHost* host,
                                   EngineRunnerFactory make_engine, const ControlOptions* options,
                                   std::function<EngineSeed()> seed)
    : clock_(clock),
      host_(host),
      make_engine_(std::move(make_engine)),
      options_(options),
      seed_(std::move(seed)),
      dumps_(options->dump_directory, static_cast<size_t>(std::max(options->max_dumps, 0))),
      outbox_(sequence, [this] { Publish(); }),
      watch_(absl::ToUnixMicros(clock->Now())),
      tick_(sequence),
      reattach_budget_(sequence, options->reattach_limit),
      reattach_(sequence) {
  Publish();
  Tick();
}

absl::Status SchedulerControl::Attach(const AttachRequest& request) {
  const SchedulerScope scope =
      request.scope == SchedulerScope::kConfigured ? ConfiguredScope() : request.scope;
  if (request.validate_only) return Load(scope).status();
  NoticeEnd();
  const KernelState state = host_->ReadState();
  if (attachment_ != nullptr && state.attachment == KernelState::Attachment::kOurs) {
    return absl::OkStatus();
  }
  if (state.attachment == KernelState::Attachment::kForeign) return CheckNotBusy(state);
  // Somebody sees to it: whatever was planned, and what went before, counts no more.
  CancelReattach();
  reattach_budget_.Reset();
  // The kernel says that it is gone, though it never told us why.
  if (attachment_ != nullptr) End(std::nullopt);
  const absl::Status status = Start(scope);
  if (!status.ok()) Log(absl::StrCat("attach failed: ", status.message()));
  Publish();
  return status;
}

absl::Status SchedulerControl::CheckNotBusy(const KernelState& state) const {
  const bool another_schedd =
      state.attachment == KernelState::Attachment::kOurs && attachment_ == nullptr;
  if (!another_schedd && state.attachment != KernelState::Attachment::kForeign) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, reason::kSchedulerBusy,
                   absl::StrCat("the scheduler \"", state.ops_name, "\"",
                                another_schedd ? " of another schedd" : "",
                                " is attached: the kernel takes one at a time; stop it first"),
                   {{"ops_name", state.ops_name}});
}

absl::StatusOr<std::unique_ptr<Kernel>> SchedulerControl::Load(SchedulerScope scope) {
  LoadOptions load = options_->load;
  load.ext_tasks_only = scope == SchedulerScope::kExtOnly;
  absl::StatusOr<std::unique_ptr<Kernel>> kernel = host_->Load(load);
  if (kernel.ok()) return kernel;
  return WithReason(kernel.status(), ReasonOfLoadError(kernel.status().code()));
}

absl::StatusOr<std::unique_ptr<Kernel>> SchedulerControl::Obtain(SchedulerScope scope) {
  absl::StatusOr<std::unique_ptr<Kernel>> adopted = host_->Adopt(options_->load);
  if (adopted.ok()) return adopted;
  if (absl::Status status = CheckNotBusy(host_->ReadState()); !status.ok()) return status;
  return Load(scope);
}

absl::Status SchedulerControl::Start(SchedulerScope scope) {
  absl::StatusOr<std::unique_ptr<Kernel>> kernel = Obtain(scope);
  if (!kernel.ok()) return kernel.status();
  auto attachment = std::make_unique<Attachment>();
  attachment->kernel = *std::move(kernel);
  const EngineSeed seed = seed_();
  absl::StatusOr<std::unique_ptr<EngineRunner>> engine =
      make_engine_(attachment->kernel.get(), seed.parameters, seed.generation);
  if (!engine.ok()) return WithReason(engine.status(), reason::kSelfTestFailed);
  attachment->engine = *std::move(engine);
  const absl::Status status = attachment->kernel->Attach();
  if (status.code() == absl::StatusCode::kFailedPrecondition) {
    return WithReason(status, reason::kSchedulerBusy, {{"ops_name", host_->ReadState().ops_name}});
  }
  if (absl::IsUnimplemented(status)) return WithReason(status, reason::kSchedExtUnsupported);
  if (!status.ok()) return WithReason(status, reason::kAttachFailed);

  const bool ext_only = attachment->kernel->memory().header->ext_tasks_only != 0;
  attachment->scope = ext_only ? SchedulerScope::kExtOnly : SchedulerScope::kAll;
  attachment->attach_time = clock_->Now();
  attachment->number = ++attach_count_;
  // The process first, here, and last in AddOwnCost(): then it has never used less than its thread.
  attachment->usage_before = options_->process_usage();
  attachment->cpu_time_before_ns = attachment->engine->cpu_time_ns();
  attachment->switches_before = attachment->engine->switches();
  attachment->page_faults_before =
      host_->PageFaultCount(attachment->engine->scheduling_tid()).value_or(-1);
  attachment_ = std::move(attachment);
  ejected_ = false;
  outbox_.Connect(attachment_->engine.get());
  for (AttachmentObserver* observer : observers_) observer->OnAttached(*attachment_);
  Log(absl::StrCat(attachment_->kernel->adopted() ? "adopted" : "attached", ", generation ",
                   seed.generation));
  if (attachment_->scope != scope) {
    Log("the scope is that of the adopted dispatcher: detach and attach to change it");
  }
  return absl::OkStatus();
}

absl::Status SchedulerControl::Detach(const std::string& reason) {
  NoticeEnd();
  CancelReattach();
  if (attachment_ == nullptr) return absl::OkStatus();
  if (absl::Status status = attachment_->kernel->Detach(); !status.ok()) {
    return WithReason(status, reason::kDetachFailed);
  }
  End(attachment_->kernel->Exit());
  Log(absl::StrCat("detached", reason.empty() ? "" : ": ", reason));
  Publish();
  return absl::OkStatus();
}

void SchedulerControl::HandOver() {
  NoticeEnd();
  if (attachment_ != nullptr) {
    std::unique_ptr<Attachment> ended = End(std::nullopt);
    // The engine first: once it is released, the dispatcher's memory is the next daemon's.
    ended->engine.reset();
    ended->kernel->Release();
    Log("handed over");
  }
  CancelReattach();
  tick_.Stop();
}

absl::Status SchedulerControl::Shutdown() {
  const absl::Status status = Detach("the daemon ends");
  if (attachment_ != nullptr) End(std::nullopt);
  tick_.Stop();
  return status;
}

void SchedulerControl::NoticeEnd() {
  if (attachment_ == nullptr) return;
  const std::optional<KernelExit> exit = attachment_->kernel->Exit();
  if (!exit.has_value()) return;
  End(exit);
  ejected_ = true;
  Log(absl::StrCat("ejected by the kernel: ", exit->reason, ": ", exit->message));
  if (ReattachBudget::IsError(exit->kind)) {
    for (AttachmentObserver* observer : observers_) observer->OnEjected();
    PlanReattach();
  }
  Publish();
}

void SchedulerControl::PlanReattach() {
  if (reattach_budget_.limit() <= 0) return;
  const std::optional<absl::Duration> delay = reattach_budget_.Take();
  if (!delay.has_value()) {
    Log(absl::StrCat("not attached again: that was tried ", reattach_budget_.used(),
                     " times, the limit is ", reattach_budget_.limit()));
    return;
  }
  Log(absl::StrCat("attaching again in ", absl::FormatDuration(*delay), ", try ",
                   reattach_budget_.used(), " of ", reattach_budget_.limit()));
  reattach_time_ = clock_->Now() + *delay;
  reattach_.Start(*delay, [this] { Reattach(); });
}

void SchedulerControl::Reattach() {
  reattach_time_ = absl::InfiniteFuture();
  if (absl::Status busy = CheckNotBusy(host_->ReadState()); !busy.ok()) {
    Log(absl::StrCat("not attached again: ", busy.message()));
  } else if (absl::Status status = Start(last_scope_); !status.ok()) {
    Log(absl::StrCat("attach failed: ", status.message()));
    PlanReattach();
  }
  Publish();
}

void SchedulerControl::CancelReattach() {
  reattach_.Stop();
  reattach_time_ = absl::InfiniteFuture();
}

// Forgets the attachment, whose end unloads it; what an exit says is kept.
std::unique_ptr<Attachment> SchedulerControl::End(const std::optional<KernelExit>& exit) {
  if (exit.has_value()) {
    last_exit_ = ExitInfo{.kind = exit->kind,
                          .reason = exit->reason,
                          .message = exit->message,
                          .exit_time = clock_->Now(),
                          .dump_path = KeepDump(exit->dump)};
  }
  lost_before_ += ReadLostEventCount(attachment_->kernel->memory());
  last_scope_ = attachment_->scope;
  // Nobody may look at the attachment from here on, callbacks of the outbox included.
  std::unique_ptr<Attachment> ended = std::move(attachment_);
  outbox_.Connect(nullptr);
  for (AttachmentObserver* observer : observers_) observer->OnDetached();
  return ended;
}

std::string SchedulerControl::KeepDump(const std::string& dump) {
  if (dump.empty()) return std::string();
  const absl::StatusOr<std::string> path = dumps_.Write(clock_->Now(), dump);
  if (path.ok()) return *path;
  Log(absl::StrCat("the kernel's dump is lost: ", path.status().message()));
  return std::string();
}

const Attachment* SchedulerControl::attachment() {
  NoticeEnd();
  return attachment_.get();
}

bool SchedulerControl::IsAttachedNow() const {
  return attachment_ != nullptr && host_->ReadState().attachment == KernelState::Attachment::kOurs;
}

SchedulerScope SchedulerControl::ConfiguredScope() const {
  return options_->load.ext_tasks_only ? SchedulerScope::kExtOnly : SchedulerScope::kAll;
}

SchedulerState SchedulerControl::StateOf(const KernelState& state) const {
  switch (state.attachment) {
    case KernelState::Attachment::kUnsupported:
      return SchedulerState::kUnsupported;
    case KernelState::Attachment::kForeign:
      return SchedulerState::kForeign;
    case KernelState::Attachment::kOurs:
      // The name is ours, but not of this process.
      return attachment_ != nullptr ? SchedulerState::kAttached : SchedulerState::kForeign;
    case KernelState::Attachment::kDetached:
      break;
  }
  return ejected_ ? SchedulerState::kEjected : SchedulerState::kDetached;
}

int64_t SchedulerControl::PageFaults() const {
  const absl::StatusOr<int64_t> faults =
      host_->PageFaultCount(attachment_->engine->scheduling_tid());
  if (!faults.ok() || attachment_->page_faults_before < 0) return -1;
  return *faults - attachment_->page_faults_before;
}

// What the daemon has used since this attachment began.
void SchedulerControl::AddOwnCost(SchedulerInfo& info) const {
  SchedulerCounters& counters = *info.counters;
  info.scheduling_cpu_duration =
      absl::Nanoseconds(attachment_->engine->cpu_time_ns() - attachment_->cpu_time_before_ns);
  const absl::StatusOr<SwitchCounts>& before = attachment_->switches_before;
  const absl::StatusOr<SwitchCounts> now = attachment_->engine->switches();
  const bool known = before.ok() && now.ok();
  counters.scheduling_voluntary_switch_count = known ? now->voluntary - before->voluntary : -1;
  counters.scheduling_involuntary_switch_count =
      known ? now->involuntary - before->involuntary : -1;
  const ProcessUsage usage = options_->process_usage();
  const ProcessUsage& usage_before = attachment_->usage_before;
  info.daemon_cpu_duration = absl::Nanoseconds(usage.cpu_time_ns - usage_before.cpu_time_ns);
  counters.daemon_voluntary_switch_count =
      usage.switches.voluntary - usage_before.switches.voluntary;
  counters.daemon_involuntary_switch_count =
      usage.switches.involuntary - usage_before.switches.involuntary;
}

SchedulerInfo SchedulerControl::Get() {
  NoticeEnd();
  return Describe();
}

SchedulerInfo SchedulerControl::Describe() const {
  const KernelState state = host_->ReadState();
  SchedulerInfo info;
  info.state = StateOf(state);
  info.ops_name = state.ops_name;
  info.scope = ConfiguredScope();
  info.last_exit = last_exit_;
  info.attach_count = attach_count_;
  info.reattach_count = reattach_budget_.used();
  info.reattach_limit = reattach_budget_.limit();
  if (reattach_.running()) info.reattach_time = reattach_time_;
  info.daemon_version = options_->daemon_version;
  info.kernel_release = options_->kernel_release;
  info.policy_kind = options_->policy_kind;
  if (info.state != SchedulerState::kAttached) return info;
  info.scope = attachment_->scope;
  info.policy_generation = attachment_->engine->applied_generation();
  info.attach_time = attachment_->attach_time;
  info.decision_latency = ReadDecisionLatency(attachment_->kernel->memory());
  info.counters = ReadCounters(*attachment_, info.decision_latency, PageFaults());
  AddOwnCost(info);
  return info;
}

void SchedulerControl::Tick() {
  NoticeEnd();
  if (attachment_ != nullptr) attachment_->engine->Reclaim();
  // A pulse is some dozens of counters and files. Where nobody listens there is one a second, so
  // that the next listener begins with one that is no older.
  if (watch_.has_listeners() || ++unpublished_ticks_ >= kQuietTicks) Publish();
  tick_.Start(kTickInterval, [this] { Tick(); });
}

void SchedulerControl::Publish() {
  unpublished_ticks_ = 0;
  SchedulerPulse pulse;
  pulse.time = clock_->Now();
  pulse.scheduler = Describe();
  pulse.applied_generation = pulse.scheduler.policy_generation;
  pulse.apply_time = absl::InfinitePast();
  if (pulse.applied_generation != 0) pulse.apply_time = ApplyTime(*attachment_, *clock_);
  pulse.lost_event_count = lost_before_;
  if (attachment_ != nullptr) {
    pulse.lost_event_count += ReadLostEventCount(attachment_->kernel->memory());
  }
  watch_.Publish(std::move(pulse));
}

void SchedulerControl::Log(const std::string& line) const {
  if (options_->log) options_->log(line);
}

}  // namespace schedd
