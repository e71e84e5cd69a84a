// SPDX-License-Identifier: Apache-2.0
#include "server/control/directive_outbox.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace schedd {
namespace {

// The scheduling thread has a change in force within microseconds of its wakeup, unless it has no
// CPU: then there is no hurry to ask.
constexpr absl::Duration kFirstPoll = absl::Microseconds(100);
constexpr absl::Duration kLongestPoll = absl::Milliseconds(1);

// Adds what `later` says to `earlier`: the later word counts. At most one setting a slot, so that
// a stuck engine does not make it grow.
void Merge(Directive& earlier, Directive later) {
  earlier.generation = later.generation;
  if (later.parameters.has_value()) earlier.parameters = later.parameters;
  if (later.shares != nullptr) earlier.shares = std::move(later.shares);
  if (later.cgroup_policies != nullptr) earlier.cgroup_policies = std::move(later.cgroup_policies);
  for (const PolicySetting& setting : later.policies) {
    const auto same = std::ranges::find(earlier.policies, setting.index, &PolicySetting::index);
    if (same == earlier.policies.end()) {
      earlier.policies.push_back(setting);
    } else {
      *same = setting;
    }
  }
  std::unordered_map<uint32_t, size_t> by_slot;
  for (size_t i = 0; i < earlier.settings.size(); ++i) by_slot[earlier.settings[i].slot] = i;
  for (const TaskSetting& setting : later.settings) {
    const auto [entry, is_new] = by_slot.emplace(setting.slot, earlier.settings.size());
    if (is_new) {
      earlier.settings.push_back(setting);
    } else {
      earlier.settings[entry->second] = setting;
    }
  }
}

}  // namespace

DirectiveOutbox::DirectiveOutbox(Sequence* sequence, std::function<void()> applied)
    : sequence_(sequence),
      applied_(std::move(applied)),
      poll_interval_(kFirstPoll),
      poll_(sequence) {}

void DirectiveOutbox::Connect(EngineRunner* engine) {
  engine_ = engine;
  pending_.reset();
  poll_.Stop();
  seen_generation_ = sent_generation_ = engine == nullptr ? 0 : engine->applied_generation();
  EndWaits(std::numeric_limits<int64_t>::max());
}

void DirectiveOutbox::Send(Directive directive) {
  if (engine_ == nullptr) return;
  sent_generation_ = directive.generation;
  if (pending_ == nullptr) {
    pending_ = std::make_unique<Directive>(std::move(directive));
  } else {
    Merge(*pending_, std::move(directive));
  }
  Offer();
  poll_.Stop();
  poll_interval_ = kFirstPoll;
  PollAgain();
}

void DirectiveOutbox::WhenApplied(int64_t generation, absl::Duration timeout,
                                  std::function<void()> done) {
  if (engine_ == nullptr || engine_->applied_generation() >= generation) {
    done();
    return;
  }
  const auto wait = waits_.insert(
      waits_.end(), {generation, std::move(done), std::make_unique<Timer>(sequence_)});
  wait->timeout->Start(timeout, [this, wait] {
    const std::function<void()> ended = std::move(wait->done);
    waits_.erase(wait);
    ended();
  });
  PollAgain();
}

void DirectiveOutbox::Offer() {
  if (pending_ != nullptr) engine_->Submit(pending_);
}

void DirectiveOutbox::PollAgain() {
  const bool busy = pending_ != nullptr || !waits_.empty() || seen_generation_ < sent_generation_;
  if (!busy || poll_.running()) return;
  poll_.Start(poll_interval_, [this] { Poll(); });
  poll_interval_ = std::min(2 * poll_interval_, kLongestPoll);
}

void DirectiveOutbox::Poll() {
  Offer();
  engine_->Reclaim();
  const int64_t applied = engine_->applied_generation();
  if (applied != seen_generation_) {
    seen_generation_ = applied;
    applied_();
    EndWaits(applied);
  }
  if (engine_ != nullptr) PollAgain();
}

void DirectiveOutbox::EndWaits(int64_t applied_generation) {
  std::vector<std::function<void()>> ended;
  for (auto wait = waits_.begin(); wait != waits_.end();) {
    if (wait->generation > applied_generation) {
      ++wait;
      continue;
    }
    ended.push_back(std::move(wait->done));
    wait = waits_.erase(wait);
  }
  // Last: they may call back.
  for (const auto& done : ended) done();
}

}  // namespace schedd
