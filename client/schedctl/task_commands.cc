// SPDX-License-Identifier: Apache-2.0
//
// schedctl task list, get; the others of the group are in watch_command.cc and
// override_commands.cc.
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/follow.h"
#include "client/schedctl/format.h"
#include "client/schedctl/task_explain.h"
#include "client/schedctl/task_lookup.h"
#include "client/schedctl/task_text.h"
#include "client/schedctl/watch.h"

namespace schedd::client {
namespace {

struct ListOptions {
  std::string filter;
  std::string sort;
  int limit = 0;
  bool user_only = false;
  bool all_fields = false;
  FollowOptions follow;
};

struct GetOptions {
  std::string task;
  bool explain = false;
  FollowOptions follow;
};

absl::Status ListOnce(Session& session, const ListOptions& options) {
  v1::ListTasksRequest request;
  request.set_filter(TaskFilter(options.filter, options.user_only));
  auto order = OrderBy(options.sort);
  if (!order.ok()) return order.status();
  request.set_order_by(*order);
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto tasks = session.WaitFor("the task list",
                               [&] { return (*client)->ListAllTasks(request, options.limit); });
  if (!tasks.ok()) return tasks.status();
  if (session.structured()) return session.PrintList("tasks", *tasks);
  const bool wide = session.wide() || options.all_fields;
  Table table = TaskTable(wide);
  for (const v1::Task& task : *tasks) AddTaskRow(task, wide, table);
  session.Print(table);
  if (tasks->empty()) session.Say("no task matches");
  return absl::OkStatus();
}

absl::Status List(Session& session, const ListOptions& options) {
  const auto once = [&] { return ListOnce(session, options); };
  // Tasks change all the time: they have a stream of their own.
  if (!options.follow.watch) return Follow(session, options.follow, once);
  return WatchTaskList(session, {.filter = options.filter,
                                 .sort = options.sort,
                                 .limit = options.limit,
                                 .count = options.follow.count,
                                 .user_only = options.user_only,
                                 .all_columns = options.all_fields});
}

absl::Status Show(Session& session, const v1::Task& task) {
  if (session.structured()) return session.PrintDocument(task);
  session.Print(TaskFacts(task).Render({.headers = false, .color = session.environment().color}));
  return absl::OkStatus();
}

absl::Status PrintSettings(Session& session, const v1::Task& task,
                           const std::vector<Setting>& settings) {
  if (session.structured()) {
    nlohmann::ordered_json document = {{"task", task.name()},
                                       {"policy", task.policy()},
                                       {"taskOverride", task.task_override()},
                                       {"settings", nlohmann::ordered_json::array()}};
    for (const Setting& setting : settings) {
      document["settings"].push_back(
          {{"name", setting.name}, {"value", setting.value}, {"from", setting.from}});
    }
    return session.PrintJson(
        document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  Table table({{"SETTING"}, {"VALUE"}, {"FROM"}});
  for (const Setting& setting : settings) {
    table.AddRow({setting.name, setting.value, setting.from});
  }
  session.Print(table);
  session.Print(Printable(absl::StrCat(task.name(), " (", task.comm(), ") is in ",
                                       task.cgroup_path().empty() ? "/" : task.cgroup_path())) +
                "\n");
  return absl::OkStatus();
}

absl::Status Explain(Session& session, Client& client, const v1::Task& task) {
  auto policies = session.WaitFor("the policies", [&] { return client.ListAllPolicies(); });
  if (!policies.ok()) return policies.status();
  v1::TaskOverride change;
  if (!task.task_override().empty()) {
    auto found = session.WaitFor("the override",
                                 [&] { return client.GetTaskOverride(task.task_override()); });
    if (!found.ok()) return found.status();
    change = *std::move(found);
  }
  auto settings = ExplainTask(task, *policies, task.task_override().empty() ? nullptr : &change);
  if (!settings.ok()) return settings.status();
  return PrintSettings(session, task, *settings);
}

absl::Status Get(Session& session, const GetOptions& options) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto task = session.WaitFor("the task", [&] { return FindTask(**client, options.task); });
  if (!task.ok()) return task.status();
  if (options.explain) return Explain(session, **client, *task);
  if (options.follow.watch) return WatchTask(session, task->name(), options.follow.count);
  return Follow(session, options.follow, [&] { return Show(session, *task); });
}

}  // namespace

void AddTaskCommands(CommandTable& table) {
  CLI::App* group = table.AddGroup("task", "Show tasks and change their priorities");

  auto list = table.MakeOptions<ListOptions>();
  CLI::App* command = table.AddCommand(
      group, "list", "List the tasks that schedd knows",
      "schedctl task list --sort run --limit 10\n"
      "schedctl task list --filter 'comm = \"nginx*\" AND stats.run_time_nanos > 1000000'\n"
      "schedctl task list -o jsonpath='{range .tasks[*]}{.tid} {.comm}{\"\\n\"}{end}'");
  command->add_option("--filter", list->filter,
                      "Only tasks for which this holds (see docs/schedctl.md)");
  table.SetCandidates(
      command->add_option(
          "--sort", list->sort,
          "Order: a column (run, wait, p99, tid, …), with :asc or :desc if need be; default tid"),
      {SortWords(), ""});
  command->add_option("--limit", list->limit, "Only the first so many; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--user", list->user_only, "Without kernel threads");
  command->add_flag("--all-fields", list->all_fields, "All columns, as -o wide");
  AddFollowOptions(command, list->follow);
  table.SetBody(command, [list](Session& session) { return List(session, *list); });

  auto get = table.MakeOptions<GetOptions>();
  command = table.AddCommand(group, "get", "Show all about one task",
                             "schedctl task get 1234\n"
                             "schedctl task get 1234 --explain\n"
                             "schedctl task get tasks/1234-5678000000 --watch");
  table.SetCandidates(
      command->add_option("task", get->task, "Thread ID, or the name of the task")->required(),
      {{}, "tasks"});
  AddFollowOptions(command, get->follow);
  command
      ->add_flag("--explain", get->explain,
                 "Show what applies to it instead, and which override or policy says so")
      ->excludes("--watch");
  table.SetBody(command, [get](Session& session) { return Get(session, *get); });

  AddWatchCommand(table, group);
  AddOverrideCommands(table, group);
}

}  // namespace schedd::client
