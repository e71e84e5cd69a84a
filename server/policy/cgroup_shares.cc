// SPDX-License-Identifier: Apache-2.0
#include "server/policy/cgroup_shares.h"

#include <algorithm>

#include "server/policy/policy.h"

namespace schedd {
namespace {

// What wants to run inside a group.
struct Demand {
  double weight = 0;    // sum of the weights, each as far as it is active
  double activity = 0;  // sum
  double heaviest = 0;  // of those that are active at all

  void Add(double its_weight, double its_activity) {
    if (its_activity <= 0) return;
    weight += its_weight * std::min(its_activity, 1.0);
    activity += its_activity;
    heaviest = std::max(heaviest, its_weight);
  }

  // Nobody's share grows beyond the group's because those beside it, or itself, sleep now.
  double divisor() const { return heaviest > 0 ? std::max(weight, heaviest) : kDefaultWeight; }
};

// The least weight that should not be rounded to a whole number by more than 2 %, and the one below
// which a better scale is looked for.
constexpr double kPreciseWeight = 34;
constexpr double kCoarseWeight = 20;
// With weights far above the default, virtual time hardly moves.
constexpr double kHighWeight = 400;

}  // namespace

std::vector<double> DivideAmongGroups(std::span<const WeightedGroup> groups,
                                      std::span<const GroupMember> members) {
  std::vector<Demand> demands(groups.size());
  for (const GroupMember& member : members) {
    if (member.group < groups.size()) demands[member.group].Add(member.weight, member.activity);
  }
  for (size_t group = groups.size(); group-- > 1;) {
    demands[groups[group].parent].Add(groups[group].weight, demands[group].activity);
  }
  std::vector<double> factors(groups.size(), 1.0);
  for (size_t group = 1; group < groups.size(); ++group) {
    const double share = groups[group].weight * factors[groups[group].parent];
    factors[group] = share / demands[group].divisor();
  }
  return factors;
}

double ChooseWeightScale(double now, const WeightRange& range) {
  if (range.least <= 0 || range.greatest < range.least) return now;
  const auto most = static_cast<double>(kMaxWeight);
  const bool fits = range.greatest * now <= most;
  const bool precise = range.least * now >= kCoarseWeight || range.greatest * now > most / 2;
  const bool moderate = range.least * now <= kHighWeight || now <= 1;
  if (fits && precise && moderate) return now;
  const double wanted = std::max(1.0, kPreciseWeight / range.least);
  return std::min(wanted, most / range.greatest);
}

}  // namespace schedd
