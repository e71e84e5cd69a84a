// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_document.h"

#include <nlohmann/json.hpp>

#include "client/schedctl/simulation_policy.h"

namespace schedd::client {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const WakeupLatency& wakeups) {
  return {{"count", wakeups.count},
          {"meanNanos", wakeups.mean_ns},
          {"p50Nanos", wakeups.p50_ns},
          {"p99Nanos", wakeups.p99_ns},
          {"maxNanos", wakeups.max_ns}};
}

Json ToJson(const TaskGroupReport& group) {
  return {{"name", group.name},
          {"tasks", group.tasks},
          {"weight", group.weight},
          {"runNanos", group.run_ns},
          {"cpuShare", group.cpu_share},
          {"jain", group.jain},
          {"rounds", group.rounds},
          {"waitNanos", group.wait_ns},
          {"longestWaitNanos", group.longest_wait_ns},
          {"migrations", group.migrations},
          {"wakeups", ToJson(group.wakeups)}};
}

Json ToJson(const SimulationReport& run) {
  Json json = {{"workload", run.workload},
               {"policy", run.policy},
               {"seed", run.seed},
               {"cpuCount", run.nr_cpus},
               {"durationNanos", run.duration_ns},
               {"busy", run.busy},
               {"idleWhileRunnableNanos", run.idle_while_runnable_ns},
               {"contextSwitches", run.context_switches},
               {"migrations", run.migrations},
               {"preemptions", run.preemptions},
               {"rounds", run.rounds},
               {"longestWaitNanos", run.longest_wait_ns},
               {"wakeups", ToJson(run.wakeups)},
               {"jain", run.jain},
               {"events", run.events},
               {"decisions", run.decisions},
               {"urgentDecisions", run.urgent_decisions},
               {"machineEvents", run.machine_events},
               {"groups", Json::array()}};
  for (const TaskGroupReport& group : run.groups) json["groups"].push_back(ToJson(group));
  return json;
}

Json Figures(std::span<const Metric> metrics, const SimulatedPolicy& policy,
             const std::string* group) {
  Json json = Json::object();
  for (const Metric& metric : metrics) {
    if (const auto figure = FigureOf(metric, policy, group)) {
      json[metric.key] = {
          {"median", figure->median}, {"least", figure->least}, {"most", figure->most}};
    }
  }
  return json;
}

Json ToJson(const SimulatedPolicy& policy, const std::vector<std::string>& groups) {
  Json json = {{"label", policy.label},
               {"settings", Json::object()},
               {"figures", Figures(MachineMetrics(), policy, nullptr)},
               {"groups", Json::array()},
               {"runs", Json::array()}};
  for (const auto& [name, value] : PolicySettings(policy.options)) json["settings"][name] = value;
  for (const std::string& group : groups) {
    json["groups"].push_back(
        {{"name", group}, {"figures", Figures(GroupMetrics(), policy, &group)}});
  }
  for (const SimulationReport& run : policy.runs) json["runs"].push_back(ToJson(run));
  return json;
}

}  // namespace

std::string SimulationDocument(const SimulationComparison& comparison) {
  Json json = {{"workload", comparison.workload},
               {"description", comparison.description},
               {"policies", Json::array()}};
  const std::vector<std::string> groups = GroupNames(comparison);
  for (const SimulatedPolicy& policy : comparison.policies) {
    json["policies"].push_back(ToJson(policy, groups));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace schedd::client
