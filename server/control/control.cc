// SPDX-License-Identifier: Apache-2.0
#include "server/control/control.h"

#include <utility>

#include "server/control/call.h"
#include "server/control/cgroup_control.h"
#include "server/control/cgroup_paths.h"
#include "server/control/generation.h"
#include "server/control/override_control.h"
#include "server/control/policy_control.h"
#include "server/control/scheduler_control.h"
#include "server/control/state_journal.h"
#include "server/control/task_catalog.h"

namespace schedd {

// All on the sequence, made and ended there.
struct Control::Parts {
  Parts(Sequence* sequence, Clock* clock, KernelHost* host, EngineRunnerFactory make_engine,
        const ControlOptions* options, StateStore* store)
      : journal(store, *options, clock->Now()),
        generations(journal.initial().run, journal.initial().generation),
        cgroups(host, clock),
        scheduler(sequence, clock, host, std::move(make_engine), options,
                  [this] {
                    return EngineSeed{.parameters = policy.parameters(),
                                      .generation = generations.current()};
                  }),
        policy(sequence, clock, options, &generations, &journal, &cgroups, &scheduler),
        overrides(sequence, clock, options, &generations, &journal, &cgroups, &scheduler, &policy),
        cgroup_shares(sequence, clock, host, &cgroups, &generations, &scheduler, &overrides),
        catalog(clock, &scheduler, &cgroups, &policy.source(), &overrides, &cgroup_shares) {}

