// SPDX-License-Identifier: Apache-2.0
//
// What the API bears: as many readers of streams as there may be, some of which never read, and a
// thousand calls a second beside them. Do all calls succeed, does the memory stay as it is, does
// the scheduling thread notice?
//
//   api_load [SECONDS [REPETITIONS]]
//
// The server is the whole daemon in a process of its own (server_process.h). Readers come as many
// users, for one may have 16 streams only: this needs root. Prints one JSON object as api_benchmark
// does. Exit code 1, with a sentence on stderr, when a call failed, a reader got nothing, or the
// calls could not be made as fast as they should.
#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/lib/client.h"
#include "schedd/v1/scheduler_service.grpc.pb.h"
#include "schedd/v1/task_service.grpc.pb.h"
#include "tests/bench/api/await_attached.h"
#include "tests/bench/api/figures.h"
#include "tests/bench/api/server_process.h"

namespace schedd {
namespace {

using client::Client;

constexpr int kTasks = 1'000;
constexpr int kReaders = 256;        // the most that schedd has
constexpr int kStuck = 8;            // of them
constexpr int kReadersOfAUser = 16;  // the most that it gives one
constexpr uid_t kFirstUser = 20'000;
constexpr int kCallers = 4;
constexpr int kCallsASecond = 1'000;
constexpr absl::Duration kAlone = absl::Seconds(5);
constexpr absl::Duration kSettle = absl::Seconds(1);
constexpr absl::Duration kPatience = absl::Seconds(60);

// A connection made as another user: the kernel tells the server who connected.
absl::StatusOr<int> ConnectAs(uid_t user, const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return absl::InternalError("a long socket path");
  path.copy(address.sun_path, path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::ErrnoToStatus(errno, "socket");
  // Not the library's function, which changes all threads.
  if (syscall(SYS_setresuid, -1, user, -1) != 0) return absl::ErrnoToStatus(errno, "setresuid");
  const int connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  const int problem = errno;
  if (syscall(SYS_setresuid, -1, 0, -1) != 0) return absl::ErrnoToStatus(errno, "setresuid");
  if (connected != 0) return absl::ErrnoToStatus(problem, absl::StrCat("connect to ", path));
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

// --- streams ---

enum class Kind { kTasks, kScheduler, kStuck };

// One stream. A stuck one is opened and never read.
class Reader {
 public:
  Reader(const std::shared_ptr<grpc::Channel>& channel, Kind kind)
      : tasks_(v1::TaskService::NewStub(channel)),
        schedulers_(v1::SchedulerService::NewStub(channel)) {
    if (kind == Kind::kScheduler) {
      v1::WatchSchedulerRequest request;
      request.set_name(client::kDefaultScheduler);
      thread_ = std::jthread(
          [this, stream = schedulers_->WatchScheduler(&context_, request)] { Read(*stream); });
      return;
    }
    v1::WatchTasksRequest request;
    const bool stuck = kind == Kind::kStuck;
    request.mutable_update_interval()->set_seconds(stuck ? 0 : 1);
    request.mutable_update_interval()->set_nanos(stuck ? 100'000'000 : 0);
    request.set_changed_tasks_only(!stuck);
    auto stream = tasks_->WatchTasks(&context_, request);
    if (stuck) {
      unread_ = std::move(stream);
    } else {
      thread_ = std::jthread([this, stream = std::move(stream)] { Read(*stream); });
    }
  }
  ~Reader() { context_.TryCancel(); }

  int64_t messages() const { return messages_.load(); }
  bool reads() const { return unread_ == nullptr; }
  // The stream has ended, which it should not.
  bool ended() const { return ended_.load(); }
  // After ended().
  const grpc::Status& status() const { return status_; }

 private:
  template <typename Message>
  void Read(grpc::ClientReader<Message>& stream) {
    Message message;
    while (stream.Read(&message)) messages_.fetch_add(1);
    status_ = stream.Finish();
    ended_.store(true);
  }

  const std::unique_ptr<v1::TaskService::Stub> tasks_;
  const std::unique_ptr<v1::SchedulerService::Stub> schedulers_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchTasksResponse>> unread_;
  std::atomic<int64_t> messages_{0};
  std::atomic<bool> ended_{false};
  grpc::Status status_;  // the thread's until ended_
  std::jthread thread_;  // last: it uses all above
};

using Readers = std::vector<std::unique_ptr<Reader>>;

absl::Status CheckReaders(const Readers& readers) {
  for (const auto& reader : readers) {
    if (reader->ended()) {
      return absl::InternalError(
          absl::StrCat("a stream ended: ", reader->status().error_message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Readers> StartReaders(const ServerProcess& server) {
  Readers readers;
  for (int i = 0; i < kReaders; ++i) {
    const absl::StatusOr<int> fd =
        ConnectAs(kFirstUser + static_cast<uid_t>(i / kReadersOfAUser), server.socket());
    if (!fd.ok()) return fd.status();
    const Kind kind = i < kStuck ? Kind::kStuck : i % 2 == 0 ? Kind::kTasks : Kind::kScheduler;
    readers.push_back(
        std::make_unique<Reader>(grpc::CreateInsecureChannelFromFd("schedd", *fd), kind));
  }
  const absl::Time give_up = absl::Now() + kPatience;
  for (const auto& reader : readers) {
    while (reader->reads() && reader->messages() == 0) {
      if (absl::Status status = CheckReaders(readers); !status.ok()) return status;
      if (absl::Now() > give_up) return absl::DeadlineExceededError("a reader got no message");
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  return readers;
}

// There is no room for one more, and that is said.
absl::Status CheckFull(Client& client) {
  v1::WatchTasksRequest request;
  const absl::Status status =
      client.WatchTasks(request, [](const v1::WatchTasksResponse&) { return false; });
  return absl::IsResourceExhausted(status)
             ? absl::OkStatus()
             : absl::InternalError(absl::StrCat("one stream more than there may be ended with ",
                                                status.ToString()));
}

// --- calls ---

// Some of each kind, mostly reads, at a steady pace.
class Caller {
 public:
  Caller(std::unique_ptr<Client> client, absl::Duration interval)
      : client_(std::move(client)),
        thread_([this, interval](const std::stop_token& stop) { Run(stop, interval); }) {}

  // Those since the last call of this, in ms; or why one failed.
  absl::StatusOr<std::vector<double>> Take() {
    absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return status_;
    return std::exchange(ms_, {});
  }

 private:
  void Run(const std::stop_token& stop, absl::Duration interval) {
    absl::Time due = absl::Now();
    for (int i = 0; !stop.stop_requested(); ++i) {
      const absl::Time begin = absl::Now();
      const absl::Status status = Call(i);
      {
        absl::MutexLock lock(&mutex_);
        status_.Update(status);
        ms_.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
      }
      if (!status.ok()) return;
      due += interval;
      absl::SleepFor(due - absl::Now());
    }
  }

  absl::Status Call(int i) {
    switch (i % 20) {
      case 0: {
        v1::UpdatePolicyRequest request;
        request.mutable_policy()->set_name(client::kDefaultPolicy);
        request.mutable_policy()->mutable_parameters()->mutable_base_slice()->set_nanos(
            i % 40 == 0 ? 5'000'000 : 6'000'000);
        request.mutable_update_mask()->add_paths("parameters.base_slice");
        return client_->UpdatePolicy(request).status();
      }
      case 1:
      case 2:
      case 3:
      case 4: {
        v1::ListTasksRequest request;
        request.set_page_size(50);
        return client_->ListTasks(request).status();
      }
      case 5:
      case 6:
      case 7:
      case 8:
        return client_->GetPolicy().status();
      default:
        return client_->GetScheduler().status();
    }
  }

  const std::unique_ptr<Client> client_;
  absl::Mutex mutex_;
  std::vector<double> ms_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses all above
};

using Callers = std::vector<std::unique_ptr<Caller>>;

absl::StatusOr<Callers> StartCallers(const std::string& endpoint) {
  Callers callers;
  for (int i = 0; i < kCallers; ++i) {
    auto client = Client::Connect(endpoint);
    if (!client.ok()) return client.status();
    callers.push_back(
        std::make_unique<Caller>(*std::move(client), absl::Seconds(1) * kCallers / kCallsASecond));
  }
  return callers;
}

absl::Status TakeCalls(const Callers& callers, std::vector<double>* ms) {
  for (const auto& caller : callers) {
    const auto taken = caller->Take();
    if (!taken.ok()) return taken.status();
    ms->insert(ms->end(), taken->begin(), taken->end());
  }
  return absl::OkStatus();
}

// --- the scheduling thread ---

struct Latencies {
  std::vector<double> us;
  std::vector<double> awake_us;

  void Read(const ProbeLog& log, uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      const ProbeLog::Sample& sample = log.samples[i % ProbeLog::kSamples];
      us.push_back(static_cast<double>(sample.latency_ns) / 1e3);
      awake_us.push_back(static_cast<double>(sample.awake_ns) / 1e3);
    }
  }
};

uint64_t Decided(const ServerProcess& server) {
  return server.log().decided.load(std::memory_order_acquire);
}

void MeasureAlone(const ServerProcess& server, Latencies* latencies) {
  absl::SleepFor(kSettle);
  const uint64_t begin = Decided(server);
  absl::SleepFor(kAlone);
  latencies->Read(server.log(), begin, Decided(server));
}

// --- all of it ---

// The load, from its first reader to its last; its decisions in `latencies`.
absl::Status MeasureLoad(Client& client, const ServerProcess& server, int seconds,
                         Latencies* latencies, Figures* figures) {
  const auto readers = StartReaders(server);
  if (!readers.ok()) return readers.status();
  if (absl::Status status = CheckFull(client); !status.ok()) return status;
  const auto callers = StartCallers(server.endpoint());
  if (!callers.ok()) return callers.status();

  std::vector<double> ms;
  for (int warm_up = 0; warm_up < 1 + seconds / 4; ++warm_up) absl::SleepFor(absl::Seconds(1));
  if (absl::Status status = TakeCalls(*callers, &ms); !status.ok()) return status;
  ms.clear();
  int64_t messages = 0;
  for (const auto& reader : *readers) messages -= reader->messages();
  const absl::Time begin = absl::Now();
  const uint64_t decided = Decided(server);
  std::vector<double> megabytes;
  for (int i = 0; i < seconds; ++i) {
    absl::SleepFor(absl::Seconds(1));
    const absl::StatusOr<int64_t> bytes = server.ResidentBytes();
    if (!bytes.ok()) return bytes.status();
    megabytes.push_back(static_cast<double>(*bytes) / 1e6);
    absl::Status status = TakeCalls(*callers, &ms);
    if (status.ok()) status = CheckReaders(*readers);
    if (!status.ok()) return status;
  }
  latencies->Read(server.log(), decided, Decided(server));
  for (const auto& reader : *readers) messages += reader->messages();

  const double elapsed_s = absl::ToDoubleSeconds(absl::Now() - begin);
  figures->Add("under load: calls", "1/s", static_cast<double>(ms.size()) / elapsed_s);
  figures->AddSamples("under load: a call", "ms", ms);
  figures->Add("under load: messages to each reader", "1/s",
               static_cast<double>(messages) / elapsed_s / (kReaders - kStuck));
  const size_t half = megabytes.size() / 2;
  figures->Add("under load: resident memory", "MB", megabytes.back());
  figures->Add("under load: its growth in the second half", "MB",
               megabytes.back() - megabytes[half]);
  return absl::OkStatus();
}

absl::Status Measure(const ServerProcess& server, int seconds, int repetitions, Figures* figures) {
  const auto client = Client::Connect(server.endpoint());
  if (!client.ok()) return client.status();
  if (absl::Status status = AwaitAttached(**client); !status.ok()) return status;
  for (int i = 0; i < repetitions; ++i) {
    Latencies alone;
    Latencies loaded;
    MeasureAlone(server, &alone);
    absl::Status status = MeasureLoad(**client, server, seconds, &loaded, figures);
    if (!status.ok()) return status;
    MeasureAlone(server, &alone);
    if (alone.us.empty() || loaded.us.empty()) return absl::InternalError("no decision was seen");
    figures->AddSamples("decision latency, alone", "us", alone.us);
    figures->AddSamples("decision latency, under load", "us", loaded.us);
    figures->Add("decision latency, median: under load / alone", "",
                 Median(loaded.us) / Median(alone.us));
    figures->Add("of it with the thread awake: under load / alone", "",
                 Median(loaded.awake_us) / Median(alone.awake_us));
    std::fprintf(stderr, "api load: repetition %d of %d done\n", i + 1, repetitions);
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  int seconds = 60;
  int repetitions = 1;
  if (argc > 3 || (argc >= 2 && (!absl::SimpleAtoi(argv[1], &seconds) || seconds < 2)) ||
      (argc == 3 && (!absl::SimpleAtoi(argv[2], &repetitions) || repetitions < 1))) {
    std::fprintf(stderr, "usage: api_load [SECONDS [REPETITIONS]], at least 2 s\n");
    return 2;
  }
  if (geteuid() != 0) {
    std::fprintf(stderr, "api_load: needs root, to come as several users\n");
    return 1;
  }
  // Before gRPC has threads.
  const auto server = ServerProcess::Start(kTasks);
  Figures figures;
  const absl::Status status =
      server.ok() ? Measure(**server, seconds, repetitions, &figures) : server.status();
  if (!status.ok()) {
    std::fprintf(stderr, "api_load: %s\n", status.ToString().c_str());
    return 1;
  }
  const nlohmann::ordered_json document = {
      {"tasks", kTasks},    {"readers", kReaders},        {"stuck", kStuck},
      {"seconds", seconds}, {"repetitions", repetitions}, {"figures", figures.json()}};
  std::printf("%s\n", document.dump(1).c_str());
  return 0;
}

}  // namespace
}  // namespace schedd

int main(int argc, char** argv) { return schedd::Main(argc, argv); }
