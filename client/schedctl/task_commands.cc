// SPDX-License-Identifier: Apache-2.0
//
// schedctl task list, get; the others of the group are in watch_command.cc and
// override_commands.cc.
#include <string>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/task_lookup.h"
#include "client/schedctl/task_text.h"

namespace schedd::client {
namespace {

struct ListOptions {
  std::string filter;
  std::string sort;
  int limit = 0;
  bool user_only = false;
  bool all_fields = false;
};

absl::Status List(Session& session, const ListOptions& options) {
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

absl::Status Get(Session& session, const std::string& task_argument) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto task = session.WaitFor("the task", [&] { return FindTask(**client, task_argument); });
  if (!task.ok()) return task.status();
  if (session.structured()) return session.PrintDocument(*task);
  session.Print(TaskFacts(*task).Render({.headers = false, .color = session.environment().color}));
  return absl::OkStatus();
}

}  // namespace

void AddTaskCommands(CommandTable& table) {
  CLI::App* group = table.AddGroup("task", "Show tasks and change their priorities");

  auto list = table.MakeOptions<ListOptions>();
  CLI::App* command = table.AddCommand(
      group, "list", "List the tasks that schedd knows",
      "schedctl task list --sort run --limit 10\n"
      "schedctl task list --filter 'comm = \"nginx*\" AND stats.run_time_nanos > 1000000'");
  command->add_option("--filter", list->filter,
                      "Only tasks for which this holds (see docs/schedctl.md)");
  command->add_option(
      "--sort", list->sort,
      "Order: a column (run, wait, p99, tid, …), with :asc or :desc if need be; default tid");
  command->add_option("--limit", list->limit, "Only the first so many; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--user", list->user_only, "Without kernel threads");
  command->add_flag("--all-fields", list->all_fields, "All columns, as -o wide");
  table.SetBody(command, [list](Session& session) { return List(session, *list); });

  auto name = table.MakeOptions<std::string>();
  command = table.AddCommand(group, "get", "Show all about one task",
                             "schedctl task get 1234\nschedctl task get tasks/1234-5678000000");
  command->add_option("task", *name, "Thread ID, or the name of the task")->required();
  table.SetBody(command, [name](Session& session) { return Get(session, *name); });

  AddWatchCommand(table, group);
  AddOverrideCommands(table, group);
}

}  // namespace schedd::client
