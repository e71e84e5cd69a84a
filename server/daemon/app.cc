// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/app.h"

#include <unistd.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "server/base/version.h"
#include "server/control/clock.h"
#include "server/control/control.h"
#include "server/control/control_thread.h"
#include "server/control/error.h"
#include "server/control/scheduling_thread.h"
#include "server/daemon/instance_lock.h"
#include "server/daemon/parameters.h"
#include "server/daemon/process.h"
#include "server/daemon/replace.h"
#include "server/daemon/roles_file.h"
#include "server/metrics/metrics_server.h"
#include "server/policy/registry.h"
#include "server/rpc/access_state.h"
#include "server/rpc/audit.h"
#include "server/rpc/roles.h"
#include "server/rpc/server.h"
#include "server/rpc/unix_socket.h"
#include "server/store/open_store.h"

namespace schedd::daemon {
namespace {

Outcome Problem(ExitCode code, const absl::Status& status) {
  return {code, std::string(status.message())};
}

// Of a failure before the kernel is asked for anything.
ExitCode CodeOf(const absl::Status& status, ExitCode otherwise) {
  return absl::IsPermissionDenied(status) ? ExitCode::kPermission : otherwise;
}

ExitCode AttachCode(const absl::Status& status) {
  const std::string reason = GetErrorReason(status);
  if (reason == reason::kSchedulerBusy) return ExitCode::kForeignScheduler;
  if (reason == reason::kVerifierRejected) return ExitCode::kBpfRefused;
  if (absl::IsUnimplemented(status)) return ExitCode::kNoSchedExt;
  return CodeOf(status, ExitCode::kInternal);
}

EngineRunnerFactory MakeEngineFactory(const Config& config, KernelHost* host) {
  EngineOptions options;
  options.spin_ns = config.spin_ns;
  return MakeSchedulingThreadFactory(host, config.policy, options);
}

ControlOptions MakeControlOptions(const Config& config, const PolicyParameters& parameters,
                                  const Log* log) {
  ControlOptions options;
  options.load.max_tasks = config.max_tasks;
  options.load.watchdog_timeout_ms = static_cast<uint32_t>(config.watchdog_timeout_ns / 1'000'000);
  options.load.ext_tasks_only = config.ext_tasks_only;
  options.load.orphan_timeout_ns = config.orphan_timeout_ns;
  options.reattach_limit = config.reattach_limit;
  options.parameters = parameters;
  options.safe_ranges = MakeSafeRanges(config).value_or(SafeRanges());
  options.bake_time = absl::Nanoseconds(config.bake_time_ns);
  options.policy_kind = config.policy;
  options.daemon_version = kVersion;
  options.kernel_release = KernelRelease();
  options.dump_directory = absl::StrCat(config.state_dir, "/dumps");
  options.log = [log](const std::string& line) { log->Info(line); };
  return options;
}

// Where changes are kept; nullptr: nowhere. A simulated machine has a file of its own, since what
// was meant for its tasks must not meet this machine's, and does without when it cannot write
// there.
std::unique_ptr<StateStore> OpenStateStore(const Config& config, const Log* log) {
  const bool simulated = config.kernel == Backend::kSim;
  OpenedStore opened = OpenStore(
      absl::StrCat(config.state_dir, simulated ? "/schedd-sim.db" : "/schedd.db"), absl::Now());
  if (!opened.damage.ok()) {
    log->Warning("stored changes were damaged: beginning with the configuration",
                 {{"kept", opened.kept_aside}, {"why", std::string(opened.damage.message())}});
  }
  if (opened.problem.ok()) return std::move(opened.store);
  const LogField why("why", std::string(opened.problem.message()));
  if (simulated && absl::IsPermissionDenied(opened.problem)) {
    log->Warning("changes will not outlast this daemon", {why});
    return nullptr;
  }
  log->Warning("changes will be refused", {why});
  return std::move(opened.store);
}

// Where the audit log is kept; nullptr: nowhere but in the daemon's log. As with OpenStateStore().
std::unique_ptr<AuditStore> OpenAuditStore(const Config& config, const Log* log) {
  const bool simulated = config.kernel == Backend::kSim;
  OpenedAudit opened = OpenAudit(
      absl::StrCat(config.state_dir, simulated ? "/audit-sim.db" : "/audit.db"), absl::Now());
  if (!opened.damage.ok()) {
    log->Warning("the audit log was damaged: beginning a new one",
                 {{"kept", opened.kept_aside}, {"why", std::string(opened.damage.message())}});
  }
  if (opened.problem.ok()) return std::move(opened.store);
  log->Warning("audit entries will only be in this log",
               {{"why", std::string(opened.problem.message())}});
  if (simulated && absl::IsPermissionDenied(opened.problem)) return nullptr;
  return std::move(opened.store);
}

// A file that is wrong leaves the roles as they were.
void ReloadRoles(const Config& config, rpc::RoleBook* roles, const Log* log) {
  absl::StatusOr<rpc::RoleTable> table = ReadRoles(config.roles_file);
  if (table.ok()) {
    roles->Set(*std::move(table));
    log->Info("roles read again", {{"file", config.roles_file}});
    return;
  }
  roles->SetProblem(std::string(table.status().message()));
  log->Error("the roles stay as they were",
             {{"file", config.roles_file}, {"why", std::string(table.status().message())}});
}

// One lock for each socket that it serves.
absl::StatusOr<std::vector<std::unique_ptr<InstanceLock>>> TakeLocks(const Config& config) {
  std::vector<std::unique_ptr<InstanceLock>> locks;
  for (const rpc::ListenAddress& address : config.listen) {
    if (address.kind != rpc::ListenAddress::Kind::kUnix) continue;
    const absl::Status made = rpc::MakeSocketDirectory(address.path);
    if (!made.ok()) return made;
    absl::StatusOr<std::unique_ptr<InstanceLock>> lock = InstanceLock::Take(address.path);
    if (!lock.ok()) return lock.status();
    locks.push_back(*std::move(lock));
  }
  return locks;
}

// A daemon hands over within milliseconds, and then ends its calls within kDrainGrace.
constexpr absl::Duration kReplaceTimeout = absl::Seconds(10);

absl::Status AskOthersToHandOver(const Config& config) {
  for (const rpc::ListenAddress& address : config.listen) {
    if (address.kind != rpc::ListenAddress::Kind::kUnix) continue;
    const absl::Status status = TakeOverFrom(address.path, kReplaceTimeout);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// A daemon that was replaced may need a moment to give its port up. All of it is shorter than the
// default of --orphan-timeout, which runs meanwhile.
constexpr absl::Duration kPortRetryInterval = absl::Milliseconds(100);
constexpr int kPortRetries = 50;

// nullptr when none are wanted. CANCELLED: a stop was asked for while the port was in use.
absl::StatusOr<std::unique_ptr<metrics::MetricsServer>> StartMetrics(const Config& config,
                                                                     Control* control,
                                                                     const rpc::RoleBook& roles,
                                                                     const rpc::AuditTrail& audit,
                                                                     StopSignal* stop) {
  if (!config.metrics_address.has_value()) return nullptr;
  for (int retries = config.replace ? kPortRetries : 0;; --retries) {
    auto server = metrics::MetricsServer::Start(*config.metrics_address, [control, &roles, &audit] {
      return rpc::WithAccessState(control->GetScheduler(), roles, audit);
    });
    if (retries == 0 || !absl::IsAlreadyExists(server.status())) return server;
    if (stop->Wait(kPortRetryInterval)) return absl::CancelledError();
  }
}

// Ends all calls and the metrics, then the attachment. A second stop signal ends the calls at once.
// A scrape under way does not hold the attachment up: it learns that there is no more to tell.
// server: nullptr when there is none.
absl::Status TakeDown(rpc::Server* server, metrics::MetricsServer* metrics, Control* control,
                      StopSignal* stop, absl::Duration grace) {
  std::thread metrics_end([metrics] {
    if (metrics != nullptr) metrics->Stop();
  });
  absl::Notification drained;
  std::thread drainer([&] {
    if (server != nullptr) server->Drain(grace);
    drained.Notify();
  });
  while (!drained.HasBeenNotified()) {
    if (!stop->Wait(absl::Milliseconds(10))) continue;
    if (server != nullptr) server->Hurry();
    (void)control->Shutdown();  // ends unary calls; told again below
    break;
  }
  drainer.join();
  absl::Status detached = control->Shutdown();
  metrics_end.join();
  return detached;
}

}  // namespace

Outcome App::CheckKernel() const {
  if (config_.kernel == Backend::kBpf && !MayLoadBpf()) {
    return {ExitCode::kPermission,
            "attaching a scheduler needs root (or CAP_BPF): run schedd as root, or try "
            "--kernel=sim, which needs no privilege"};
  }
  const KernelState state = host_->ReadState();
  if (state.attachment == KernelState::Attachment::kUnsupported) {
    return {ExitCode::kNoSchedExt,
            absl::StrCat("this kernel (", KernelRelease(),
                         ") has no sched_ext: boot one built with CONFIG_SCHED_CLASS_EXT=y (Linux "
                         "6.12 or later), or try --kernel=sim")};
  }
  if (state.attachment == KernelState::Attachment::kForeign) {
    return {ExitCode::kForeignScheduler,
            absl::StrCat("another sched_ext scheduler is attached (", state.ops_name,
                         "): end that one first; --no-attach starts schedd without attaching")};
  }
  return {};
}

Outcome App::Run() {
  if (config_.attach) {
    Outcome outcome = CheckKernel();
    if (outcome.code != ExitCode::kOk) return outcome;
  }
  if (config_.replace) {
    const absl::Status ended = AskOthersToHandOver(config_);
    if (!ended.ok()) return Problem(CodeOf(ended, ExitCode::kAlreadyRunning), ended);
  }
  const auto locks = TakeLocks(config_);
  if (absl::IsAlreadyExists(locks.status())) {
    return Problem(ExitCode::kAlreadyRunning, locks.status());
  }
  if (!locks.ok()) {
    return Problem(CodeOf(locks.status(), ExitCode::kCannotListen), locks.status());
  }
  if (config_.kernel == Backend::kBpf) {
    for (const absl::Status& status : {RaisePriority(), LockMemory(), ProtectFromOutOfMemory()}) {
      if (!status.ok()) log_->Warning("not protected", {{"why", std::string(status.message())}});
    }
  }
  return Serve();
}

Outcome App::Serve() {
  absl::StatusOr<rpc::RoleTable> role_table = ReadRoles(config_.roles_file);
  if (!role_table.ok()) {
    return Problem(CodeOf(role_table.status(), ExitCode::kUsage), role_table.status());
  }
  rpc::RoleBook roles(*std::move(role_table));
  const std::unique_ptr<StateStore> store = OpenStateStore(config_, log_);
  const std::unique_ptr<AuditStore> audit_store = OpenAuditStore(config_, log_);
  ControlThread thread;
  SystemClock clock;
  rpc::AuditTrail audit(audit_store.get(), &clock, log_);
  Control control(&thread, &clock, host_, MakeEngineFactory(config_, host_),
                  MakeControlOptions(config_, parameters_, log_), store.get());
  // Before the API, so that nobody finds one that goes again because a port is in use.
  auto metrics = StartMetrics(config_, &control, roles, audit, stop_);
  if (absl::IsCancelled(metrics.status())) return {};
  if (!metrics.ok()) {
    return Problem(CodeOf(metrics.status(), ExitCode::kCannotListen), metrics.status());
  }
  Outcome outcome;
  const auto attach = [&] {
    const absl::StatusOr<SchedulerInfo> attached = control.AttachScheduler({});
    if (!attached.ok()) outcome = Problem(AttachCode(attached.status()), attached.status());
  };
  // Tasks that have no daemon come before callers; where none wait, callers see the attachment.
  const bool orphans =
      config_.attach && host_->ReadState().attachment == KernelState::Attachment::kOurs;
  if (orphans) attach();
  std::unique_ptr<rpc::Server> server;
  if (outcome.code == ExitCode::kOk) {
    rpc::ServerOptions server_options;
    server_options.addresses = config_.listen;
    server_options.tls = config_.tls;
    server_options.roles = &roles;
    server_options.audit = &audit;
    auto started = rpc::Server::Start(server_options, &control, &clock, log_);
    if (started.ok()) {
      server = *std::move(started);
      log_->Info("serving", {{"version", kVersion},
                             {"pid", getpid()},
                             {"addresses", absl::StrJoin(server->addresses(), ",")}});
    } else {
      outcome = Problem(CodeOf(started.status(), ExitCode::kCannotListen), started.status());
      // As found: what waited for a daemon waits for the next one.
      if (orphans) control.HandOver();
    }
  }
  if (outcome.code == ExitCode::kOk && *metrics != nullptr) {
    log_->Info("serving metrics", {{"address", (*metrics)->address().text()}});
  }
  if (outcome.code == ExitCode::kOk && config_.attach && !orphans) attach();
  if (outcome.code == ExitCode::kOk) {
    NotifyServiceManager("READY=1");
    while (!stop_->Wait(absl::InfiniteDuration())) {
      if (stop_->TakeReload()) ReloadRoles(config_, &roles, log_);
    }
    log_->Info(stop_->hands_over() ? "handing over" : "stopping");
    NotifyServiceManager("STOPPING=1");
    // At once: the calls can wait, the tasks should not.
    if (stop_->hands_over()) control.HandOver();
  }
  const absl::Status detached =
      TakeDown(server.get(), metrics->get(), &control, stop_, kDrainGrace);
  thread.Stop();
  if (outcome.code == ExitCode::kOk && !detached.ok()) {
    outcome = Problem(ExitCode::kInternal, detached);
  }
  log_->Info("stopped", {{"exit_code", static_cast<int>(outcome.code)}});
  return outcome;
}

}  // namespace schedd::daemon