  StateJournal journal;
  GenerationCounter generations;
  CgroupPaths cgroups;
  SchedulerControl scheduler;
  PolicyControl policy;
  OverrideControl overrides;
  CgroupControl cgroup_shares;
  TaskCatalog catalog;
};

Control::Control(Sequence* sequence, Clock* clock, KernelHost* host,
                 EngineRunnerFactory make_engine, ControlOptions options, StateStore* store)
    : sequence_(sequence), options_(std::move(options)) {
  CallAndWait<absl::Status>(sequence_, [&](std::function<void(absl::Status)> done) {
    parts_ =
        std::make_unique<Parts>(sequence_, clock, host, std::move(make_engine), &options_, store);
    watch_ = &parts_->scheduler.watch();
    done(absl::OkStatus());
  }).IgnoreError();
}

Control::~Control() {
  Shutdown().IgnoreError();
  // Shutdown() ended what may still come; this ends the parts where they lived.
  CallAndWait<absl::Status>(sequence_, [this](std::function<void(absl::Status)> done) {
    parts_.reset();
    done(absl::OkStatus());
  }).IgnoreError();
}

// Runs `work`, which owns what it uses, with the parts, unless they are shut down.
template <typename Answer>
Answer Control::Call(std::function<void(Parts& parts, std::function<void(Answer)> done)> work,
                     absl::Duration limit) {
  return CallAndWait<Answer>(
      sequence_,
      [this, work = std::move(work)](std::function<void(Answer)> done) {
        if (shut_down_) return done(DrainingError());
        work(*parts_, std::move(done));
      },
      limit);
}

absl::Status Control::Shutdown() {
  return CallAndWait<absl::Status>(sequence_, [this](std::function<void(absl::Status)> done) {
    if (std::exchange(shut_down_, true)) return done(absl::OkStatus());
    parts_->policy.Shutdown();
    parts_->overrides.Shutdown();
    parts_->cgroup_shares.Shutdown();
    done(parts_->scheduler.Shutdown());
  });
}

void Control::HandOver() {
  CallAndWait<absl::Status>(sequence_, [this](std::function<void(absl::Status)> done) {
    if (std::exchange(shut_down_, true)) return done(absl::OkStatus());
    parts_->policy.Shutdown();
    parts_->overrides.Shutdown();
    parts_->cgroup_shares.Shutdown();
    parts_->scheduler.HandOver();
    done(absl::OkStatus());
  }).IgnoreError();
}

absl::StatusOr<SchedulerInfo> Control::GetScheduler() {
  using Answer = absl::StatusOr<SchedulerInfo>;
  return Call<Answer>(
      [](Parts& parts, const std::function<void(Answer)>& done) { done(parts.scheduler.Get()); });
}

absl::StatusOr<SchedulerInfo> Control::AttachScheduler(const AttachRequest& request) {
  using Answer = absl::StatusOr<SchedulerInfo>;
  return Call<Answer>(
      [request](Parts& parts, const std::function<void(Answer)>& done) {
        absl::Status status = parts.scheduler.Attach(request);
        done(status.ok() ? Answer(parts.scheduler.Get()) : Answer(status));
      },
      kLongestAttach);
}

absl::StatusOr<SchedulerInfo> Control::DetachScheduler(const std::string& reason) {
  using Answer = absl::StatusOr<SchedulerInfo>;
  return Call<Answer>(
      [reason](Parts& parts, const std::function<void(Answer)>& done) {
        absl::Status status = parts.scheduler.Detach(reason);
        done(status.ok() ? Answer(parts.scheduler.Get()) : Answer(status));
      },
      kLongestAttach);
}

SchedulerWatch& Control::watch() { return *watch_; }

absl::StatusOr<PolicyInfo> Control::GetPolicy(const std::string& name) {
  using Answer = absl::StatusOr<PolicyInfo>;
  return Call<Answer>([name](Parts& parts, const std::function<void(Answer)>& done) {
    done(parts.policy.Get(name));
  });
}

absl::StatusOr<PolicyInfo> Control::UpdatePolicy(const PolicyUpdate& update) {
  using Answer = absl::StatusOr<PolicyInfo>;
  return Call<Answer>([update](Parts& parts, std::function<void(Answer)> done) {
    parts.policy.Update(update, std::move(done));
  });
}

absl::StatusOr<PolicyPage> Control::ListPolicies(int32_t page_size, const std::string& page_token) {
  using Answer = absl::StatusOr<PolicyPage>;
  return Call<Answer>(
      [page_size, page_token](Parts& parts, const std::function<void(Answer)>& done) {
        done(parts.policy.List(page_size, page_token));
      });
}

absl::StatusOr<RevisionPage> Control::ListPolicyRevisions(const std::string& name,
                                                          int32_t page_size,
                                                          const std::string& page_token) {
  using Answer = absl::StatusOr<RevisionPage>;
  return Call<Answer>(
      [name, page_size, page_token](Parts& parts, const std::function<void(Answer)>& done) {
        done(parts.policy.ListRevisions(name, page_size, page_token));
      });
}

absl::StatusOr<PolicyInfo> Control::CreatePolicy(const CreatePolicyRequest& request) {
  using Answer = absl::StatusOr<PolicyInfo>;
  return Call<Answer>([request](Parts& parts, std::function<void(Answer)> done) {
    parts.policy.Create(request, std::move(done));
  });
}

absl::Status Control::DeletePolicy(const DeletePolicyRequest& request) {
  return Call<absl::Status>([request](Parts& parts, std::function<void(absl::Status)> done) {
    parts.policy.Delete(request, std::move(done));
  });
}

absl::StatusOr<PolicyInfo> Control::RollbackPolicy(const RollbackRequest& request) {
  using Answer = absl::StatusOr<PolicyInfo>;
  return Call<Answer>([request](Parts& parts, std::function<void(Answer)> done) {
    parts.policy.Rollback(request, std::move(done));
  });
}

absl::StatusOr<TaskInfo> Control::GetTask(const std::string& name) {
  using Answer = absl::StatusOr<TaskInfo>;
  return Call<Answer>([name](Parts& parts, const std::function<void(Answer)>& done) {
    done(parts.catalog.Get(name));
  });
}

absl::StatusOr<std::shared_ptr<const TaskSnapshot>> Control::SnapshotTasks(absl::Duration max_age) {
  using Answer = absl::StatusOr<std::shared_ptr<const TaskSnapshot>>;
  return Call<Answer>([max_age](Parts& parts, const std::function<void(Answer)>& done) {
    done(parts.catalog.Snapshot(max_age));
  });
}

absl::StatusOr<OverrideInfo> Control::CreateOverride(const CreateOverrideRequest& request) {
  using Answer = absl::StatusOr<OverrideInfo>;
  return Call<Answer>([request](Parts& parts, std::function<void(Answer)> done) {
    parts.overrides.Create(request, std::move(done));
  });
}

absl::StatusOr<OverrideInfo> Control::GetOverride(const std::string& name) {
  using Answer = absl::StatusOr<OverrideInfo>;
  return Call<Answer>([name](Parts& parts, const std::function<void(Answer)>& done) {
    done(parts.overrides.Get(name));
  });
}

absl::StatusOr<OverridePage> Control::ListOverrides(int32_t page_size,
                                                    const std::string& page_token) {
  using Answer = absl::StatusOr<OverridePage>;
  return Call<Answer>(
      [page_size, page_token](Parts& parts, const std::function<void(Answer)>& done) {
        done(parts.overrides.List(page_size, page_token));
      });
}

absl::StatusOr<OverrideInfo> Control::UpdateOverride(const UpdateOverrideRequest& request) {
  using Answer = absl::StatusOr<OverrideInfo>;
  return Call<Answer>([request](Parts& parts, std::function<void(Answer)> done) {
    parts.overrides.Update(request, std::move(done));
  });
}

absl::Status Control::DeleteOverride(const std::string& name, const std::string& etag) {
  return Call<absl::Status>([name, etag](Parts& parts, std::function<void(absl::Status)> done) {
    parts.overrides.Delete(name, etag, std::move(done));
  });
}

}  // namespace schedd
