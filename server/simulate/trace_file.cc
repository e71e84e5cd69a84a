// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/trace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace schedd {
namespace {

// What has one time stays in its order. (Not std::stable_sort: its use of a deprecated function is
// an error of ours to clang.)
void SortByTime(std::vector<TraceEvent>* events) {
  std::vector<size_t> order(events->size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [events](size_t a, size_t b) {
    const int64_t first_ns = (*events)[a].time_ns;
    const int64_t second_ns = (*events)[b].time_ns;
    return first_ns != second_ns ? first_ns < second_ns : a < b;
  });
  std::vector<TraceEvent> sorted;
  sorted.reserve(events->size());
  for (const size_t index : order) sorted.push_back((*events)[index]);
  *events = std::move(sorted);
}

using sim::v1::TraceEvents;
using sim::v1::TraceRecord;

constexpr absl::string_view kMagic("schedd\x01\n", 8);
constexpr int kMostVarintBytes = 5;

absl::Status FileError(const std::string& path, const char* what) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

// nullopt: the file ends here, or no length follows.
std::optional<int64_t> ReadVarint(std::istream& in) {
  int64_t value = 0;
  for (int i = 0; i < kMostVarintBytes; ++i) {
    const int byte = in.get();
    if (byte < 0) return std::nullopt;
    value |= static_cast<int64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

std::optional<TraceEvent::Kind> KindOf(int kind) {
  switch (kind) {
    case sim::v1::TRACE_EVENT_KIND_SWITCH_PREEMPTED:
      return TraceEvent::Kind::kSwitchPreempted;
    case sim::v1::TRACE_EVENT_KIND_SWITCH_SLEEPS:
      return TraceEvent::Kind::kSwitchSleeps;
    case sim::v1::TRACE_EVENT_KIND_SWITCH_ENDED:
      return TraceEvent::Kind::kSwitchEnded;
    case sim::v1::TRACE_EVENT_KIND_WOKEN_BY_TASK:
      return TraceEvent::Kind::kWokenByTask;
    case sim::v1::TRACE_EVENT_KIND_WOKEN_BY_INTERRUPT:
      return TraceEvent::Kind::kWokenByInterrupt;
    case sim::v1::TRACE_EVENT_KIND_NEW_TASK:
      return TraceEvent::Kind::kNewTask;
    default:
      return std::nullopt;
  }
}

// Reads records one after the other into a Trace. What is damaged ends the reading and is told in
// Trace::damage; only what goes beyond a limit is an error.
class Reader {
 public:
  Reader(std::istream& in, const TraceLimits& limits) : in_(in), limits_(limits) {}

  absl::StatusOr<Trace> Read();

 private:
  // False: there is none, and damage says why.
  bool NextRecord(TraceRecord* record);
  absl::Status TakeHeader();
  absl::Status TakeTask(const sim::v1::TraceTask& task);
  absl::Status TakeEvents(const TraceEvents& events);
  void TakeEnd(const sim::v1::TraceEnd& end);
  bool Whole(const TraceEvents& events) const;
  bool InTime(int64_t time_ns) const;
  void Damage(absl::string_view what) { trace_.damage = std::string(what); }

  std::istream& in_;
  const TraceLimits& limits_;
  Trace trace_;
  std::string buffer_;
  int64_t task_bytes_ = 0;
  std::map<int, int64_t> last_ns_;  // of each CPU
  bool ended_ = false;
};

bool Reader::NextRecord(TraceRecord* record) {
  if (in_.peek() < 0) {
    Damage("the recording was cut short: it has no end");
    return false;
  }
  const auto size = ReadVarint(in_);
  if (!size.has_value() || *size > limits_.record_bytes) {
    Damage("the recording was cut short or is damaged: no length of a record");
    return false;
  }
  buffer_.resize(*size);
  in_.read(buffer_.data(), *size);
  if (in_.gcount() != *size) {
    Damage("the recording was cut short in the middle of a record");
    return false;
  }
  if (!record->ParseFromString(buffer_)) {
    Damage("the recording is damaged: a record cannot be read");
    return false;
  }
  return true;
}

absl::Status Reader::TakeHeader() {
  std::string magic(kMagic.size(), '\0');
  in_.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  TraceRecord record;
  if (magic != kMagic || !NextRecord(&record) || !record.has_header()) {
    return absl::InvalidArgumentError("this is no recording of schedctl trace record");
  }
  trace_.header = std::move(*record.mutable_header());
  if (trace_.header.version() != kTraceVersion) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the recording has version ", trace_.header.version(), ", known is ", kTraceVersion));
  }
  if (trace_.header.cpus_size() > limits_.cpus) {
    return absl::ResourceExhaustedError(absl::StrCat("more than ", limits_.cpus, " CPUs"));
  }
  if (trace_.header.start_ns() < 0 || trace_.header.start_ns() > INT64_MAX / 2) {
    return absl::InvalidArgumentError("the recording begins at no possible time");
  }
  trace_.end_ns = trace_.header.start_ns();
  return absl::OkStatus();
}

absl::Status Reader::TakeTask(const sim::v1::TraceTask& task) {
  task_bytes_ += static_cast<int64_t>(buffer_.size());
  trace_.tasks[task.tid()] = task;
  if (static_cast<int64_t>(trace_.tasks.size()) > limits_.tasks ||
      task_bytes_ > limits_.task_bytes) {
    return absl::ResourceExhaustedError("the recording has too many tasks");
  }
  return absl::OkStatus();
}

bool Reader::InTime(int64_t time_ns) const {
  return time_ns >= trace_.header.start_ns() &&
         time_ns - trace_.header.start_ns() <= limits_.duration_ns;
}

bool Reader::Whole(const TraceEvents& events) const {
  if (events.kinds_size() != events.delta_ns_size() || events.tids_size() != events.kinds_size()) {
    return false;
  }
  if (events.cpu() < 0 || events.cpu() >= limits_.cpus || !InTime(events.start_ns())) return false;
  const auto last = last_ns_.find(events.cpu());
  if (last != last_ns_.end() && events.start_ns() < last->second) return false;
  int64_t time_ns = events.start_ns();
  for (int i = 0; i < events.kinds_size(); ++i) {
    if (events.delta_ns(i) > static_cast<uint64_t>(limits_.duration_ns)) return false;
    time_ns += static_cast<int64_t>(events.delta_ns(i));
    if (!InTime(time_ns) || events.tids(i) < 0) return false;
    if (!KindOf(events.kinds(i)).has_value()) return false;
  }
  return true;
}

absl::Status Reader::TakeEvents(const TraceEvents& events) {
  if (!Whole(events)) {
    Damage("the recording is damaged: events that cannot be");
    return absl::OkStatus();
  }
  if (static_cast<int64_t>(trace_.events.size()) + events.kinds_size() >= limits_.events) {
    return absl::ResourceExhaustedError(absl::StrCat("the recording has more than ", limits_.events,
                                                     " events: record for a shorter time"));
  }
  const auto cpu = static_cast<int16_t>(events.cpu());
  int64_t time_ns = events.start_ns();
  if (events.lost_before()) trace_.gaps = true;
  if (events.lost_before() || last_ns_.find(cpu) == last_ns_.end()) {
    trace_.events.push_back({time_ns, std::max(events.running_tid(), -1), cpu});
  }
  for (int i = 0; i < events.kinds_size(); ++i) {
    time_ns += static_cast<int64_t>(events.delta_ns(i));
    trace_.events.push_back({time_ns, events.tids(i), cpu, *KindOf(events.kinds(i))});
  }
  last_ns_[cpu] = time_ns;
  trace_.end_ns = std::max(trace_.end_ns, time_ns);
  return absl::OkStatus();
}

void Reader::TakeEnd(const sim::v1::TraceEnd& end) {
  ended_ = true;
  trace_.lost_events = std::max<int64_t>(end.lost_events(), 0);
  trace_.stop = end.stop();
  if (InTime(end.end_ns())) trace_.end_ns = end.end_ns();
}

absl::StatusOr<Trace> Reader::Read() {
  absl::Status status = TakeHeader();
  TraceRecord record;
  while (status.ok() && !ended_ && trace_.damage.empty() && NextRecord(&record)) {
    if (record.has_task()) {
      status = TakeTask(record.task());
    } else if (record.has_events()) {
      status = TakeEvents(record.events());
    } else if (record.has_end()) {
      TakeEnd(record.end());
    }  // Else it is of a kind that came later: not needed to understand the others.
  }
  if (!status.ok()) return status;
  SortByTime(&trace_.events);
  // A recorder that ran out of room has events of some CPUs beyond the time that all were read to.
  while (!trace_.events.empty() && trace_.events.back().time_ns > trace_.end_ns) {
    trace_.events.pop_back();
  }
  return std::move(trace_);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return FileError(path, "write");
  struct stat status{};
  // One that was there keeps its rights otherwise. A device keeps them.
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) fchmod(fd, 0600);
  std::FILE* file = fdopen(fd, "wb");
  if (file == nullptr) {
    close(fd);
    return FileError(path, "write");
  }
  std::unique_ptr<TraceWriter> writer(new TraceWriter(path, file));
  const absl::Status begun = writer->Append(std::string(kMagic));
  if (!begun.ok()) return begun;
  return writer;
}

TraceWriter::~TraceWriter() {
  if (file_ != nullptr) std::fclose(file_);
}

absl::Status TraceWriter::Append(const std::string& bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    return FileError(path_, "write");
  }
  bytes_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::Status TraceWriter::Write(const TraceRecord& record) {
  const std::string body = record.SerializeAsString();
  return Append(Varint(body.size()) + body);
}

absl::Status TraceWriter::Flush() {
  return std::fflush(file_) == 0 ? absl::OkStatus() : FileError(path_, "write");
}

absl::Status TraceWriter::Close() {
  const bool written = std::fclose(std::exchange(file_, nullptr)) == 0;
  return written ? absl::OkStatus() : FileError(path_, "write");
}

absl::StatusOr<Trace> ReadTrace(std::istream& in, const TraceLimits& limits) {
  return Reader(in, limits).Read();
}

absl::StatusOr<Trace> ReadTraceFile(const std::string& path, const TraceLimits& limits) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileError(path, "read");
  return ReadTrace(file, limits);
}

}  // namespace schedd
