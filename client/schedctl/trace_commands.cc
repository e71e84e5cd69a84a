// SPDX-License-Identifier: Apache-2.0
//
// schedctl trace: recordings of what this host's scheduler does, of whatever class it is. schedd is
// not asked.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/schedctl/command.h"
#include "client/schedctl/format.h"
#include "client/schedctl/version.h"
#include "client/trace/recorder.h"
#include "server/simulate/trace_lives.h"

namespace schedd::client {
namespace {

constexpr int64_t kLeastBytes = 1 << 20;
constexpr int64_t kMostBytes = 256 << 20;
constexpr absl::Duration kMostDuration = absl::Hours(1);

struct RecordWords {
  std::string file;
  std::string duration = "10s";
  std::string size = "64MiB";
};

struct ShowWords {
  std::string file;
  int limit = 10;
};

// "64MiB".
absl::StatusOr<int64_t> ParseBytes(absl::string_view text) {
  absl::string_view number = text;
  int64_t unit = 0;
  if (absl::ConsumeSuffix(&number, "MiB")) {
    unit = 1 << 20;
  } else if (absl::ConsumeSuffix(&number, "KiB")) {
    unit = 1 << 10;
  }
  int64_t count = 0;
  if (unit == 0 || !absl::SimpleAtoi(number, &count) || count < kLeastBytes / unit ||
      count > kMostBytes / unit) {
    return absl::InvalidArgumentError(
        absl::StrCat("--size ", text, ": from 1MiB to 256MiB, as 64MiB"));
  }
  return count * unit;
}

std::string Kib(int64_t bytes) { return absl::StrCat(Count(bytes >> 10), " KiB"); }

std::string RecordSentence(const std::string& file, const RecordResult& result) {
  std::string text =
      absl::StrCat(file, ": ", Count(result.end.events()), " events of ", Count(result.tasks),
                   " tasks in ", ShortDuration(result.duration), ", ", Kib(result.bytes));
  if (result.end.stop() == sim::v1::TRACE_STOP_SIZE) {
    absl::StrAppend(&text, "; ended early, as the file is as large as it may be (--size)");
  }
  return text;
}

absl::Status RunRecord(Session& session, const RecordWords& words) {
  const auto duration = ParseDuration(words.duration);
  if (!duration.ok()) return duration.status();
  if (*duration <= absl::ZeroDuration() || *duration > kMostDuration) {
    return absl::InvalidArgumentError(
        absl::StrCat("--duration ", words.duration, ": more than 0, at most 1h"));
  }
  const auto bytes = ParseBytes(words.size);
  if (!bytes.ok()) return bytes.status();
  const auto result = RecordTrace({.path = words.file,
                                   .duration = *duration,
                                   .most_bytes = *bytes,
                                   .root = session.environment().root,
                                   .version = kVersion});
  if (!result.ok()) return result.status();
  session.Say(RecordSentence(words.file, *result));
  if (result->end.lost_events() > 0) {
    session.Say(absl::StrCat(Count(result->end.lost_events()),
                             " more events were lost: the kernel had no room for them"));
  }
  return absl::OkStatus();
}

// A task of a recording and what it did.
struct ShownTask {
  sim::v1::TraceTask task;
  TraceLife life;
};

// By CPU time, most first; the recorder's own among them.
std::vector<ShownTask> TasksByRunTime(const Trace& trace, std::vector<TraceLife> lives) {
  std::vector<ShownTask> tasks;
  for (TraceLife& life : lives) {
    ShownTask shown;
    const auto task = trace.tasks.find(life.tid);
    if (task != trace.tasks.end()) shown.task = task->second;
    shown.life = std::move(life);
    tasks.push_back(std::move(shown));
  }
  std::sort(tasks.begin(), tasks.end(), [](const ShownTask& a, const ShownTask& b) {
    if (a.life.run_ns != b.life.run_ns) return a.life.run_ns > b.life.run_ns;
    return a.life.tid < b.life.tid;
  });
  return tasks;
}

int64_t DurationNs(const Trace& trace) { return trace.end_ns - trace.header.start_ns(); }

// What is missing in the recording; empty when nothing is.
std::string Missing(const Trace& trace) {
  if (!trace.damage.empty()) return trace.damage;
  if (trace.lost_events == 0) return "";
  return absl::StrCat(Count(trace.lost_events), " events were lost while recording");
}

int64_t RunNs(const std::vector<ShownTask>& tasks) {
  int64_t run_ns = 0;
  for (const ShownTask& shown : tasks) run_ns += shown.life.run_ns;
  return run_ns;
}

void PrintSummary(Session& session, const Trace& trace, const std::vector<ShownTask>& tasks) {
  Table table({{"WHAT"}, {"VALUE"}});
  const absl::Time start = absl::FromUnixNanos(trace.header.start_unix_ns());
  const int64_t cpus = trace.header.cpus_size();
  table.AddRow(
      {"recorded", absl::FormatTime("%Y-%m-%d %H:%M:%S", start, session.environment().zone)});
  table.AddRow({"kernel", Printable(trace.header.kernel_release())});
  table.AddRow({"duration", ShortNanos(DurationNs(trace))});
  table.AddRow(
      {"CPUs", absl::StrCat(cpus, ", busy ", Share(RunNs(tasks), DurationNs(trace) * cpus))});
  table.AddRow({"tasks", Count(static_cast<int64_t>(tasks.size()))});
  table.AddRow({"events", Count(static_cast<int64_t>(trace.events.size()))});
  table.AddRow({"lost", Count(trace.lost_events)});
  session.Print(table);
}

void PrintTasks(Session& session, const Trace& trace, const std::vector<ShownTask>& tasks,
                size_t limit) {
  Table table({{"TID", Table::Align::kRight},
               {"COMM"},
               {"CPU TIME", Table::Align::kRight},
               {"OF A CPU", Table::Align::kRight},
               {"WAKEUPS", Table::Align::kRight},
               {"WAITED", Table::Align::kRight},
               {"LONGEST WAIT", Table::Align::kRight}});
  for (size_t i = 0; i < std::min(limit, tasks.size()); ++i) {
    const ShownTask& shown = tasks[i];
    table.AddRow({absl::StrCat(shown.life.tid), shown.task.comm(), ShortNanos(shown.life.run_ns),
                  Share(shown.life.run_ns, DurationNs(trace)), Count(shown.life.wakeups),
                  ShortNanos(shown.life.wait_ns), ShortNanos(shown.life.longest_wait_ns)});
  }
  session.Print(table);
}

// As the API writes durations.
std::string Seconds(int64_t nanos) {
  const auto whole = nanos / 1'000'000'000;
  return absl::StrCat(whole, ".", absl::Dec(nanos % 1'000'000'000, absl::kZeroPad9), "s");
}

absl::Status PrintDocument(Session& session, const Trace& trace,
                           const std::vector<ShownTask>& tasks, size_t limit) {
  nlohmann::ordered_json document = {
      {"kernelRelease", trace.header.kernel_release()},
      {"startTime",
       absl::FormatTime(absl::RFC3339_sec, absl::FromUnixNanos(trace.header.start_unix_ns()),
                        absl::UTCTimeZone())},
      {"duration", Seconds(DurationNs(trace))},
      {"cpuCount", trace.header.cpus_size()},
      {"runTime", Seconds(RunNs(tasks))},
      {"taskCount", tasks.size()},
      {"eventCount", trace.events.size()},
      {"lostCount", trace.lost_events},
      {"missing", Missing(trace)},
      {"tasks", nlohmann::ordered_json::array()}};
  for (size_t i = 0; i < std::min(limit, tasks.size()); ++i) {
    const auto& [task, life] = tasks[i];
    document["tasks"].push_back({{"tid", life.tid},
                                 {"tgid", task.tgid()},
                                 {"comm", task.comm()},
                                 {"prio", task.prio()},
                                 {"cgroup", task.cgroup()},
                                 {"kernelThread", task.kthread()},
                                 {"runTime", Seconds(life.run_ns)},
                                 {"wakeupCount", life.wakeups},
                                 {"waitTime", Seconds(life.wait_ns)},
                                 {"longestWait", Seconds(life.longest_wait_ns)}});
  }
  return session.PrintJson(
      document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

absl::Status RunShow(Session& session, const ShowWords& words) {
  const auto trace = ReadTraceFile(words.file);
  if (!trace.ok()) return trace.status();
  auto lives = LivesOf(*trace, {.steps = false});
  if (!lives.ok()) return lives.status();
  const std::vector<ShownTask> tasks = TasksByRunTime(*trace, *std::move(lives));
  const size_t limit = words.limit == 0 ? tasks.size() : static_cast<size_t>(words.limit);
  if (session.structured()) return PrintDocument(session, *trace, tasks, limit);
  PrintSummary(session, *trace, tasks);
  session.Print("\n");
  PrintTasks(session, *trace, tasks, limit);
  if (const std::string missing = Missing(*trace); !missing.empty()) session.Say(missing);
  return absl::OkStatus();
}

void AddRecord(CommandTable& table, CLI::App* trace) {
  auto words = table.MakeOptions<RecordWords>();
  CLI::App* command = table.AddCommand(
      trace, "record", "Record which task runs and wakes when on this host; needs root, not schedd",
      "schedctl trace record /tmp/host.trace --duration 30s");
  command->add_option("file", words->file, "Where to; replaced if it exists")->required();
  command->add_option("--duration", words->duration, "End after so long; Ctrl-C ends it earlier")
      ->type_name("DURATION")
      ->capture_default_str();
  command->add_option("--size", words->size, "End when the file has this size: MiB or KiB")
      ->type_name("SIZE")
      ->capture_default_str();
  table.SetBody(command, [words](Session& session) { return RunRecord(session, *words); });
}

void AddShow(CommandTable& table, CLI::App* trace) {
  auto words = table.MakeOptions<ShowWords>();
  CLI::App* command = table.AddCommand(trace, "show", "Show what a recording holds",
                                       "schedctl trace show /tmp/host.trace --limit 20");
  command->add_option("file", words->file, "The recording")->required();
  command->add_option("--limit", words->limit, "Only so many tasks, by CPU time; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  table.SetBody(command, [words](Session& session) { return RunShow(session, *words); });
}

}  // namespace

void AddTraceCommands(CommandTable& table) {
  CLI::App* trace = table.AddGroup("trace", "Record what this host's scheduler does");
  AddRecord(table, trace);
  AddShow(table, trace);
}

}  // namespace schedd::client
