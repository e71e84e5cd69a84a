// SPDX-License-Identifier: Apache-2.0
#include "server/control/cgroup_control.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "server/control/counters.h"
#include "server/control/slot_identity.h"
#include "server/control/slot_times.h"
#include "server/engine/shared_access.h"

namespace schedd {
namespace {

// Changes that nobody would notice are not sent.
constexpr double kNoticeable = 0.01;

bool IsNear(double a, double b) { return std::abs(a - b) <= kNoticeable * std::max(a, b); }

bool AreNear(const CgroupShares& a, const CgroupShares& b) {
  if (a.scale != b.scale || a.factors.size() != b.factors.size()) return false;
  if (!IsNear(a.unknown_factor, b.unknown_factor)) return false;
  return std::ranges::all_of(a.factors, [&b](const auto& entry) {
    const auto other = b.factors.find(entry.first);
    return other != b.factors.end() && IsNear(entry.second, other->second);
  });
}

}  // namespace

CgroupControl::CgroupControl(Sequence* sequence, const Clock* clock, const KernelHost* host,
                             CgroupPaths* paths, const GenerationCounter* generations,
                             SchedulerControl* scheduler, const OverrideSource* overrides)
    : generations_(generations),
      scheduler_(scheduler),
      overrides_(overrides),
      tree_(host, clock, paths),
      timer_(sequence) {
  scheduler_->AddObserver(this);
}

CgroupControl::~CgroupControl() { scheduler_->RemoveObserver(this); }

void CgroupControl::OnAttached(const Attachment& attachment) {
  activity_.Reset();
  sent_ = {};
  last_look_ns_ = attachment.kernel->NowNanos();
  waits_seen_ = ReadWaitCount(attachment.kernel->memory());
  intervals_ = 0;
  timer_.Start(kInterval, [this] { Tick(); });
}

void CgroupControl::OnDetached() { timer_.Stop(); }

void CgroupControl::Tick() {
  const Attachment* attachment = scheduler_->attachment();
  if (attachment == nullptr) return;
  timer_.Start(kInterval, [this] { Tick(); });
  const int64_t now_ns = attachment->kernel->NowNanos();
  if (now_ns <= last_look_ns_) return;
  const int64_t waits = ReadWaitCount(attachment->kernel->memory());
  if (++intervals_ < kQuietIntervals && waits == waits_seen_) return;
  waits_seen_ = waits;
  intervals_ = 0;
  const Look look = LookAtTasks(*attachment, now_ns);
  last_look_ns_ = now_ns;
  CgroupShares shares = Divide(look);
  if (!AreNear(shares, sent_)) Send(std::move(shares));
}

CgroupControl::Look CgroupControl::LookAtTasks(const Attachment& attachment, int64_t now_ns) {
  Look look;
  tree_.Begin();
  const std::span<const schedd_slot> slots = UsedSlots(attachment.kernel->memory());
  for (uint32_t index = 0; index < slots.size(); ++index) {
    const schedd_slot& slot = slots[index];
    const uint32_t key = LoadSharedAcquire(slot.key);
    if (key % 2 != 0 || LoadShared(slot.state) == SCHEDD_TASK_FREE) continue;
    if ((LoadShared(slot.flags) & (SCHEDD_SLOT_DAEMON | SCHEDD_SLOT_DIRECT)) != 0) continue;
    const SlotTimes times = ReadTimes(slot, now_ns);
    const uint64_t cgroup_id = LoadShared(slot.cgroup_id);
    const auto weight = static_cast<double>(LoadShared(slot.weight));
    // All of it was read of the same owner.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (LoadShared(slot.key) != key) continue;
    const double activity =
        activity_.Note(index, key, times.run_time_ns + times.wait_time_ns, now_ns - last_look_ns_);
    const size_t group = tree_.GroupOf(cgroup_id);
    const int32_t override_weight = overrides_->OverrideOf(index, key).weight;
    if (override_weight == 0) {
      look.members.push_back({.group = group, .weight = weight, .activity = activity});
    } else if (activity > 0) {
      look.overridden_weights.push_back(override_weight);
    }
  }
  return look;
}

CgroupShares CgroupControl::Divide(const Look& look) const {
  if (tree_.groups().size() == 1) return {};
  const std::vector<double> factors = DivideAmongGroups(tree_.groups(), look.members);
  CgroupShares shares;
  shares.unknown_factor = std::numeric_limits<double>::max();
  for (const auto& [cgroup_id, group] : tree_.members()) {
    shares.factors[cgroup_id] = factors[group];
    shares.unknown_factor = std::min(shares.unknown_factor, factors[group]);
  }
  WeightRange range = {.least = std::numeric_limits<double>::max(), .greatest = 0};
  const auto include = [&range](double weight) {
    range.least = std::min(range.least, weight);
    range.greatest = std::max(range.greatest, weight);
  };
  for (const GroupMember& member : look.members) {
    if (member.activity > 0) include(member.weight * factors[member.group]);
  }
  for (const double weight : look.overridden_weights) include(weight);
  shares.scale = ChooseWeightScale(sent_.scale, range);
  return shares;
}

void CgroupControl::Send(CgroupShares shares) {
  sent_ = std::move(shares);
  scheduler_->outbox().Send({.generation = generations_->current(),
                             .parameters = {},
                             .settings = {},
                             .shares = std::make_unique<CgroupShares>(sent_)});
}

}  // namespace schedd
