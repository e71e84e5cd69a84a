// SPDX-License-Identifier: Apache-2.0
//
// schedctl policy get, set, specs.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/command.h"
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

absl::Status Get(Session& session) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto policy = session.WaitFor("the policy", [&] { return (*client)->GetPolicy(); });
  if (!policy.ok()) return policy.status();
  if (session.structured()) return session.PrintDocument(*policy);
  Table table({{"PARAMETER"}, {"VALUE"}});
  for (const auto& [name, value] : ParameterTexts(policy->parameters()))
    table.AddRow({name, value});
  session.Print(table);
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
  Table table({{"PARAMETER"},
               {"MIN", kRight},
               {"MAX", kRight},
               {"DEFAULT", kRight},
               {"SCALE"},
               {"DESCRIPTION"}});
  for (const v1::ParameterSpec& spec : *specs) {
    std::vector<Cell> row = {spec.field_path(),
                             "",
                             "",
                             "",
                             EnumText(v1::ParameterSpec::Scale_descriptor(), spec.scale()),
                             spec.description()};
    if (spec.has_int64_domain()) {
      row[1] = SpecNumber(spec, spec.int64_domain().min_value());
      row[2] = SpecNumber(spec, spec.int64_domain().max_value());
      row[3] = SpecNumber(spec, spec.int64_domain().default_value());
    } else if (spec.has_categorical_domain()) {
      const auto& domain = spec.categorical_domain();
      row[3] = SpecChoice(spec, domain.default_value());
      const auto choices =
          absl::StrJoin(domain.values(), ", ", [&spec](std::string* out, const std::string& value) {
            out->append(SpecChoice(spec, value));
          });
      row[5] = absl::StrCat(spec.description(), " One of: ", choices);
    }
    table.AddRow(std::move(row));
  }
  session.Print(table);
  return absl::OkStatus();
}

}  // namespace

void AddPolicyCommands(CommandTable& table) {
  CLI::App* group = table.AddGroup("policy", "Show and change the parameters of the policy");
  table.SetBody(table.AddCommand(group, "get", "Show the parameters and their generation",
                                 "schedctl policy get"),
                Get);

  auto options = table.MakeOptions<SetOptions>();
  CLI::App* command = table.AddCommand(
      group, "set", "Change parameters, all of them at once or none",
      "schedctl policy set base_slice=5ms max_slice=20ms --reason \"less latency\"\n"
      "schedctl policy set placement_mode=idle-bypass base_slice=default");
  command
      ->add_option("change", options->assignments,
                   "name=value; durations as 5ms, name=default for the default")
      ->required();
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
