// SPDX-License-Identifier: Apache-2.0
#include "client/trace/trace_instance.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace schedd::client {
namespace {

constexpr char kPrefix[] = "schedd-";
constexpr const char* kEvents[] = {"sched_switch", "sched_waking", "sched_wakeup_new"};
// The kernel's memory for each CPU, and for all: room for what happens between two looks.
constexpr int64_t kMostBufferKib = 4'096;
constexpr int64_t kLeastBufferKib = 256;
constexpr int64_t kAllBuffersKib = 262'144;
// One read takes a page; with huge sub-buffers of the kernel it is larger.
constexpr size_t kLeastPageBytes = 4'096;
constexpr int64_t kMostPageBytes = 1 << 20;

absl::Status FileError(const std::string& path, const char* what) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid() ||
      write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return FileError(path, "write");
  }
  return absl::OkStatus();
}

std::optional<std::string> ReadFile(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer{};
  constexpr size_t kMostBytes = 65'536;
  while (text.size() < kMostBytes) {
    const ssize_t count = read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    text.append(buffer.data(), count);
  }
  return text;
}

absl::StatusOr<std::string> FindTracing(const std::string& root) {
  for (const char* place : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    const std::string path = root + place;
    if (access((path + "/instances").c_str(), F_OK) == 0) return path;
    if (errno == EACCES) {
      return absl::PermissionDeniedError("recording needs root: the kernel's tracing is root's");
    }
  }
  return absl::FailedPreconditionError(
      "the kernel's tracing is not to be seen in /sys/kernel/tracing. Is it mounted? "
      "mount -t tracefs nodev /sys/kernel/tracing");
}

// The process in the name of an instance of ours; 0: it is not one.
pid_t OwnerOf(absl::string_view name) {
  pid_t pid = 0;
  if (!absl::ConsumePrefix(&name, kPrefix) || !absl::SimpleAtoi(name, &pid)) return 0;
  return std::max(pid, 0);
}

// What a line "overrun: 12" of the file per_cpu/cpuN/stats says.
int64_t StatsNumber(absl::string_view stats, absl::string_view key) {
  for (absl::string_view line : absl::StrSplit(stats, '\n')) {
    int64_t number = 0;
    if (absl::ConsumePrefix(&line, key) && absl::SimpleAtoi(line, &number)) return number;
  }
  return 0;
}

}  // namespace

int RemoveDeadInstances(const std::string& tracing) {
  const std::string instances = tracing + "/instances";
  DIR* directory = opendir(instances.c_str());
  if (directory == nullptr) return 0;
  std::vector<std::string> dead;
  while (const dirent* entry = readdir(directory)) {
    const pid_t owner = OwnerOf(entry->d_name);
    if (owner > 0 && kill(owner, 0) != 0 && errno == ESRCH) dead.emplace_back(entry->d_name);
  }
  closedir(directory);
  // One whose recorder lives where we do not see its process (a container) is busy, and stays.
  return static_cast<int>(std::count_if(dead.begin(), dead.end(), [&](const std::string& name) {
    return rmdir(absl::StrCat(instances, "/", name).c_str()) == 0;
  }));
}

absl::StatusOr<std::unique_ptr<TraceInstance>> TraceInstance::Create(const std::string& root,
                                                                     const std::vector<int>& cpus) {
  auto tracing = FindTracing(root);
  if (!tracing.ok()) return tracing.status();
  RemoveDeadInstances(*tracing);
  const std::string directory = absl::StrCat(*tracing, "/instances/", kPrefix, getpid());
  if (mkdir(directory.c_str(), 0700) != 0) return FileError(directory, "make");
  std::unique_ptr<TraceInstance> instance(new TraceInstance(*tracing, directory));
  const absl::Status status = instance->SetUp(cpus);
  if (!status.ok()) return status;
  return instance;
}

TraceInstance::~TraceInstance() {
  pages_.clear();  // else it would be busy
  rmdir(directory_.c_str());
}

absl::Status TraceInstance::ReadFormats() {
  const auto header = ReadFile(tracing_ + "/events/header_page");
  std::vector<std::string> formats;
  for (const char* event : kEvents) {
    const auto format = ReadFile(absl::StrCat(tracing_, "/events/sched/", event, "/format"));
    if (!format.has_value()) {
      return absl::FailedPreconditionError(absl::StrCat("this kernel has no tracepoint ", event,
                                                        ": built without CONFIG_EVENT_TRACING?"));
    }
    formats.push_back(*format);
  }
  auto layout = ParseRingPageLayout(header.value_or(""));
  if (!layout.ok()) return layout.status();
  layout_ = *layout;
  auto decoder = SchedEventDecoder::Create(formats[0], formats[1], formats[2]);
  if (!decoder.ok()) return decoder.status();
  decoder_ = std::make_unique<SchedEventDecoder>(*std::move(decoder));
  return absl::OkStatus();
}

absl::Status TraceInstance::SetUp(const std::vector<int>& cpus) {
  absl::Status status = ReadFormats();
  if (!status.ok()) return status;
  const int64_t share = kAllBuffersKib / std::max<int64_t>(static_cast<int64_t>(cpus.size()), 1);
  const int64_t buffer_kib = std::clamp(share, kLeastBufferKib, kMostBufferKib);
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"/tracing_on", "0"},
      {"/trace_clock", "mono"},
      // The oldest make room: the kernel then marks where some are missing.
      {"/options/overwrite", "1"},
      {"/buffer_size_kb", absl::StrCat(buffer_kib)}};
  for (const auto& [file, value] : settings) {
    status = WriteFile(directory_ + file, value);
    if (!status.ok()) return status;
  }
  for (const char* event : kEvents) {
    status = WriteFile(absl::StrCat(directory_, "/events/sched/", event, "/enable"), "1");
    if (!status.ok()) return status;
  }
  // Kernels before 6.8 do not have it: there it is a page.
  int64_t page_kib = 0;
  const auto page = ReadFile(directory_ + "/buffer_subbuf_size_kb");
  page_bytes_ = kLeastPageBytes;
  if (page.has_value() && absl::SimpleAtoi(*page, &page_kib)) {
    page_bytes_ = std::clamp<int64_t>(page_kib * 1'024, kLeastPageBytes, kMostPageBytes);
  }
  for (int cpu : cpus) {
    const std::string path = absl::StrCat(directory_, "/per_cpu/cpu", cpu, "/trace_pipe_raw");
    UniqueFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!file.valid()) return FileError(path, "read");
    pages_.emplace(cpu, std::move(file));
  }
  return absl::OkStatus();
}

absl::Status TraceInstance::Start() { return WriteFile(directory_ + "/tracing_on", "1"); }

absl::Status TraceInstance::Stop() { return WriteFile(directory_ + "/tracing_on", "0"); }

absl::Status TraceInstance::ReadPage(int cpu, std::string* page) {
  page->resize(page_bytes_);
  const ssize_t count = read(pages_.at(cpu).get(), page->data(), page->size());
  if (count < 0 && errno != EAGAIN && errno != EINTR) {
    page->clear();
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read the events of CPU ", cpu));
  }
  page->resize(std::max<ssize_t>(count, 0));
  return absl::OkStatus();
}

int64_t TraceInstance::LostEvents() const {
  int64_t lost = 0;
  for (const auto& [cpu, file] : pages_) {
    const std::string stats =
        ReadFile(absl::StrCat(directory_, "/per_cpu/cpu", cpu, "/stats")).value_or("");
    for (const char* key : {"overrun:", "commit overrun:", "dropped events:"}) {
      lost += StatsNumber(stats, key);
    }
  }
  return lost;
}

}  // namespace schedd::client
