// SPDX-License-Identifier: Apache-2.0
#include "client/trace/recorder.h"

#include <sched.h>
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "client/trace/host_facts.h"
#include "client/trace/page_records.h"
#include "client/trace/trace_instance.h"
#include "server/simulate/trace_file.h"

namespace schedd::client {
namespace {

using sim::v1::TraceRecord;

// Between two looks at the kernel's pages. Each look costs events of its own.
constexpr absl::Duration kLook = absl::Milliseconds(100);
// What a reader takes, with room for the last look.
constexpr int64_t kMostEvents = 7'900'000;
// The end record fits in.
constexpr int64_t kEndBytes = 64;

int64_t Now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return absl::ToInt64Nanoseconds(absl::DurationFromTimespec(time));
}

// Holds back the signals that end the recording, so that waiting for one is the pause between
// looks.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
      struct sigaction action{};
      // Whom nohup started is not to end with the terminal.
      const bool ignored = sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
      if (!ignored) sigaddset(&signals_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~EndSignals() {
    // Those that came are dealt with: they are what ended the recording.
    while (Wait(absl::ZeroDuration())) continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  // Whether one came.
  bool Wait(absl::Duration most) const {
    const timespec time = absl::ToTimespec(most);
    return sigtimedwait(&signals_, nullptr, &time) > 0;
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

// Runs on each CPU for a moment: a CPU that has nothing but one busy task, or none, would have no
// event that tells. One that may not be visited is left out.
void VisitCpus(const std::vector<sim::v1::TraceCpu>& cpus) {
  constexpr int kMostCpus = 4'096;
  const size_t bytes = CPU_ALLOC_SIZE(kMostCpus);
  std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> before(CPU_ALLOC(kMostCpus),
                                                          [](cpu_set_t* set) { CPU_FREE(set); });
  std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> one(CPU_ALLOC(kMostCpus),
                                                       [](cpu_set_t* set) { CPU_FREE(set); });
  if (before == nullptr || one == nullptr) return;
  if (sched_getaffinity(0, bytes, before.get()) != 0) return;
  for (const sim::v1::TraceCpu& cpu : cpus) {
    CPU_ZERO_S(bytes, one.get());
    CPU_SET_S(cpu.cpu(), bytes, one.get());
    sched_setaffinity(0, bytes, one.get());
  }
  sched_setaffinity(0, bytes, before.get());
}

class Recorder {
 public:
  Recorder(const RecordOptions& options, TraceInstance& instance, TraceWriter& writer,
           const std::vector<sim::v1::TraceCpu>& cpus)
      : options_(options),
        instance_(instance),
        writer_(writer),
        cpus_(cpus),
        start_ns_(Now(CLOCK_MONOTONIC)),
        complete_ns_(start_ns_),
        records_(start_ns_,
                 [this](sim::v1::TraceTask* task) { AddTaskFacts(options_.root, cpus_, task); }) {}

  absl::StatusOr<RecordResult> Record(const EndSignals& signals);

 private:
  absl::Status WriteHeader();
  // Looks until something ends the recording.
  absl::Status Run(const EndSignals& signals);
  // Takes all that the kernel has now.
  absl::Status Look();
  absl::Status TakePages(int cpu);
  // False: they do not fit.
  absl::StatusOr<bool> Write(const std::vector<TraceRecord>& records);
  absl::StatusOr<RecordResult> End();

  const RecordOptions& options_;
  TraceInstance& instance_;
  TraceWriter& writer_;
  const std::vector<sim::v1::TraceCpu>& cpus_;
  const int64_t start_ns_;
  int64_t complete_ns_;  // up to here all events of all CPUs are written
  PageRecords records_;
  std::string page_;
  int64_t events_ = 0;
  sim::v1::TraceStop stop_ = sim::v1::TRACE_STOP_UNSPECIFIED;
};

absl::Status Recorder::WriteHeader() {
  TraceRecord record;
  sim::v1::TraceHeader* header = record.mutable_header();
  header->set_version(kTraceVersion);
  utsname names{};
  if (uname(&names) == 0) header->set_kernel_release(names.release);
  header->set_start_unix_ns(Now(CLOCK_REALTIME));
  header->set_start_ns(start_ns_);
  for (const sim::v1::TraceCpu& cpu : cpus_) *header->add_cpus() = cpu;
  header->set_recorder_tgid(getpid());
  header->set_recorder_version(options_.version);
  return writer_.Write(record);
}

absl::StatusOr<bool> Recorder::Write(const std::vector<TraceRecord>& records) {
  int64_t bytes = kEndBytes;
  int64_t events = 0;
  for (const TraceRecord& record : records) {
    bytes += static_cast<int64_t>(record.ByteSizeLong()) + 5;
    events += record.events().kinds_size();
  }
  if (writer_.bytes() + bytes > options_.most_bytes || events_ + events > kMostEvents) return false;
  events_ += events;
  for (const TraceRecord& record : records) {
    const absl::Status written = writer_.Write(record);
    if (!written.ok()) return written;
  }
  return true;
}

absl::Status Recorder::TakePages(int cpu) {
  while (true) {
    const absl::Status status = instance_.ReadPage(cpu, &page_);
    if (!status.ok()) return status;
    if (page_.empty()) return absl::OkStatus();
    const RingPage page = ParseRingPage(page_, instance_.layout());
    const auto written = Write(records_.Convert(cpu, page, instance_.decoder()));
    if (!written.ok()) return written.status();
    if (!*written) {
      stop_ = sim::v1::TRACE_STOP_SIZE;
      return absl::OkStatus();
    }
  }
}

absl::Status Recorder::Look() {
  const int64_t begun_ns = Now(CLOCK_MONOTONIC);
  for (const sim::v1::TraceCpu& cpu : cpus_) {
    const absl::Status status = TakePages(cpu.cpu());
    if (!status.ok()) return status;
    if (stop_ == sim::v1::TRACE_STOP_SIZE) return absl::OkStatus();
  }
  complete_ns_ = begun_ns;
  return writer_.Flush();
}

absl::Status Recorder::Run(const EndSignals& signals) {
  absl::Status status = instance_.Start();
  if (!status.ok()) return status;
  VisitCpus(cpus_);
  const int64_t end_ns = start_ns_ + absl::ToInt64Nanoseconds(options_.duration);
  while (status.ok() && stop_ == sim::v1::TRACE_STOP_UNSPECIFIED) {
    const absl::Duration left = absl::Nanoseconds(end_ns - Now(CLOCK_MONOTONIC));
    if (left <= absl::ZeroDuration()) {
      stop_ = sim::v1::TRACE_STOP_DURATION;
    } else if (signals.Wait(std::min(left, kLook))) {
      stop_ = sim::v1::TRACE_STOP_SIGNAL;
    } else {
      status = Look();
    }
  }
  if (!status.ok() || stop_ == sim::v1::TRACE_STOP_SIZE) return status;
  VisitCpus(cpus_);
  status = instance_.Stop();
  return status.ok() ? Look() : status;
}

absl::StatusOr<RecordResult> Recorder::End() {
  TraceRecord record;
  sim::v1::TraceEnd* end = record.mutable_end();
  end->set_end_ns(complete_ns_);
  end->set_lost_events(instance_.LostEvents());
  end->set_events(events_);
  end->set_stop(stop_);
  const absl::Status written = writer_.Write(record);
  if (!written.ok()) return written;
  return RecordResult{*end, absl::Nanoseconds(complete_ns_ - start_ns_), records_.tasks(),
                      writer_.bytes()};
}

absl::StatusOr<RecordResult> Recorder::Record(const EndSignals& signals) {
  absl::Status status = WriteHeader();
  if (status.ok()) status = Run(signals);
  if (!status.ok()) return status;
  return End();
}

}  // namespace

absl::StatusOr<RecordResult> RecordTrace(const RecordOptions& options) {
  const EndSignals signals;  // outlives the instance, which no signal may leave behind
  const std::vector<sim::v1::TraceCpu> cpus = OnlineCpus(options.root);
  std::vector<int> numbers;
  for (const sim::v1::TraceCpu& cpu : cpus) numbers.push_back(cpu.cpu());
  auto instance = TraceInstance::Create(options.root, numbers);
  if (!instance.ok()) return instance.status();
  auto writer = TraceWriter::Create(options.path);
  if (!writer.ok()) return writer.status();
  auto result = Recorder(options, **instance, **writer, cpus).Record(signals);
  if (!result.ok()) return result;
  const absl::Status closed = (*writer)->Close();
  if (!closed.ok()) return closed;
  return result;
}

}  // namespace schedd::client
