// SPDX-License-Identifier: Apache-2.0
//
// schedctl policy get, set, specs.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/command.h"
#include "client/schedctl/follow.h"
#include "client/schedctl/format.h"
#include "client/schedctl/parameters.h"

namespace schedd::client {
namespace {

struct SetOptions {
  std::vector<std::string> assignments;
  std::string etag;
  std::string reason;
  bool dry_run = false;
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

// Whether the scheduling thread has it yet.
std::string InForce(const v1::Policy& policy, absl::TimeZone zone) {
  if (policy.applied_generation() >= policy.generation()) {
    std::string text =
        absl::StrCat("in force (applied generation ", policy.applied_generation(), ")");
    if (policy.has_apply_time()) {
      absl::StrAppend(&text, " since ", LocalTime(policy.apply_time(), zone));
    }
    return text;
  }
  if (policy.applied_generation() == 0) return "in force as soon as the scheduler is attached";
  return absl::StrCat("not yet in force: the scheduling thread works with generation ",
                      policy.applied_generation());
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

absl::StatusOr<Table> ParameterTable(Session& session, Client& client, const v1::Policy& policy) {
  const auto texts = ParameterTexts(policy.parameters());
  if (!session.wide()) {
    Table table({{"PARAMETER"}, {"VALUE"}});
    for (const auto& [name, value] : texts) table.AddRow({name, value});
    return table;
  }
  auto specs = SpecsByName(session, client);
  if (!specs.ok()) return specs.status();
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"PARAMETER"}, {"VALUE"}, {"MIN", kRight}, {"MAX", kRight}, {"DEFAULT"}});
  for (const auto& [name, value] : texts) {
    const SpecTexts spec = TextsOf((*specs)[name]);
    table.AddRow({name, value, spec.min, spec.max, spec.preset});
  }
  return table;
}

absl::Status Get(Session& session) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto policy = session.WaitFor("the policy", [&] { return (*client)->GetPolicy(); });
  if (!policy.ok()) return policy.status();
  if (session.structured()) return session.PrintDocument(*policy);
  auto table = ParameterTable(session, **client, *policy);
  if (!table.ok()) return table.status();
  session.Print(*table);
  session.Print(absl::StrCat("generation ", policy->generation(), ", ",
                             InForce(*policy, session.environment().zone), ", etag ",
                             Printable(policy->etag()), "\n"));
  return absl::OkStatus();
}

// "base_slice: 10ms -> 5ms" for each path of the mask.
std::string Changes(const v1::UpdatePolicyRequest& request, const v1::Policy& before,
                    const v1::Policy& after) {
  const auto old_texts = ParameterTexts(before.parameters());
  const auto new_texts = ParameterTexts(after.parameters());
  std::vector<std::string> lines;
  for (const std::string& path : request.update_mask().paths()) {
    for (size_t i = 0; i < old_texts.size(); ++i) {
      if (path != absl::StrCat("parameters.", old_texts[i].first)) continue;
      lines.push_back(
          absl::StrCat(old_texts[i].first, ": ", old_texts[i].second, " -> ", new_texts[i].second));
    }
  }
  return absl::StrJoin(lines, "\n");
}

absl::Status Set(Session& session, const SetOptions& options) {
  v1::UpdatePolicyRequest request;
  for (const std::string& assignment : options.assignments) {
    const absl::Status status = AddAssignment(assignment, &request);
    if (!status.ok()) return status;
  }
  request.mutable_policy()->set_name(kDefaultPolicy);
  request.mutable_policy()->set_etag(options.etag);
  request.set_validate_only(options.dry_run);
  request.set_reason(options.reason);
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto before = session.WaitFor("the policy", [&] { return (*client)->GetPolicy(); });
  if (!before.ok()) return before.status();
  auto after = session.WaitFor("the change", [&] { return (*client)->UpdatePolicy(request); });
  if (!after.ok()) return after.status();
  const std::string changes = Changes(request, *before, *after);
  return session.PrintResult(*after, "",
                             options.dry_run
                                 ? absl::StrCat(changes, "\nvalid; nothing was changed")
                                 : absl::StrCat(changes, "\ngeneration ", after->generation(), ", ",
                                                InForce(*after, session.environment().zone)));
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

}  // namespace

void AddPolicyCommands(CommandTable& table) {
  CLI::App* group = table.AddGroup("policy", "Show and change the parameters of the policy");
  auto follow = table.MakeOptions<FollowOptions>();
  CLI::App* command = table.AddCommand(group, "get", "Show the parameters and their generation",
                                       "schedctl policy get -o wide\n"
                                       "schedctl policy get -o jsonpath='{.parameters.baseSlice}'");
  AddFollowOptions(command, *follow);
  table.SetBody(command, [follow](Session& session) {
    return Follow(session, *follow, [&] { return Get(session); });
  });

  auto options = table.MakeOptions<SetOptions>();
  command = table.AddCommand(
      group, "set", "Change parameters, all of them at once or none",
      "schedctl policy set base_slice=5ms max_slice=20ms --reason \"less latency\"\n"
      "schedctl policy set placement_mode=idle-bypass base_slice=default");
  table.SetCandidates(command
                          ->add_option("change", options->assignments,
                                       "name=value; durations as 5ms, name=default for the default")
                          ->required(),
                      {{}, "parameters"});
  command->add_option("--etag", options->etag,
                      "Only if the policy still has this etag (see policy get)");
  command->add_flag("--dry-run", options->dry_run, "Only check");
  command->add_option("--reason", options->reason, "Why, for schedd's log");
  table.SetBody(command, [options](Session& session) { return Set(session, *options); });

  table.SetBody(table.AddCommand(group, "specs", "List the parameters with bounds and defaults",
                                 "schedctl policy specs"),
                Specs);
}

}  // namespace schedd::client
