// SPDX-License-Identifier: Apache-2.0
//
// schedctl policy get, set, specs; the others of the group are in policy_making_commands.cc and
// policy_history_commands.cc.
#include "client/schedctl/policy_commands.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/follow.h"
#include "client/schedctl/format.h"
#include "client/schedctl/parameters.h"
#include "client/schedctl/policy_text.h"

namespace schedd::client {
namespace {

struct GetOptions {
  std::string policy;
  FollowOptions follow;
};

struct SetOptions {
  std::string policy;
  std::vector<std::string> assignments;
  std::string ttl;
  PolicyChangeOptions change;
};

// What a spec says, as cells; empty what it does not have.
struct SpecTexts {
  std::string min;
  std::string max;
  std::string preset;
  std::string choices;
};

SpecTexts TextsOf(const v1::ParameterSpec& spec) {
  SpecTexts texts;
  if (spec.has_int64_domain()) {
    texts.min = SpecNumber(spec, spec.int64_domain().min_value());
    texts.max = SpecNumber(spec, spec.int64_domain().max_value());
    texts.preset = SpecNumber(spec, spec.int64_domain().default_value());
  } else if (spec.has_categorical_domain()) {
    const auto& domain = spec.categorical_domain();
    texts.preset = SpecChoice(spec, domain.default_value());
    texts.choices =
        absl::StrJoin(domain.values(), ", ", [&spec](std::string* out, const std::string& value) {
          out->append(SpecChoice(spec, value));
        });
  }
  return texts;
}

// The specs by the names of their parameters, for the columns of -o wide.
absl::StatusOr<std::map<std::string, v1::ParameterSpec>> SpecsByName(Session& session,
                                                                     Client& client) {
  std::map<std::string, v1::ParameterSpec> by_name;
  auto specs = session.WaitFor("the parameters", [&] { return client.ListAllParameterSpecs(); });
  if (!specs.ok()) return specs.status();
  for (v1::ParameterSpec& spec : *specs) by_name[spec.field_path()] = std::move(spec);
  return by_name;
}

// What is in force for the tasks of a policy, and whether it or another one says so. The default
// policy sets everything itself.
absl::StatusOr<Table> ParameterTable(Session& session, Client& client, const v1::Policy& policy) {
  constexpr auto kRight = Table::Align::kRight;
  const bool inherits = policy.has_selector(), wide = session.wide();
  const auto own = ParameterTexts(policy.parameters());
  const auto texts = inherits ? ParameterTexts(policy.effective_parameters()) : own;
  std::map<std::string, v1::ParameterSpec> specs;
  std::vector<Table::Column> columns = {{"PARAMETER"}, {"VALUE"}};
  if (inherits) columns.push_back({"SET"});
  if (wide) {
    auto known = SpecsByName(session, client);
    if (!known.ok()) return known.status();
    specs = *std::move(known);
    columns.insert(columns.end(), {{"MIN", kRight}, {"MAX", kRight}, {"DEFAULT"}});
  }
  Table table(std::move(columns));
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto& [name, value] = texts[i];
    std::vector<Cell> row = {name, value};
    if (inherits) row.emplace_back(own[i].second == "-" ? "inherited" : "here");
    if (wide) {
      const SpecTexts spec = TextsOf(specs[name]);
      row.insert(row.end(), {spec.min, spec.max, spec.preset});
    }
    table.AddRow(std::move(row));
  }
  return table;
}

absl::Status Get(Session& session, const std::string& name) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto policy = session.WaitFor("the policy", [&] { return (*client)->GetPolicy(name); });
  if (!policy.ok()) return policy.status();
  if (session.structured()) return session.PrintDocument(*policy);
  auto table = ParameterTable(session, **client, *policy);
  if (!table.ok()) return table.status();
  const absl::TimeZone zone = session.environment().zone;
  session.Print(*table);
  if (policy->has_selector()) {
    session.Print(absl::StrCat("for the tasks of ", Printable(CgroupOf(*policy)), " and below\n"));
  }
  session.Print(absl::StrCat("generation ", policy->generation(), ", ", InForce(*policy, zone),
                             UntilText(*policy, zone), ", etag ", Printable(policy->etag()), "\n"));
  return absl::OkStatus();
}

// "base_slice: 10ms -> 5ms" for each path of the mask.
std::string Changes(const v1::UpdatePolicyRequest& request, const v1::Policy& before,
                    const v1::Policy& after) {
  const auto old_texts = ParameterTexts(before.parameters());
  const auto new_texts = ParameterTexts(after.parameters());
  std::vector<ParameterDifference> changes;
  for (const std::string& path : request.update_mask().paths()) {
    for (size_t i = 0; i < old_texts.size(); ++i) {
      if (path != absl::StrCat("parameters.", old_texts[i].first)) continue;
      changes.push_back({old_texts[i].first, old_texts[i].second, new_texts[i].second});
    }
  }
  return DifferencesText(changes, before.has_selector());
}

