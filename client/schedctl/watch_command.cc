// SPDX-License-Identifier: Apache-2.0
//
// schedctl task watch: a table that redraws itself on a terminal, one document an update otherwise;
// and --watch of task list and task get.
#include <functional>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/follow.h"
#include "client/schedctl/format.h"
#include "client/schedctl/task_text.h"
#include "client/schedctl/watch.h"

namespace schedd::client {
namespace {

// Lines of the screen that are not tasks: the title, the headers, the line of the cursor.
constexpr int kOtherRows = 3;

std::string Title(const v1::WatchTasksResponse& update, absl::TimeZone zone) {
  std::string title =
      absl::StrCat(LocalTime(update.collect_time(), zone), "  generation ",
                   update.policy_generation(), "  tasks ", Count(update.tasks_size()));
  if (update.exited_tasks_size() > 0) {
    absl::StrAppend(&title, "  ended ", Count(update.exited_tasks_size()));
  }
  if (update.skipped_update_count() > 0) {
    absl::StrAppend(&title, "  skipped updates ", Count(update.skipped_update_count()));
  }
  if (update.dropped_event_count() > 0) {
    absl::StrAppend(&title, "  lost events ", Count(update.dropped_event_count()));
  }
  return title + "\n";
}

absl::Status Show(Session& session, const v1::WatchTasksResponse& update, bool wide) {
  if (session.structured()) return session.PrintDocumentLine(update);
  Table table = TaskTable(wide);
  for (const v1::Task& task : update.tasks()) AddTaskRow(task, wide, table);
  const Environment& environment = session.environment();
  PrintUpdate(session, absl::StrCat(Title(update, environment.zone),
                                    table.Render({.headers = !session.options().no_headers,
                                                  .color = environment.color})));
  return absl::OkStatus();
}

// Joins the messages of a large update: the later parts bring tasks, the first one the rest.
void Join(const v1::WatchTasksResponse& part, std::optional<v1::WatchTasksResponse>& whole) {
  if (!whole.has_value()) {
    whole = part;
    return;
  }
  whole->mutable_tasks()->MergeFrom(part.tasks());
  whole->mutable_exited_tasks()->MergeFrom(part.exited_tasks());
  whole->set_partial(part.partial());
}

absl::StatusOr<v1::WatchTasksRequest> MakeRequest(const Session& session,
                                                  const WatchOptions& options) {
  v1::WatchTasksRequest request;
  auto interval = ParseDuration(options.interval);
  if (!interval.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--interval: ", interval.status().message()));
  }
  *request.mutable_update_interval() = ToProto(*interval);
  auto order = OrderBy(options.sort);
  if (!order.ok()) return order.status();
  request.set_order_by(*order);
  request.set_filter(TaskFilter(options.filter, options.user_only));
  int limit = options.limit;
  const Environment& environment = session.environment();
  if (limit == 0 && environment.terminal && !session.structured() &&
      environment.rows > kOtherRows) {
    limit = environment.rows - kOtherRows;
  }
  request.set_max_task_count(limit);
  return request;
}

// Calls `show` for each whole update until it returns false.
absl::Status Watch(Session& session, const v1::WatchTasksRequest& request, int64_t count,
                   const std::function<bool(const v1::WatchTasksResponse&)>& show) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto notice = session.StartNotice("the first update");
  int64_t shown = 0;
  std::optional<v1::WatchTasksResponse> update;
  return (*client)->WatchTasks(request, [&](const v1::WatchTasksResponse& part) {
    notice.reset();
    Join(part, update);
    if (part.partial()) return true;
    const bool more = show(*update);
    update.reset();
    return more && (count == 0 || ++shown < count);
  });
}

}  // namespace

absl::Status WatchTaskList(Session& session, const WatchOptions& options) {
  auto request = MakeRequest(session, options);
  if (!request.ok()) return request.status();
  absl::Status printed;
  const absl::Status ended =
      Watch(session, *request, options.count, [&](const v1::WatchTasksResponse& update) {
        printed = Show(session, update, options.all_columns || session.wide());
        return printed.ok();
      });
  return printed.ok() ? ended : printed;
}

absl::Status WatchTask(Session& session, const std::string& name, int64_t count) {
  v1::WatchTasksRequest request;
  request.set_filter(absl::StrCat("name = \"", name, "\""));
  absl::Status printed;
  const absl::Status ended =
      Watch(session, request, count, [&](const v1::WatchTasksResponse& update) {
        if (update.tasks().empty()) {
          session.Say(absl::StrCat(name, " has ended"));
          return false;
        }
        const v1::Task& task = update.tasks(0);
        if (session.structured()) {
          printed = session.PrintDocumentLine(task);
        } else {
          PrintUpdate(session, TaskFacts(task).Render(
                                   {.headers = false, .color = session.environment().color}));
        }
        return printed.ok();
      });
  return printed.ok() ? ended : printed;
}

void AddWatchCommand(CommandTable& table, CLI::App* task) {
  auto options = table.MakeOptions<WatchOptions>();
  CLI::App* command =
      table.AddCommand(task, "watch", "Show the tasks again and again",
                       "schedctl task watch --interval 500ms --user\n"
                       "schedctl task watch -o json --count 10 --filter 'comm = \"hog\"'");
  command->add_option("--interval", options->interval, "Time between updates, 100ms to 1m")
      ->type_name("DURATION")
      ->capture_default_str();
  command->add_option("--filter", options->filter, "Only tasks for which this holds");
  table.SetCandidates(
      command->add_option("--sort", options->sort, "Order, as in task list")->capture_default_str(),
      {SortWords(), ""});
  command
      ->add_option("--limit", options->limit,
                   "Only the first so many; 0: all, or on a terminal what fits")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--count", options->count, "End after so many updates; 0: never")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--user", options->user_only, "Without kernel threads");
  table.SetBody(command, [options](Session& session) { return WatchTaskList(session, *options); });
}

}  // namespace schedd::client
