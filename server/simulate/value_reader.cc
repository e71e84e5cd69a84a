// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/value_reader.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace schedd {
namespace {

namespace pb = sim::v1;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMostRare = 1'000'000'000;
constexpr size_t kLongestPath = 255;
constexpr int kFastest = 1'024;

constexpr char kHowLong[] =
    "say how long, as in fixed: \"2ms\"; allowed are fixed, uniform and exponential";

constexpr SimCosts kRealisticCosts = {.switch_ns = 1'500,
                                      .wake_idle_ns = 5'000,
                                      .interrupt_ns = 2'000,
                                      .move_core_ns = 5'000,
                                      .move_cache_ns = 30'000,
                                      .move_node_ns = 80'000};

int Dimension(const Located<pb::Machine>& machine, int number, bool given, int value, int otherwise,
              FieldReader* fields) {
  if (!given) return otherwise;
  return static_cast<int>(fields->Int(PlaceOf(machine, number), value, 1, kMostSimCpus));
}

int64_t Cost(const Located<pb::Costs>& costs, int number, const std::string& text,
             FieldReader* fields) {
  const FieldPlace place = PlaceOf(costs, number);
  const int64_t cost_ns = fields->Duration(place, text, 0, 0);
  if (cost_ns > kSecond) fields->Refuse(place, "a cost is 1s at most");
  return cost_ns;
}

void ReadUniform(const Located<pb::Uniform>& uniform, SimSpan* span, FieldReader* fields) {
  const FieldPlace most = PlaceOf(uniform, pb::Uniform::kMostFieldNumber);
  span->kind = SimSpan::Kind::kUniform;
  span->least_ns =
      fields->Duration(PlaceOf(uniform, pb::Uniform::kLeastFieldNumber), uniform->least(), 0, 0);
  span->most_ns = fields->Duration(most, uniform->most(), 1, 0);
  if (span->most_ns <= span->least_ns) fields->Refuse(most, "give it, and more than 'least'");
}

void ReadExponential(const Located<pb::Exponential>& exponential, SimSpan* span,
                     FieldReader* fields) {
  const FieldPlace mean = PlaceOf(exponential, pb::Exponential::kMeanFieldNumber);
  const FieldPlace most = PlaceOf(exponential, pb::Exponential::kMostFieldNumber);
  span->kind = SimSpan::Kind::kExponential;
  span->least_ns = fields->Duration(mean, exponential->mean(), 1, 0);
  span->most_ns = fields->Duration(most, exponential->most(), 1, 0);
  if (span->least_ns == 0) fields->Refuse(mean, "an exponential distribution needs its mean");
  if (span->most_ns != 0 && span->most_ns < span->least_ns) {
    fields->Refuse(most, "give the mean at least");
  }
}

void ReadRare(const Located<pb::Rare>& rare, SimSpan* span, FieldReader* fields) {
  const FieldPlace takes = PlaceOf(rare, pb::Rare::kTakesFieldNumber);
  span->rare_one_in =
      fields->Int(PlaceOf(rare, pb::Rare::kOneInFieldNumber), rare->one_in(), 2, kMostRare);
  span->rare_ns = fields->Duration(takes, rare->takes(), 1, 0);
  if (span->rare_ns == 0) fields->Refuse(takes, "say how long the rare ones are");
}

}  // namespace

SimTopology ReadTopology(const Located<pb::Machine>& machine, FieldReader* fields) {
  SimTopology topology = {
      .nodes = Dimension(machine, pb::Machine::kNodesFieldNumber, machine->has_nodes(),
                         machine->nodes(), 1, fields),
      .llcs_per_node =
          Dimension(machine, pb::Machine::kCachesPerNodeFieldNumber, machine->has_caches_per_node(),
                    machine->caches_per_node(), 1, fields),
      .cores_per_llc =
          Dimension(machine, pb::Machine::kCoresPerCacheFieldNumber, machine->has_cores_per_cache(),
                    machine->cores_per_cache(), 4, fields),
      .threads_per_core =
          Dimension(machine, pb::Machine::kThreadsPerCoreFieldNumber,
                    machine->has_threads_per_core(), machine->threads_per_core(), 1, fields)};
  // Each is 4096 at most, so that their product fits.
  const int64_t cpus = int64_t{topology.nodes} * topology.llcs_per_node * topology.cores_per_llc *
                       topology.threads_per_core;
  if (cpus > kMostSimCpus) {
    fields->Refuse(machine.place, absl::StrCat("it has ", cpus, " CPUs; allowed are 1 to ",
                                               kMostSimCpus, ": make it smaller"));
    return SimTopology::Flat(1);
  }
  if (machine->capacity_size() > kMostSimCpus) {
    fields->Refuse(PlaceOf(machine, pb::Machine::kCapacityFieldNumber, 0),
                   "there are more capacities than cores");
    return topology;
  }
  for (int i = 0; i < machine->capacity_size(); ++i) {
    topology.capacities.push_back(
        static_cast<int>(fields->Int(PlaceOf(machine, pb::Machine::kCapacityFieldNumber, i),
                                     machine->capacity(i), 1, kFastest)));
  }
  if (machine->has_shared_core_percent()) {
    topology.shared_core_percent =
        static_cast<int>(fields->Int(PlaceOf(machine, pb::Machine::kSharedCorePercentFieldNumber),
                                     machine->shared_core_percent(), 1, 100));
  }
  return topology;
}

SimCosts ReadCosts(const Located<pb::Machine>& machine, FieldReader* fields) {
  if (!machine->has_costs()) return kRealisticCosts;
  const auto costs = Inside(machine, machine->costs(), pb::Machine::kCostsFieldNumber);
  const auto cost = [&](int number, const std::string& text) {
    return Cost(costs, number, text, fields);
  };
  return {.switch_ns = cost(pb::Costs::kTaskSwitchFieldNumber, costs->task_switch()),
          .wake_idle_ns = cost(pb::Costs::kWakeIdleFieldNumber, costs->wake_idle()),
          .interrupt_ns = cost(pb::Costs::kInterruptFieldNumber, costs->interrupt()),
          .move_core_ns = cost(pb::Costs::kMoveCoreFieldNumber, costs->move_core()),
          .move_cache_ns = cost(pb::Costs::kMoveCacheFieldNumber, costs->move_cache()),
          .move_node_ns = cost(pb::Costs::kMoveNodeFieldNumber, costs->move_node())};
}

SimSpan ReadSpan(const Located<pb::Span>& span, FieldReader* fields) {
  SimSpan read;
  switch (span->how_case()) {
    case pb::Span::kFixed: {
      const FieldPlace fixed = PlaceOf(span, pb::Span::kFixedFieldNumber);
      read.least_ns = fields->Duration(fixed, span->fixed(), 1, 0);
      if (read.least_ns == 0) fields->Refuse(fixed, kHowLong);
      break;
    }
    case pb::Span::kUniform:
      ReadUniform(Inside(span, span->uniform(), pb::Span::kUniformFieldNumber), &read, fields);
      break;
    case pb::Span::kExponential:
      ReadExponential(Inside(span, span->exponential(), pb::Span::kExponentialFieldNumber), &read,
                      fields);
      break;
    case pb::Span::HOW_NOT_SET:
      fields->Refuse(span.place, kHowLong);
  }
  if (span->has_rare()) {
    ReadRare(Inside(span, span->rare(), pb::Span::kRareFieldNumber), &read, fields);
  }
  return read;
}

SimAdversity ReadAdversity(const Located<pb::Adversity>& adversity, FieldReader* fields) {
  SimAdversity read;
  read.doorbell_delay_ns =
      fields->Duration(PlaceOf(adversity, pb::Adversity::kDoorbellDelayFieldNumber),
                       adversity->doorbell_delay(), 0, 0);
  read.lose_every_doorbell =
      static_cast<int>(fields->Int(PlaceOf(adversity, pb::Adversity::kLoseEveryDoorbellFieldNumber),
                                   adversity->lose_every_doorbell(), 0, INT32_MAX));
  if (adversity->has_event_ring_size()) {
    read.event_ring_size = static_cast<size_t>(
        fields->Int(PlaceOf(adversity, pb::Adversity::kEventRingSizeFieldNumber),
                    adversity->event_ring_size(), 1, SCHEDD_EVENT_RING_SIZE));
  }
  if (adversity->has_commit_limit()) {
    read.commit_limit =
        static_cast<size_t>(fields->Int(PlaceOf(adversity, pb::Adversity::kCommitLimitFieldNumber),
                                        adversity->commit_limit(), 0, SCHEDD_DECISION_RING_SIZE));
  }
  return read;
}

std::string ReadCgroupPath(const FieldPlace& place, const std::string& path, FieldReader* fields) {
  const std::string read = fields->Name(place, path, kLongestPath);
  for (const absl::string_view part : absl::StrSplit(read, '/')) {
    if (!part.empty() && part != "." && part != "..") continue;
    fields->Refuse(place, absl::StrCat(Quote(path),
                                       ": allowed is a path below the root such as "
                                       "system.slice/db, without a slash at either end"));
    break;
  }
  return read;
}

}  // namespace schedd
