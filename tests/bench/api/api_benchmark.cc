// SPDX-License-Identifier: Apache-2.0
//
// What the API costs: lists and changes as a client sees them, the server's CPU time under readers
// of a stream, and what these readers do to the scheduling thread.
//
//   api_benchmark [REPETITIONS]
//
// The server is the whole daemon in a process of its own (server_process.h); the clients are the
// client library over a unix socket. Prints one JSON object: each figure with one value for each
// repetition, which is a median, a 99th percentile or a rate over many samples. Exit code 1, with a
// sentence on stderr, when something cannot be measured: an error, or an answer that is not whole.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/lib/client.h"
#include "tests/bench/api/await_attached.h"
#include "tests/bench/api/figures.h"
#include "tests/bench/api/server_process.h"

namespace schedd {
namespace {

using client::Client;

constexpr size_t kTasks = 10'000;
constexpr size_t kPage = 1'000;  // unless asked for more
constexpr int kReaders = 8;
constexpr absl::Duration kInterval = absl::Milliseconds(100);
constexpr int kLists = 100;    // in a repetition
constexpr int kChanges = 500;  // in a repetition
constexpr absl::Duration kPhase = absl::Seconds(3);
constexpr absl::Duration kSettle = absl::Milliseconds(500);
constexpr absl::Duration kPatience = absl::Seconds(60);

// --- calls, one after the other ---

// CPU time of what serves clients: not of the machine, nor of its scheduling.
int64_t ServingNanos(const ServerCpu& cpu) {
  return cpu.process_ns - cpu.machine_ns - cpu.scheduling_ns;
}

absl::Status MeasureCalls(const std::string& name, int count, const ServerProcess& server,
                          const std::function<absl::Status(int)>& call, Figures* figures) {
  if (absl::Status status = call(0); !status.ok()) return status;  // warms up
  const absl::StatusOr<ServerCpu> before = server.Cpu();
  if (!before.ok()) return before.status();
  std::vector<double> ms;
  for (int i = 1; i <= count; ++i) {
    const absl::Time begin = absl::Now();
    if (absl::Status status = call(i); !status.ok()) return status;
    ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
  }
  const absl::StatusOr<ServerCpu> after = server.Cpu();
  if (!after.ok()) return after.status();
  figures->AddSamples(name, "ms", ms);
  figures->Add(name + ": CPU for each", "ms",
               static_cast<double>(ServingNanos(*after) - ServingNanos(*before)) / 1e6 / count);
  return absl::OkStatus();
}

absl::Status NotWhole(absl::string_view what, size_t tasks) {
  return absl::InternalError(absl::StrCat(what, " had only ", tasks, " tasks"));
}

absl::Status MeasureLists(Client& client, const ServerProcess& server, Figures* figures) {
  v1::ListTasksRequest request;
  request.set_page_size(static_cast<int32_t>(kTasks));  // the largest there is
  absl::Status status = MeasureCalls(
      "ListTasks of 10,000 tasks, all pages", kLists, server,
      [&](int) {
        const auto tasks = client.ListAllTasks(request);
        if (!tasks.ok()) return tasks.status();
        return tasks->size() < kTasks ? NotWhole("a list", tasks->size()) : absl::OkStatus();
      },
      figures);
  if (!status.ok()) return status;
  return MeasureCalls(
      "ListTasks of 10,000 tasks, first page", kLists, server,
      [&](int) {
        const auto page = client.ListTasks({});
        if (!page.ok()) return page.status();
        const auto count = static_cast<size_t>(page->tasks_size());
        return count < kPage ? NotWhole("a page", count) : absl::OkStatus();
      },
      figures);
}

// The reply comes when the scheduling thread has taken the change up, and says so.
absl::Status MeasureChanges(Client& client, const ServerProcess& server, Figures* figures) {
  return MeasureCalls(
      "UpdatePolicy until applied", kChanges, server,
      [&](int i) {
        v1::UpdatePolicyRequest request;
        request.mutable_policy()->set_name(client::kDefaultPolicy);
        request.mutable_policy()->mutable_parameters()->mutable_base_slice()->set_nanos(
            i % 2 == 0 ? 5'000'000 : 6'000'000);
        request.mutable_update_mask()->add_paths("parameters.base_slice");
        const auto policy = client.UpdatePolicy(request);
        if (!policy.ok()) return policy.status();
        if (policy->applied_generation() < policy->generation()) {
          return absl::InternalError("UpdatePolicy answered before the change was applied");
        }
        return absl::OkStatus();
      },
      figures);
}

// --- readers ---

// What a reader asks for.
enum class Updates { kWhole, kChanges };

// One WatchTasks stream on a connection of its own.
class Reader {
 public:
  Reader(std::unique_ptr<Client> client, Updates kind)
      : client_(std::move(client)),
        kind_(kind),
        thread_([this](const std::stop_token& stop) { Read(stop); }) {}

