// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/follow.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace schedd::client {
namespace {

// Beginning of the screen; each line clears its old rest, the end clears what was below.
constexpr char kHome[] = "\033[H";
constexpr char kClearLine[] = "\033[K";
constexpr char kClearBelow[] = "\033[J";

// The text again, drawn over the old one.
std::string Redraw(const std::string& text) {
  std::string drawn = kHome;
  for (char c : text) {
    if (c == '\n') drawn += kClearLine;
    drawn += c;
  }
  return drawn + kClearBelow;
}

}  // namespace

void AddFollowOptions(CLI::App* command, FollowOptions& options) {
  command->add_flag("-w,--watch", options.watch, "Show it again whenever it changed");
  command->add_option("--count", options.count, "With --watch: end after so many times; 0: never")
      ->check(CLI::NonNegativeNumber);
}

absl::Status Follow(Session& session, const FollowOptions& options,
                    const std::function<absl::Status()>& show) {
  if (!options.watch) {
    if (options.count == 0) return show();
    return absl::InvalidArgumentError("--count needs --watch");
  }
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto notice = session.StartNotice("the first event");
  absl::Status status;
  std::string last;
  int64_t shown = 0;
  const absl::Status ended = (*client)->WatchScheduler([&](const v1::WatchSchedulerResponse&) {
    notice.reset();
    auto text = session.Collect(show);
    status = text.status();
    if (!status.ok()) return false;
    if (shown > 0 && *text == last) return true;
    PrintUpdate(session, *text);
    last = *std::move(text);
    ++shown;
    return options.count == 0 || shown < options.count;
  });
  return status.ok() ? ended : status;
}

void PrintUpdate(Session& session, const std::string& text) {
  if (session.structured()) {
    session.Print(text);
  } else {
    session.Print(session.environment().terminal ? Redraw(text) : absl::StrCat(text, "\n"));
  }
}

}  // namespace schedd::client
