// SPDX-License-Identifier: Apache-2.0
//
// schedctl task boost, unboost, overrides.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/command.h"
#include "client/schedctl/follow.h"
#include "client/schedctl/format.h"
#include "client/schedctl/task_lookup.h"
#include "client/schedctl/task_text.h"

namespace schedd::client {
namespace {

constexpr char kPrefix[] = "taskOverrides/";

struct BoostOptions {
  std::string task;
  std::optional<int32_t> tgid;
  std::string comm;
  std::string cgroup;
  std::optional<int64_t> uid;
  std::optional<int32_t> weight;
  std::string slice;
  std::string ttl;
  std::string id;
  bool dry_run = false;
};

struct UnboostOptions {
  std::vector<std::string> ids;
  bool all = false;
};

std::string FullName(const std::string& id) {
  return absl::StartsWith(id, kPrefix) ? id : absl::StrCat(kPrefix, id);
}

// Everything but the task, which needs a call. What schedd can check, schedd checks.
absl::StatusOr<v1::CreateTaskOverrideRequest> MakeRequest(const BoostOptions& options) {
  v1::CreateTaskOverrideRequest request;
  v1::TaskOverride& change = *request.mutable_task_override();
  v1::TaskSelector& selector = *change.mutable_selector();
  if (options.tgid == 0) {  // in the API 0 means "not given"
    return absl::InvalidArgumentError("--tgid must be a process ID from 1, not 0");
  }
  if (options.tgid.has_value()) selector.set_tgid(*options.tgid);
  selector.set_comm(options.comm);
  selector.set_cgroup_path(ApiCgroupPath(options.cgroup));
  if (options.uid.has_value()) selector.set_uid(*options.uid);
  if (options.task.empty() && SelectorText(selector).empty()) {
    return absl::InvalidArgumentError(
        "which tasks? give at least one of --task, --tgid, --comm, --cgroup, --uid");
  }
  if (!options.weight.has_value() && options.slice.empty()) {
    return absl::InvalidArgumentError("what to change? give --weight, --slice or both");
  }
  if (options.weight == 0) {  // in the API 0 means "leave it"
    return absl::InvalidArgumentError(
        "--weight must be 1 to 10000 (100 is a task of nice 0), not 0");
  }
  change.set_weight(options.weight.value_or(0));
  if (!options.slice.empty()) {
    const auto status = FillDuration("--slice", options.slice, change.mutable_slice());
    if (!status.ok()) return status;
  }
  if (!options.ttl.empty()) {
    const auto status = FillDuration("--ttl", options.ttl, change.mutable_ttl());
    if (!status.ok()) return status;
  }
  if (!options.id.empty()) request.set_task_override_id(LastSegment(options.id));
  request.set_validate_only(options.dry_run);
  return request;
}

// "weight 400, slice 5ms".
std::string ChangeText(const v1::TaskOverride& change) {
  std::vector<std::string> parts;
  if (change.weight() != 0) parts.push_back(absl::StrCat("weight ", change.weight()));
  if (change.has_slice())
    parts.push_back(absl::StrCat("slice ", ExactDuration(FromProto(change.slice()))));
  return absl::StrJoin(parts, ", ");
}

std::string Sentence(const v1::TaskOverride& made, bool dry_run, const Session& session) {
  const std::string tasks = absl::StrCat(Count(made.matched_task_count()),
                                         made.matched_task_count() == 1 ? " task" : " tasks");
  std::string until = "for good";
  if (made.has_expire_time()) {
    until = absl::StrCat("until ", LocalTime(made.expire_time(), session.environment().zone));
  } else if (made.has_ttl()) {
    until = absl::StrCat("for ", ExactDuration(FromProto(made.ttl())));
  }
  if (dry_run) {
    return absl::StrCat("valid: ", ChangeText(made), " for ", tasks, " now, ", until,
                        "; nothing was changed");
  }
  return absl::StrCat(LastSegment(made.name()), ": ", ChangeText(made), " for ", tasks, " now, ",
                      until, " (generation ", made.generation(), ")");
}

absl::Status Boost(Session& session, const BoostOptions& options) {
  auto request = MakeRequest(options);
  if (!request.ok()) return request.status();
  auto client = session.client();
  if (!client.ok()) return client.status();
  if (!options.task.empty()) {
    auto task = session.WaitFor("the task", [&] { return FindTask(**client, options.task); });
    if (!task.ok()) return task.status();
    request->mutable_task_override()->mutable_selector()->set_task(task->name());
  }
  auto made =
      session.WaitFor("the override", [&] { return (*client)->CreateTaskOverride(*request); });
  if (!made.ok()) return made.status();
  return session.PrintResult(*made, LastSegment(made->name()),
                             Sentence(*made, options.dry_run, session));
}

absl::Status Unboost(Session& session, const UnboostOptions& options) {
  if (options.all == !options.ids.empty()) {
    return absl::InvalidArgumentError(
        "which overrides? give their names (see schedctl task overrides), or --all");
  }
  auto client = session.client();
  if (!client.ok()) return client.status();
  std::vector<std::string> names;
  if (options.all) {
    auto overrides =
        session.WaitFor("the overrides", [&] { return (*client)->ListAllTaskOverrides(); });
    if (!overrides.ok()) return overrides.status();
    for (const auto& item : *overrides) names.push_back(item.name());
  } else {
    for (const std::string& id : options.ids) names.push_back(FullName(id));
  }
  int64_t removed = 0;
  for (const std::string& name : names) {
    v1::DeleteTaskOverrideRequest request;
    request.set_name(name);
    const absl::Status status =
        session.WaitFor("the removal", [&] { return (*client)->DeleteTaskOverride(request); });
    // With --all, one that expired meanwhile is what was asked for.
    if (options.all && absl::IsNotFound(status)) continue;
    if (!status.ok()) return status;
    ++removed;
    if (!options.all && !session.options().quiet) {
      session.Print(absl::StrCat(LastSegment(name), ": removed\n"));
    }
  }
  if (options.all && !session.options().quiet) {
    session.Print(absl::StrCat(removed, removed == 1 ? " override" : " overrides", " removed\n"));
  }
  return absl::OkStatus();
}

// Columns of `wide` stand before the last one, which may be long.
std::vector<Table::Column> OverrideColumns(bool wide) {
  constexpr auto kRight = Table::Align::kRight;
  std::vector<Table::Column> columns = {{"ID"},
                                        {"WEIGHT", kRight},
                                        {"SLICE", kRight},
                                        {"TASKS", kRight},
                                        {"EXPIRES-IN", kRight},
                                        {"GENERATION", kRight}};
  if (wide) columns.insert(columns.end(), {{"CREATED"}, {"EXPIRES"}, {"ETAG"}});
  columns.push_back({"SELECTOR"});
  return columns;
}

std::vector<Cell> OverrideRow(const v1::TaskOverride& item, bool wide, const Session& session) {
  std::vector<Cell> cells = {LastSegment(item.name()),
                             item.weight() == 0 ? "-" : absl::StrCat(item.weight()),
                             item.has_slice() ? ExactDuration(FromProto(item.slice())) : "-",
                             Count(item.matched_task_count()),
                             item.has_expire_time()
                                 ? ShortDuration(FromProto(item.expire_time()) - session.Now())
                                 : "never",
                             absl::StrCat(item.generation())};
  if (wide) {
    const absl::TimeZone zone = session.environment().zone;
    cells.insert(cells.end(), {LocalTime(item.create_time(), zone),
                               LocalTime(item.expire_time(), zone), item.etag()});
  }
  cells.emplace_back(SelectorText(item.selector()));
  return cells;
}

absl::Status ListOverrides(Session& session) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto overrides =
      session.WaitFor("the overrides", [&] { return (*client)->ListAllTaskOverrides(); });
  if (!overrides.ok()) return overrides.status();
  if (session.structured()) return session.PrintList("taskOverrides", *overrides);
  Table table(OverrideColumns(session.wide()));
  for (const v1::TaskOverride& item : *overrides) {
    table.AddRow(OverrideRow(item, session.wide(), session));
  }
  session.Print(table);
  if (overrides->empty()) session.Say("no overrides");
  return absl::OkStatus();
}

void AddBoost(CommandTable& table, CLI::App* task) {
  auto options = table.MakeOptions<BoostOptions>();
  CLI::App* command = table.AddCommand(
      task, "boost", "Give the tasks that match all selectors another weight or slice",
      "schedctl task boost --comm nginx --weight 400 --ttl 10m\n"
      "schedctl task boost --tgid 1234 --weight 50 --slice 2ms --id batch");
  table.SetCandidates(command
                          ->add_option("--task", options->task,
                                       "One task: thread ID, or name as in task list -o wide")
                          ->group("Which tasks"),
                      {{}, "tasks"});
  command->add_option("--tgid", options->tgid, "All threads of a process")->group("Which tasks");
  table.SetCandidates(
      command->add_option("--comm", options->comm, "Tasks with this name")->group("Which tasks"),
      {{}, "comms"});
  command->add_option("--cgroup", options->cgroup, "Tasks in this cgroup and below")
      ->group("Which tasks");
  command->add_option("--uid", options->uid, "Tasks of this user ID")->group("Which tasks");
  command->add_option("--weight", options->weight, "Share of CPU time, 1 to 10000; 100 is nice 0")
      ->group("What changes");
  command->add_option("--slice", options->slice, "Time slice")
      ->type_name("DURATION")
      ->group("What changes");
  command->add_option("--ttl", options->ttl, "Take the change back after this long")
      ->type_name("DURATION")
      ->group("What changes");
  command->add_option("--id", options->id, "Name of the override; chosen by schedd if not given");
  command->add_flag("--dry-run", options->dry_run,
                    "Only check, and say how many tasks it would touch");
  table.SetBody(command, [options](Session& session) { return Boost(session, *options); });
}

}  // namespace

void AddOverrideCommands(CommandTable& table, CLI::App* task) {
  AddBoost(table, task);

  auto options = table.MakeOptions<UnboostOptions>();
  CLI::App* command = table.AddCommand(task, "unboost", "Take overrides away",
                                       "schedctl task unboost batch\nschedctl task unboost --all");
  table.SetCandidates(
      command->add_option("override", options->ids, "Names of overrides, as in task overrides"),
      {{}, "overrides"});
  command->add_flag("--all", options->all, "All overrides");
  table.SetBody(command, [options](Session& session) { return Unboost(session, *options); });

  auto follow = table.MakeOptions<FollowOptions>();
  command =
      table.AddCommand(task, "overrides", "List the overrides",
                       "schedctl task overrides -o wide\nschedctl task overrides --watch -o json");
  AddFollowOptions(command, *follow);
  table.SetBody(command, [follow](Session& session) {
    return Follow(session, *follow, [&] { return ListOverrides(session); });
  });
}

}  // namespace schedd::client
