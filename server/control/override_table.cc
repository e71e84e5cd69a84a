// SPDX-License-Identifier: Apache-2.0
#include "server/control/override_table.h"

#include <algorithm>
#include <utility>

namespace schedd {

void OverrideTable::Reset(const SharedMemory* memory) {
  tracker_.Reset(memory);
  matches_.clear();
  touched_.clear();
  for (auto& [id, entry] : overrides_) entry.matched_task_count = 0;
}

std::vector<std::string> OverrideTable::Refresh(const std::function<bool()>& is_attached) {
  const std::vector<uint32_t> changed = tracker_.Scan();
  matches_.resize(tracker_.size());
  std::vector<std::string> ended;
  for (const auto& [id, entry] : overrides_) {
    if (HasEnded(entry)) ended.push_back(id);
  }
  if (!ended.empty() && !is_attached()) ended.clear();
  // Before anything is matched: a process must not get what was meant for one that had its number.
  for (const std::string& id : ended) Remove(id);
  for (const uint32_t slot : changed) Rematch(slot);
  return ended;
}

bool OverrideTable::HasEnded(const Override& candidate) const {
  if (tracker_.size() == 0) return false;  // detached, or nothing is known yet
  const ParsedSelector& selector = candidate.selector;
  if (selector.task.has_value() && !tracker_.FindTask(*selector.task).has_value()) return true;
  if (selector.tgid == 0) return false;
  if (!tracker_.HasProcess(selector.tgid)) return true;
  const std::optional<uint64_t> start_ns = tracker_.ProcessStart(selector.tgid);
  return start_ns.has_value() && candidate.process_start_ns.has_value() &&
         *start_ns != *candidate.process_start_ns;
}

void OverrideTable::Add(Override added) {
  added.matched_task_count = 0;
  if (!added.process_start_ns.has_value() && added.selector.tgid != 0) {
    added.process_start_ns = tracker_.ProcessStart(added.selector.tgid);
  }
  std::string id = added.id;
  Override& entry = overrides_.emplace(std::move(id), std::move(added)).first->second;
  by_precedence_.emplace(entry.precedence(), &entry);
  for (uint32_t slot = 0; slot < matches_.size(); ++slot) {
    const Override* winner = matches_[slot].winner;
    if (winner != nullptr && winner->precedence() > entry.precedence()) continue;
    if (Matches(entry, slot)) SetWinner(slot, &entry);
  }
}

void OverrideTable::Remove(const std::string& id) {
  const auto found = overrides_.find(id);
  by_precedence_.erase(found->second.precedence());
  for (uint32_t slot = 0; slot < matches_.size(); ++slot) {
    if (matches_[slot].winner == &found->second) SetWinner(slot, Search(slot));
  }
  overrides_.erase(found);
}

const Override* OverrideTable::Find(const std::string& id) const {
  const auto found = overrides_.find(id);
  return found == overrides_.end() ? nullptr : &found->second;
}

int32_t OverrideTable::CountMatches(const Override& candidate, const std::string& replaced) {
  int32_t count = 0;
  for (uint32_t slot = 0; slot < matches_.size(); ++slot) {
    if (!Matches(candidate, slot)) continue;
    const Override* rival = matches_[slot].winner;
    if (rival != nullptr && rival->id == replaced) {
      // Who comes after the one that is replaced?
      rival = nullptr;
      for (const auto& [precedence, other] : by_precedence_) {
        if (other->id == replaced || !Matches(*other, slot)) continue;
        rival = other;
        break;
      }
    }
    if (rival == nullptr || rival->precedence() < candidate.precedence()) ++count;
  }
  return count;
}

std::vector<TaskSetting> OverrideTable::TakeSettings() {
  std::vector<TaskSetting> settings;
  std::ranges::sort(touched_);
  const auto repeated = std::ranges::unique(touched_);
  touched_.erase(repeated.begin(), repeated.end());
  for (const uint32_t slot : touched_) {
    Match& match = matches_[slot];
    const int32_t weight = match.winner == nullptr ? 0 : match.winner->spec.weight;
    const int64_t slice_ns = match.winner == nullptr ? 0 : match.winner->spec.slice_ns.value_or(0);
    if (match.key == 0 || (weight == match.sent_weight && slice_ns == match.sent_slice_ns))
      continue;
    settings.push_back({.slot = slot, .key = match.key, .weight = weight, .slice_ns = slice_ns});
    match.sent_weight = weight;
    match.sent_slice_ns = slice_ns;
  }
  touched_.clear();
  return settings;
}

const Override* OverrideTable::InForce(uint32_t slot, uint32_t key) const {
  if (slot >= matches_.size() || matches_[slot].key != key) return nullptr;
  return matches_[slot].winner;
}

bool OverrideTable::Matches(const Override& candidate, uint32_t slot) {
  const SlotIdentity* owner = tracker_.Owner(slot);
  if (owner == nullptr) return false;
  return candidate.selector.Matches(
      *owner, candidate.selector.needs_cgroup() ? cgroups_->Path(owner->cgroup_id) : "");
}

Override* OverrideTable::Search(uint32_t slot) {
  for (const auto& [precedence, candidate] : by_precedence_) {
    if (Matches(*candidate, slot)) return candidate;
  }
  return nullptr;
}

void OverrideTable::SetWinner(uint32_t slot, Override* winner) {
  Match& match = matches_[slot];
  if (match.winner != nullptr) --match.winner->matched_task_count;
  if (winner != nullptr) ++winner->matched_task_count;
  match.winner = winner;
  touched_.push_back(slot);
}

// The owner of the slot, or something about it, is not as before.
void OverrideTable::Rematch(uint32_t slot) {
  const SlotIdentity* owner = tracker_.Owner(slot);
  const uint32_t key = owner == nullptr ? 0 : owner->key;
  if (matches_[slot].key != key) {
    // The engine has told nothing to the new owner.
    SetWinner(slot, nullptr);
    matches_[slot] = {.key = key, .winner = nullptr, .sent_weight = 0, .sent_slice_ns = 0};
  }
  SetWinner(slot, owner == nullptr ? nullptr : Search(slot));
}

}  // namespace schedd
