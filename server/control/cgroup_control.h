// SPDX-License-Identifier: Apache-2.0
//
// Keeps the engine in step with the weights of control groups (cpu.weight) and with who is active
// in them.
//
// Owned by Control, all on its sequence. While attached it looks ten times a second at the tasks
// and their groups, and tells the engine when the shares have changed by more than a percent. No
// change of what callers set: it raises no generation. Never blocks for longer than it takes to
// read a few small files; cannot fail.
//
// A task whose weight an operator has overridden competes with that weight on the whole machine and
// takes no part in the division of its group.
#ifndef SCHEDD_CONTROL_CGROUP_CONTROL_H_
#define SCHEDD_CONTROL_CGROUP_CONTROL_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "server/control/activity_meter.h"
#include "server/control/attachment.h"
#include "server/control/cgroup_tree.h"
#include "server/control/generation.h"
#include "server/control/scheduler_control.h"
#include "server/control/sequence.h"
#include "server/control/task_catalog.h"
#include "server/policy/cgroup_shares.h"

namespace schedd {

class CgroupControl : public AttachmentObserver, public ShareSource {
 public:
  static constexpr absl::Duration kInterval = absl::Milliseconds(100);
  // Where nobody waits shares decide nothing: then at each of so many intervals.
  static constexpr int kQuietIntervals = 10;

  // Arguments outlive it. Becomes an observer of `scheduler`.
  CgroupControl(Sequence* sequence, const Clock* clock, const KernelHost* host, CgroupPaths* paths,
                const GenerationCounter* generations, SchedulerControl* scheduler,
                const OverrideSource* overrides);
  ~CgroupControl() override;

  // Ends the timer.
  void Shutdown() { timer_.Stop(); }

  void OnAttached(const Attachment& attachment) override;
  void OnDetached() override;
  double FactorOf(uint64_t cgroup_id) const override { return sent_.Factor(cgroup_id); }

 private:
  void Tick();
  // Who competes now, and what their weights are.
  struct Look {
    std::vector<GroupMember> members;
    std::vector<double> overridden_weights;  // of active tasks
  };
  Look LookAtTasks(const Attachment& attachment, int64_t now_ns);
  CgroupShares Divide(const Look& look) const;
  void Send(CgroupShares shares);

  const GenerationCounter* const generations_;
  SchedulerControl* const scheduler_;
  const OverrideSource* const overrides_;

  CgroupTree tree_;
  ActivityMeter activity_;
  CgroupShares sent_;
  int64_t last_look_ns_ = 0;  // Kernel clock
  int64_t waits_seen_ = 0;
  int intervals_ = 0;  // since the last look
  Timer timer_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CGROUP_CONTROL_H_
