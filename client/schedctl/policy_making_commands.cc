// SPDX-License-Identifier: Apache-2.0
//
// schedctl policy list, create, delete: which policies there are.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/schedctl/follow.h"
#include "client/schedctl/format.h"
#include "client/schedctl/parameters.h"
#include "client/schedctl/policy_commands.h"
#include "client/schedctl/policy_text.h"

namespace schedd::client {
namespace {

struct CreateOptions {
  std::string id;
  std::string cgroup;
  std::vector<std::string> assignments;
  PolicyChangeOptions change;
};

struct DeleteOptions {
  std::string policy;
  PolicyChangeOptions change;
};

// Columns of `wide` stand before the last one, which may be long.
std::vector<Table::Column> PolicyColumns(bool wide) {
  constexpr auto kRight = Table::Align::kRight;
  std::vector<Table::Column> columns = {
      {"ID"}, {"CGROUP"}, {"GENERATION", kRight}, {"EXPIRES-IN", kRight}};
  if (wide) columns.insert(columns.end(), {{"CREATED"}, {"WRITER"}, {"ETAG"}});
  columns.push_back({"SETS"});
  return columns;
}

std::vector<Cell> PolicyRow(const v1::Policy& policy, const Session& session) {
  std::vector<Cell> cells = {
      LastSegment(policy.name()), CgroupOf(policy), absl::StrCat(policy.generation()),
      policy.has_expire_time() ? ShortDuration(FromProto(policy.expire_time()) - session.Now())
                               : "never"};
  if (session.wide()) {
    cells.insert(cells.end(), {LocalTime(policy.create_time(), session.environment().zone),
                               policy.writer(), policy.etag()});
  }
  // The default policy sets every parameter.
  cells.emplace_back(policy.has_selector() ? AssignmentsText(policy.parameters()) : "all");
  return cells;
}

absl::Status List(Session& session) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto policies = session.WaitFor("the policies", [&] { return (*client)->ListAllPolicies(); });
  if (!policies.ok()) return policies.status();
  if (session.structured()) return session.PrintList("policies", *policies);
  Table table(PolicyColumns(session.wide()));
  for (const v1::Policy& policy : *policies) table.AddRow(PolicyRow(policy, session));
  session.Print(table);
  return absl::OkStatus();
}

absl::Status Create(Session& session, const CreateOptions& options) {
  v1::UpdatePolicyRequest changes;
  for (const std::string& assignment : options.assignments) {
    const absl::Status status = AddAssignment(assignment, &changes);
    if (!status.ok()) return status;
  }
  v1::CreatePolicyRequest request;
  request.set_policy_id(LastSegment(options.id));
  *request.mutable_policy() = std::move(*changes.mutable_policy());
  request.mutable_policy()->mutable_selector()->set_cgroup_path(ApiCgroupPath(options.cgroup));
  request.set_validate_only(options.change.dry_run);
  request.set_reason(options.change.reason);
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto made = session.WaitFor("the policy", [&] { return (*client)->CreatePolicy(request); });
  if (!made.ok()) return made.status();
  const std::string what =
      absl::StrCat(LastSegment(made->name()), ": ", AssignmentsText(made->parameters()),
                   " for the tasks of ", Printable(CgroupOf(*made)), " and below");
  return session.PrintResult(*made, LastSegment(made->name()),
                             ChangeSentence(session, what, *made, options.change.dry_run));
}

absl::Status Delete(Session& session, const DeleteOptions& options) {
  v1::DeletePolicyRequest request;
  request.set_name(PolicyName(options.policy));
  request.set_etag(options.change.etag);
  request.set_validate_only(options.change.dry_run);
  request.set_reason(options.change.reason);
  auto client = session.client();
  if (!client.ok()) return client.status();
  const absl::Status status =
      session.WaitFor("the removal", [&] { return (*client)->DeletePolicy(request); });
  if (!status.ok() || session.options().quiet) return status;
  session.Print(absl::StrCat(LastSegment(request.name()), options.change.dry_run
                                                              ? ": valid; nothing was changed\n"
                                                              : ": removed\n"));
  return absl::OkStatus();
}

void AddList(CommandTable& table, CLI::App* group) {
  auto follow = table.MakeOptions<FollowOptions>();
  CLI::App* command = table.AddCommand(
      group, "list", "List the policies; of those that match a task the first one applies",
      "schedctl policy list -o wide\n"
      "schedctl policy list -o jsonpath='{range .policies[*]}{.name}{\"\\n\"}{end}'");
  AddFollowOptions(command, *follow);
  table.SetBody(command, [follow](Session& session) {
    return Follow(session, *follow, [&] { return List(session); });
  });
}

void AddCreate(CommandTable& table, CLI::App* group) {
  auto options = table.MakeOptions<CreateOptions>();
  CLI::App* command = table.AddCommand(
      group, "create", "Make a policy for the tasks of a control group and of all below it",
      "schedctl policy create db --cgroup /system.slice/db.service base_slice=3ms\n"
      "schedctl policy create batch --cgroup /batch.slice base_slice=30ms --dry-run");
  command->add_option("id", options->id, "Its name: small letters, digits and -")->required();
  command->add_option("--cgroup", options->cgroup, "Path of the control group; it need not exist")
      ->required();
  table.SetCandidates(
      command->add_option("change", options->assignments,
                          "name=value; what is not named is inherited from the next less "
                          "specific policy"),
      {{}, "parameters"});
  AddPolicyChangeOptions(command, options->change, /*etag=*/false);
  table.SetBody(command, [options](Session& session) { return Create(session, *options); });
}

void AddDelete(CommandTable& table, CLI::App* group) {
  auto options = table.MakeOptions<DeleteOptions>();
  CLI::App* command =
      table.AddCommand(group, "delete", "Remove a policy; its tasks fall to the next one",
                       "schedctl policy delete db --reason \"moved to another host\"\n"
                       "schedctl policy delete db --dry-run");
  table.SetCandidates(
      command->add_option("policy", options->policy, "Name of the policy, as in policy list")
          ->required(),
      {{}, "policies"});
  AddPolicyChangeOptions(command, options->change, /*etag=*/true);
  table.SetBody(command, [options](Session& session) { return Delete(session, *options); });
}

}  // namespace

void AddPolicyMakingCommands(CommandTable& table, CLI::App* group) {
  AddList(table, group);
  AddCreate(table, group);
  AddDelete(table, group);
}

}  // namespace schedd::client
