// SPDX-License-Identifier: Apache-2.0
//
// schedctl status: where the dispatcher stands, in words.
#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/follow.h"
#include "client/schedctl/format.h"
#include "client/schedctl/scheduler_text.h"
#include "client/schedctl/table.h"

namespace schedd::client {
namespace {

absl::Status Show(Session& session) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto scheduler = session.WaitFor("the status", [&] { return (*client)->GetScheduler(); });
  if (!scheduler.ok()) return scheduler.status();
  if (session.structured()) return session.PrintDocument(*scheduler);
  Table table({{""}, {""}});
  AddSchedulerRows(*scheduler, session.Now(), session.environment().zone, table);
  table.AddRow({"endpoint", (*client)->endpoint()});
  session.Print(table.Render({.headers = false, .color = session.environment().color}));
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommand(CommandTable& table) {
  auto follow = table.MakeOptions<FollowOptions>();
  CLI::App* command = table.AddCommand(
      &table.root(), "status", "Show the scheduler's state, read from the kernel",
      "schedctl status\nschedctl status -o jsonpath='{.state} {.counters.decisionCount}'");
  AddFollowOptions(command, *follow);
  table.SetBody(command, [follow](Session& session) {
    return Follow(session, *follow, [&] { return Show(session); });
  });
}

}  // namespace schedd::client
