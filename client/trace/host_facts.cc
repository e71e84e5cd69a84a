// SPDX-License-Identifier: Apache-2.0
#include "client/trace/host_facts.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/schedctl/machine_files.h"

namespace schedd::client {
namespace {

using sim::v1::TraceCpu;

constexpr int kMostCpus = 4'096;
constexpr int kMostNodes = 64;
constexpr int kMostCaches = 10;
// PF_KTHREAD; flags are the 7th word after the name in /proc/TID/stat.
constexpr uint32_t kKernelThread = 0x00200000;
constexpr size_t kFlagsWord = 6;

int32_t ReadNumber(const MachineFiles& files, const std::string& path, int32_t otherwise) {
  const auto text = files.Read(path);
  int32_t number = 0;
  return text.has_value() && absl::SimpleAtoi(*text, &number) ? number : otherwise;
}

// The first CPU of a list, which names what all CPUs of the list share.
int32_t ReadFirst(const MachineFiles& files, const std::string& path, int32_t otherwise) {
  const std::vector<int32_t> cpus = ParseCpuList(files.Read(path).value_or(""));
  return cpus.empty() ? otherwise : cpus.front();
}

// Of the cache with the highest level.
int32_t LastLevelCache(const MachineFiles& files, const std::string& cpu_directory, int32_t cpu) {
  int32_t highest = 0;
  int32_t first = cpu;
  for (int i = 0; i < kMostCaches; ++i) {
    const std::string cache = absl::StrCat(cpu_directory, "/cache/index", i);
    const int32_t level = ReadNumber(files, cache + "/level", 0);
    if (level <= highest) continue;
    highest = level;
    first = ReadFirst(files, cache + "/shared_cpu_list", cpu);
  }
  return first;
}

bool IsKernelThread(const MachineFiles& files, const std::string& directory) {
  const std::string stat = files.Read(directory + "/stat").value_or("");
  const size_t name_end = stat.rfind(") ");  // the name may have blanks and brackets
  if (name_end == std::string::npos) return false;
  const std::vector<absl::string_view> words =
      absl::StrSplit(absl::string_view(stat).substr(name_end + 2), ' ');
  uint32_t flags = 0;
  return words.size() > kFlagsWord && absl::SimpleAtoi(words[kFlagsWord], &flags) &&
         (flags & kKernelThread) != 0;
}

// The line "0::/path".
std::string CgroupPath(const MachineFiles& files, const std::string& directory) {
  const std::string text = files.Read(directory + "/cgroup").value_or("");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, "0::") && line != "/") return std::string(line);
  }
  return "";
}

}  // namespace

std::vector<int32_t> ParseCpuList(absl::string_view text) {
  std::vector<int32_t> cpus;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    int32_t first = 0;
    int32_t last = 0;
    if (!absl::SimpleAtoi(ends.front(), &first) || !absl::SimpleAtoi(ends.back(), &last)) return {};
    for (int32_t cpu = std::max(first, 0); cpu <= std::min(last, kMostCpus - 1); ++cpu) {
      cpus.push_back(cpu);
    }
    if (cpus.size() > kMostCpus) return {};
  }
  return cpus;
}

std::vector<TraceCpu> OnlineCpus(const std::string& root) {
  const MachineFiles files(root);
  std::vector<TraceCpu> cpus;
  const std::string all = "/sys/devices/system/cpu";
  for (int32_t number : ParseCpuList(files.Read(all + "/online").value_or(""))) {
    const std::string directory = absl::StrCat(all, "/cpu", number);
    TraceCpu cpu;
    cpu.set_cpu(number);
    cpu.set_core(ReadFirst(files, directory + "/topology/thread_siblings_list", number));
    cpu.set_llc(LastLevelCache(files, directory, number));
    cpu.set_capacity(ReadNumber(files, directory + "/cpu_capacity", 0));
    for (int node = 0; node < kMostNodes; ++node) {
      if (files.Exists(absl::StrCat(directory, "/node", node))) cpu.set_node(node);
    }
    cpus.push_back(cpu);
  }
  return cpus;
}

void AddTaskFacts(const std::string& root, const std::vector<TraceCpu>& online,
                  sim::v1::TraceTask* task) {
  const MachineFiles files(root);
  const std::string directory = absl::StrCat("/proc/", task->tid());
  const std::string status = directory + "/status";
  int32_t tgid = 0;
  if (absl::SimpleAtoi(files.Field(status, "Tgid").value_or(""), &tgid)) task->set_tgid(tgid);
  task->set_cgroup(CgroupPath(files, directory));
  task->set_kthread(IsKernelThread(files, directory));
  const std::vector<int32_t> may =
      ParseCpuList(files.Field(status, "Cpus_allowed_list").value_or(""));
  const auto allowed = [&may](const TraceCpu& cpu) {
    return std::binary_search(may.begin(), may.end(), cpu.cpu());
  };
  if (may.empty() || std::all_of(online.begin(), online.end(), allowed)) return;
  for (const TraceCpu& cpu : online) {
    if (allowed(cpu)) task->add_cpus(cpu.cpu());
  }
}

}  // namespace schedd::client