  int64_t updates() const { return updates_.load(); }  // whole ones, so far
  bool failed() const { return failed_.load(); }
  // After failed().
  const absl::Status& status() const { return status_; }

 private:
  void Read(const std::stop_token& stop) {
    v1::WatchTasksRequest request;
    request.mutable_update_interval()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(kInterval)));
    request.set_changed_tasks_only(kind_ == Updates::kChanges);
    size_t sent = 0;                          // in this update
    absl::flat_hash_set<std::string> living;  // what updates with changes only add up to
    const absl::Status ended = client_->WatchTasks(
        request,
        [&](const v1::WatchTasksResponse& message) {
          sent += static_cast<size_t>(message.tasks_size());
          if (kind_ == Updates::kChanges) {
            for (const std::string& name : message.exited_tasks()) living.erase(name);
            for (const v1::Task& task : message.tasks()) living.insert(task.name());
          }
          if (message.partial()) return true;
          const size_t tasks = kind_ == Updates::kChanges ? living.size() : sent;
          if (tasks < kTasks) status_ = NotWhole("an update", tasks);
          sent = 0;
          updates_.fetch_add(1);
          return status_.ok();
        },
        stop);
    if (status_.ok()) status_ = ended;
    if (!status_.ok()) failed_.store(true);
  }

  const std::unique_ptr<Client> client_;
  const Updates kind_;
  std::atomic<int64_t> updates_{0};
  std::atomic<bool> failed_{false};
  absl::Status status_;  // the thread's until failed_
  std::jthread thread_;  // last: it uses all above
};

