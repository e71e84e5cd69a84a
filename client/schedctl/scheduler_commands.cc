// SPDX-License-Identifier: Apache-2.0
//
// schedctl scheduler attach, detach, watch.
#include <string>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/format.h"
#include "client/schedctl/scheduler_text.h"

namespace schedd::client {
namespace {

struct AttachOptions {
  bool dry_run = false;
  std::string scope;
};

struct DetachOptions {
  std::string reason;
};

struct WatchOptions {
  int64_t count = 0;
  int64_t after = 0;
};

absl::Status Attach(Session& session, const AttachOptions& options) {
  v1::AttachSchedulerRequest request;
  request.set_validate_only(options.dry_run);
  if (!options.scope.empty()) {
    const auto* scope = FindEnumValue(v1::Scheduler::Scope_descriptor(), options.scope);
    if (scope == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--scope cannot be \"", options.scope,
                       "\"; choose one of: ", EnumChoices(v1::Scheduler::Scope_descriptor())));
    }
    request.set_scope(static_cast<v1::Scheduler::Scope>(scope->number()));
  }
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto scheduler =
      session.WaitFor("the attachment", [&] { return (*client)->AttachScheduler(request); });
  if (!scheduler.ok()) return scheduler.status();
  return session.PrintResult(
      *scheduler, "",
      options.dry_run
          ? "valid: the dispatcher loads and the kernel's verifier accepts it; nothing was attached"
          : SchedulerSentence(*scheduler));
}

absl::Status Detach(Session& session, const DetachOptions& options) {
  v1::DetachSchedulerRequest request;
  request.set_reason(options.reason);
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto scheduler =
      session.WaitFor("the detachment", [&] { return (*client)->DetachScheduler(request); });
  if (!scheduler.ok()) return scheduler.status();
  return session.PrintResult(*scheduler, "", SchedulerSentence(*scheduler));
}

// Empty for what people need not see.
std::string EventText(const v1::WatchSchedulerResponse& message) {
  switch (message.event_case()) {
    case v1::WatchSchedulerResponse::kScheduler:
      return absl::StrCat(SchedulerSentence(message.scheduler()), ", generation ",
                          message.scheduler().policy_generation());
    case v1::WatchSchedulerResponse::kGenerationApplied:
      return absl::StrCat("generation ", message.generation_applied().policy_generation(),
                          " is in force");
    case v1::WatchSchedulerResponse::kEventsLost:
      return absl::StrCat(Count(message.events_lost().lost_event_count()), " events were lost");
    default:
      return "";
  }
}

absl::Status Watch(Session& session, const WatchOptions& options) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto notice = session.StartNotice("the first event");
  absl::Status printed;
  int64_t shown = 0;
  const auto print = [&](const v1::WatchSchedulerResponse& message) {
    notice.reset();
    if (session.structured()) {
      printed = session.PrintDocumentLine(message);
    } else if (const std::string text = EventText(message); !text.empty()) {
      session.Print(absl::StrCat(LocalTime(message.event_time(), session.environment().zone), "  ",
                                 text, "\n"));
    } else {
      return true;
    }
    return printed.ok() && (options.count == 0 || ++shown < options.count);
  };
  const absl::Status ended = (*client)->WatchScheduler(print, {}, options.after);
  return printed.ok() ? ended : printed;
}

}  // namespace

void AddSchedulerCommands(CommandTable& table) {
  CLI::App* group = table.AddGroup("scheduler", "Attach, detach and watch the scheduler");

  auto attach = table.MakeOptions<AttachOptions>();
  CLI::App* command =
      table.AddCommand(group, "attach", "Make schedd the scheduler of this machine",
                       "schedctl scheduler attach\nschedctl scheduler attach --dry-run");
  command->add_flag("--dry-run,--validate-only", attach->dry_run,
                    "Load and verify the dispatcher, do not attach it");
  table.SetCandidates(command->add_option("--scope", attach->scope,
                                          "Which tasks: all, or ext-only (SCHED_EXT tasks)"),
                      {{"all", "ext-only"}, ""});
  table.SetBody(command, [attach](Session& session) { return Attach(session, *attach); });

  auto detach = table.MakeOptions<DetachOptions>();
  command = table.AddCommand(group, "detach", "Give all tasks back to the kernel's own class",
                             "schedctl scheduler detach --reason \"kernel update\"");
  command->add_option("--reason", detach->reason, "Why, for schedd's log");
  table.SetBody(command, [detach](Session& session) { return Detach(session, *detach); });

  auto watch = table.MakeOptions<WatchOptions>();
  command = table.AddCommand(
      group, "watch", "Print changes of state, generations and losses",
      "schedctl scheduler watch -o json\nschedctl scheduler watch --after 1800000000000123");
  command->add_option("--count", watch->count, "End after so many events; 0: never")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--after", watch->after,
                   "Begin with what came after the event of this sequenceNumber (see -o json)")
      ->check(CLI::NonNegativeNumber);
  table.SetBody(command, [watch](Session& session) { return Watch(session, *watch); });
}

}  // namespace schedd::client
