// SPDX-License-Identifier: Apache-2.0
//
// schedctl task watch: a table that redraws itself on a terminal, one document an update otherwise.
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/format.h"
#include "client/schedctl/task_text.h"

namespace schedd::client {
namespace {

struct WatchOptions {
  std::string interval = "1s";
  std::string filter;
  std::string sort = "run";
  int limit = 0;
  int64_t count = 0;
  bool user_only = false;
};

// Beginning of the screen; each line clears its old rest, the end clears what was below.
constexpr char kHome[] = "\033[H";
constexpr char kClearLine[] = "\033[K";
constexpr char kClearBelow[] = "\033[J";

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

// The text again, drawn over the old one.
std::string Redraw(const std::string& text) {
  std::string drawn = kHome;
  for (char c : text) {
    if (c == '\n') drawn += kClearLine;
    drawn += c;
  }
  return drawn + kClearBelow;
}

absl::Status Show(Session& session, const v1::WatchTasksResponse& update) {
  if (session.structured()) return session.PrintDocumentLine(update);
  Table table = TaskTable(session.wide());
  for (const v1::Task& task : update.tasks()) AddTaskRow(task, session.wide(), table);
  const Environment& environment = session.environment();
  std::string text = Title(update, environment.zone);
  absl::StrAppend(
      &text, table.Render({.headers = !session.options().no_headers, .color = environment.color}));
  session.Print(environment.terminal ? Redraw(text) : absl::StrCat(text, "\n"));
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

absl::Status Watch(Session& session, const WatchOptions& options) {
  auto request = MakeRequest(session, options);
  if (!request.ok()) return request.status();
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto notice = session.StartNotice("the first update");
  absl::Status printed;
  int64_t shown = 0;
  std::optional<v1::WatchTasksResponse> update;
  const absl::Status ended =
      (*client)->WatchTasks(*request, [&](const v1::WatchTasksResponse& part) {
        notice.reset();
        Join(part, update);
        if (part.partial()) return true;
        printed = Show(session, *update);
        update.reset();
        return printed.ok() && (options.count == 0 || ++shown < options.count);
      });
  return printed.ok() ? ended : printed;
}

}  // namespace

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
  command->add_option("--sort", options->sort, "Order, as in task list")->capture_default_str();
  command
      ->add_option("--limit", options->limit,
                   "Only the first so many; 0: all, or on a terminal what fits")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--count", options->count, "End after so many updates; 0: never")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--user", options->user_only, "Without kernel threads");
  table.SetBody(command, [options](Session& session) { return Watch(session, *options); });
}

}  // namespace schedd::client