absl::StatusOr<std::vector<std::unique_ptr<Reader>>> StartReaders(const std::string& endpoint,
                                                                  int count, Updates kind) {
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < count; ++i) {
    auto client = Client::Connect(endpoint);
    if (!client.ok()) return client.status();
    readers.push_back(std::make_unique<Reader>(*std::move(client), kind));
  }
  const absl::Time give_up = absl::Now() + kPatience;
  for (const auto& reader : readers) {
    while (reader->updates() == 0 && !reader->failed()) {
      if (absl::Now() > give_up) return absl::DeadlineExceededError("a reader got no update");
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  return readers;
}

// --- the server under them ---

struct Moment {
  absl::Time time;
  ServerCpu cpu;
  uint64_t decided = 0;
  uint64_t undecided = 0;
  int64_t updates = 0;
};

absl::StatusOr<Moment> Look(const ServerProcess& server,
                            const std::vector<std::unique_ptr<Reader>>& readers) {
  const absl::StatusOr<ServerCpu> cpu = server.Cpu();
  if (!cpu.ok()) return cpu.status();
  Moment moment{.time = absl::Now(),
                .cpu = *cpu,
                .decided = server.log().decided.load(std::memory_order_acquire),
                .undecided = server.log().undecided.load()};
  for (const auto& reader : readers) {
    if (reader->failed()) return reader->status();
    moment.updates += reader->updates();
  }
  return moment;
}

// Adds the figures of a phase with so many readers. Returns the median decision latency, us.
absl::StatusOr<double> MeasurePhase(const ServerProcess& server, const std::string& label,
                                    int reader_count, Updates kind, Figures* figures) {
  const auto readers = StartReaders(server.endpoint(), reader_count, kind);
  if (!readers.ok()) return readers.status();
  absl::SleepFor(kSettle);
  const absl::StatusOr<Moment> begin = Look(server, *readers);
  if (!begin.ok()) return begin.status();
  absl::SleepFor(kPhase);
  const absl::StatusOr<Moment> end = Look(server, *readers);
  if (!end.ok()) return end.status();

  const double elapsed_ns = absl::ToDoubleNanoseconds(end->time - begin->time);
  const auto percent = [&](int64_t used_ns) {
    return 100 * static_cast<double>(used_ns) / elapsed_ns;
  };
  if (reader_count > 0) {
    const auto updates = static_cast<double>(end->updates - begin->updates);
    if (updates == 0) return absl::InternalError("the readers got no update");
    figures->Add(absl::StrCat("WatchTasks, ", label, ": updates a second for each"), "1/s",
                 updates / reader_count / (elapsed_ns / 1e9));
    figures->Add(
        absl::StrCat("WatchTasks, ", label, ": CPU for each"), "ms",
        static_cast<double>(ServingNanos(end->cpu) - ServingNanos(begin->cpu)) / 1e6 / updates);
  }
  // The simulated machine is no part of schedd.
  figures->Add(absl::StrCat("CPU of the server, ", label), "% of a core",
               percent(end->cpu.process_ns - end->cpu.machine_ns -
                       (begin->cpu.process_ns - begin->cpu.machine_ns)));
  figures->Add(absl::StrCat("of it the scheduling thread, ", label), "% of a core",
               percent(end->cpu.scheduling_ns - begin->cpu.scheduling_ns));

  std::vector<double> latency_us;
  std::vector<double> awake_us;
  for (uint64_t i = begin->decided; i < end->decided; ++i) {
    const ProbeLog::Sample& sample = server.log().samples[i % ProbeLog::kSamples];
    latency_us.push_back(static_cast<double>(sample.latency_ns) / 1e3);
    awake_us.push_back(static_cast<double>(sample.awake_ns) / 1e3);
  }
  if (latency_us.empty()) return absl::InternalError("the probe saw no decision");
  figures->AddSamples(absl::StrCat("decision latency, ", label), "us", latency_us);
  figures->AddSamples(absl::StrCat("of it with the thread awake, ", label), "us", awake_us);
  const auto undecided = static_cast<double>(end->undecided - begin->undecided);
  figures->Add(absl::StrCat("ran before their decision, ", label), "% of tasks",
               100 * undecided / (undecided + static_cast<double>(latency_us.size())));
  return Median(latency_us);
}

absl::Status MeasureReaders(const ServerProcess& server, Figures* figures) {
  const absl::StatusOr<double> without =
      MeasurePhase(server, "no reader", 0, Updates::kWhole, figures);
  if (!without.ok()) return without.status();
  for (const auto& [kind, what] :
       {std::pair(Updates::kChanges, "changes"), std::pair(Updates::kWhole, "whole updates")}) {
    const std::string label = absl::StrCat(kReaders, " readers of ", what);
    const absl::StatusOr<double> with = MeasurePhase(server, label, kReaders, kind, figures);
    if (!with.ok()) return with.status();
    figures->Add(absl::StrCat("decision latency, median: ", label, " / no reader"), "",
                 *with / *without);
  }
  return absl::OkStatus();
}

// --- all of it ---

absl::Status Measure(const ServerProcess& server, int repetitions, Figures* figures) {
  const auto client = Client::Connect(server.endpoint());
  if (!client.ok()) return client.status();
  if (absl::Status status = AwaitAttached(**client); !status.ok()) return status;
  for (int i = 0; i < repetitions; ++i) {
    absl::Status status = MeasureLists(**client, server, figures);
    if (status.ok()) status = MeasureChanges(**client, server, figures);
    if (status.ok()) status = MeasureReaders(server, figures);
    if (!status.ok()) return status;
    std::fprintf(stderr, "api: repetition %d of %d done\n", i + 1, repetitions);
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  int repetitions = 5;
  if (argc > 2 || (argc == 2 && (!absl::SimpleAtoi(argv[1], &repetitions) || repetitions < 1))) {
    std::fprintf(stderr, "usage: api_benchmark [REPETITIONS]\n");
    return 2;
  }
  // Before gRPC has threads.
  const auto server = ServerProcess::Start(kTasks);
  Figures figures;
  const absl::Status status =
      server.ok() ? Measure(**server, repetitions, &figures) : server.status();
  if (!status.ok()) {
    std::fprintf(stderr, "api_benchmark: %s\n", status.ToString().c_str());
    return 1;
  }
  const nlohmann::ordered_json document = {{"tasks", kTasks},
                                           {"readers", kReaders},
                                           {"interval_ms", absl::ToInt64Milliseconds(kInterval)},
                                           {"repetitions", repetitions},
                                           {"figures", figures.json()}};
  std::printf("%s\n", document.dump(1).c_str());
  return 0;
}

}  // namespace
}  // namespace schedd

int main(int argc, char** argv) { return schedd::Main(argc, argv); }