absl::Status Set(Session& session, const SetOptions& options) {
  v1::UpdatePolicyRequest request;
  for (const std::string& assignment : options.assignments) {
    const absl::Status status = AddAssignment(assignment, &request);
    if (!status.ok()) return status;
  }
  if (!options.ttl.empty()) {
    const absl::Status status = FillDuration("--ttl", options.ttl, request.mutable_ttl());
    if (!status.ok()) return status;
  }
  const std::string name = PolicyName(options.policy);
  request.mutable_policy()->set_name(name);
  request.mutable_policy()->set_etag(options.change.etag);
  request.set_validate_only(options.change.dry_run);
  request.set_reason(options.change.reason);
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto before = session.WaitFor("the policy", [&] { return (*client)->GetPolicy(name); });
  if (!before.ok()) return before.status();
  auto after = session.WaitFor("the change", [&] { return (*client)->UpdatePolicy(request); });
  if (!after.ok()) return after.status();
  return session.PrintResult(
      *after, "",
      ChangeSentence(session, Changes(request, *before, *after), *after, options.change.dry_run));
}

absl::Status Specs(Session& session) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto specs =
      session.WaitFor("the parameters", [&] { return (*client)->ListAllParameterSpecs(); });
  if (!specs.ok()) return specs.status();
  if (session.structured()) return session.PrintList("parameterSpecs", *specs);
  constexpr auto kRight = Table::Align::kRight;
  std::vector<Table::Column> columns = {
      {"PARAMETER"}, {"MIN", kRight}, {"MAX", kRight}, {"DEFAULT", kRight}, {"SCALE"}};
  if (session.wide()) columns.insert(columns.end(), {{"UNIT"}, {"NAME"}});
  columns.push_back({"DESCRIPTION"});
  Table table(std::move(columns));
  for (const v1::ParameterSpec& spec : *specs) {
    const SpecTexts texts = TextsOf(spec);
    std::vector<Cell> row = {spec.field_path(), texts.min, texts.max, texts.preset,
                             EnumText(v1::ParameterSpec::Scale_descriptor(), spec.scale())};
    if (session.wide()) row.insert(row.end(), {spec.unit(), spec.name()});
    row.emplace_back(texts.choices.empty()
                         ? spec.description()
                         : absl::StrCat(spec.description(), " One of: ", texts.choices));
    table.AddRow(std::move(row));
  }
  session.Print(table);
  return absl::OkStatus();
}

void AddGet(CommandTable& table, CLI::App* group) {
  auto options = table.MakeOptions<GetOptions>();
  CLI::App* command =
      table.AddCommand(group, "get", "Show the parameters of a policy and their generation",
                       "schedctl policy get -o wide\n"
                       "schedctl policy get web\n"
                       "schedctl policy get -o jsonpath='{.parameters.baseSlice}'");
  AddPolicyArgument(table, command, options->policy);
  AddFollowOptions(command, options->follow);
  table.SetBody(command, [options](Session& session) {
    return Follow(session, options->follow,
                  [&] { return Get(session, PolicyName(options->policy)); });
  });
}

void AddSet(CommandTable& table, CLI::App* group) {
  auto options = table.MakeOptions<SetOptions>();
  CLI::App* command = table.AddCommand(
      group, "set", "Change parameters, all of them at once or none",
      "schedctl policy set base_slice=5ms max_slice=20ms --reason \"less latency\"\n"
      "schedctl policy set placement_mode=idle-bypass base_slice=default\n"
      "schedctl policy set web base_slice=3ms --ttl 10m");
  AddPolicyArgument(table, command, options->policy);
  table.SetCandidates(
      command
          ->add_option("change", options->assignments,
                       "name=value; durations as 5ms, name=default for the default or, in "
                       "another policy than default, for the inherited value")
          ->required(),
      {{}, "parameters"});
  command->add_option("--ttl", options->ttl, "Take the change back after this long")
      ->type_name("DURATION");
  AddPolicyChangeOptions(command, options->change, /*etag=*/true);
  table.SetBody(command, [options](Session& session) { return Set(session, *options); });
}

}  // namespace

void AddPolicyChangeOptions(CLI::App* command, PolicyChangeOptions& options, bool etag) {
  if (etag) {
    command->add_option("--etag", options.etag,
                        "Only if the policy still has this etag (see policy get)");
  }
  command->add_flag("--dry-run", options.dry_run, "Only check");
  command->add_option("--reason", options.reason, "Why, for schedd's log");
}

void AddPolicyArgument(CommandTable& table, CLI::App* command, std::string& policy) {
  policy = LastSegment(kDefaultPolicy);
  // What the check refuses goes to the next argument.
  command->validate_positionals();
  table.SetCandidates(
      command->add_option("policy", policy, "Name of a policy, as in policy list; else default")
          ->check(CheckPolicyWord),
      {{}, "policies"});
}

std::string ChangeSentence(const Session& session, const std::string& changes,
                           const v1::Policy& after, bool dry_run) {
  if (dry_run) return absl::StrCat(changes, "\nvalid; nothing was changed");
  const absl::TimeZone zone = session.environment().zone;
  return absl::StrCat(changes, "\ngeneration ", after.generation(), ", ", InForce(after, zone),
                      UntilText(after, zone));
}

void AddPolicyCommands(CommandTable& table) {
  CLI::App* group = table.AddGroup("policy", "Show and change the policies and their parameters");
  AddGet(table, group);
  AddSet(table, group);
  table.SetBody(table.AddCommand(group, "specs", "List the parameters with bounds and defaults",
                                 "schedctl policy specs"),
                Specs);
  AddPolicyMakingCommands(table, group);
  AddPolicyHistoryCommands(table, group);
}

}  // namespace schedd::client
