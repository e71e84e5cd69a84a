// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/host_files.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace schedd {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::stringstream text;
  text << file.rdbuf();
  return std::string(absl::StripAsciiWhitespace(text.str()));
}

}  // namespace

KernelState ReadSchedExtState(const std::string& root, absl::string_view own_prefix) {
  const std::string dir = root + "/sys/kernel/sched_ext";
  KernelState state;
  absl::StatusOr<std::string> raw = ReadFile(dir + "/state");
  if (!raw.ok()) {
    state.attachment = KernelState::Attachment::kUnsupported;
    return state;
  }
  state.raw_state = *raw;
  if (*raw != "enabled") return state;
  // root/ops goes away when a scheduler leaves between the two reads: then nothing is attached.
  absl::StatusOr<std::string> ops = ReadFile(dir + "/root/ops");
  if (!ops.ok()) return state;
  state.ops_name = *ops;
  const bool ours = *ops == own_prefix || absl::StartsWith(*ops, absl::StrCat(own_prefix, "_"));
  state.attachment = ours ? KernelState::Attachment::kOurs : KernelState::Attachment::kForeign;
  return state;
}

absl::StatusOr<uint32_t> ReadCpuIdCount(const std::string& root) {
  absl::StatusOr<std::string> text = ReadFile(root + "/sys/devices/system/cpu/possible");
  if (!text.ok()) return text.status();
  // "0-3", "0", or "0-3,8-11": the last number is the highest.
  const std::vector<std::string> parts = absl::StrSplit(*text, absl::ByAnyChar(",-"));
  uint32_t last = 0;
  if (!absl::SimpleAtoi(parts.back(), &last))
    return absl::InternalError(absl::StrCat("cannot understand list of possible CPUs: ", *text));
  return last + 1;
}

std::string ReadBootArgument(const std::string& root, absl::string_view name) {
  const absl::StatusOr<std::string> line = ReadFile(root + "/proc/cmdline");
  if (!line.ok()) return "";
  const std::string start = absl::StrCat(name, "=");
  for (absl::string_view word : absl::StrSplit(*line, ' ')) {
    if (absl::StartsWith(word, start)) return std::string(word);
  }
  return "";
}

uint64_t ReadHotplugSequence(const std::string& root) {
  uint64_t sequence = 0;
  absl::StatusOr<std::string> text = ReadFile(root + "/sys/kernel/sched_ext/hotplug_seq");
  if (!text.ok() || !absl::SimpleAtoi(*text, &sequence)) return 0;
  return sequence;
}

absl::StatusOr<int64_t> ReadPageFaults(const std::string& root, int32_t tid) {
  absl::StatusOr<std::string> stat = ReadFile(absl::StrCat(root, "/proc/self/task/", tid, "/stat"));
  if (!stat.ok()) return stat.status();
  // Fields are counted behind the command's closing parenthesis, which may hold anything (proc(5)):
  // minflt is the 8th, majflt the 10th from there.
  const std::vector<std::string> fields =
      absl::StrSplit(stat->substr(stat->rfind(')') + 1), ' ', absl::SkipEmpty());
  int64_t minor = 0;
  int64_t major = 0;
  if (fields.size() < 10 || !absl::SimpleAtoi(fields[7], &minor) ||
      !absl::SimpleAtoi(fields[9], &major))
    return absl::InternalError(absl::StrCat("cannot understand the stat file of thread ", tid));
  return minor + major;
}

absl::StatusOr<std::string> ReadCgroupPath(const std::string& mount, uint64_t cgroup_id) {
  const int mount_fd = open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (mount_fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", mount));
  // A kernfs file handle is the 64-bit inode number (FILEID_KERNFS, include/linux/exportfs.h).
  constexpr int kFileIdKernfs = 0xfe;
  alignas(file_handle) char buffer[sizeof(file_handle) + sizeof(cgroup_id)];
  auto* handle = reinterpret_cast<file_handle*>(buffer);
  handle->handle_bytes = sizeof(cgroup_id);
  handle->handle_type = kFileIdKernfs;
  memcpy(handle->f_handle, &cgroup_id, sizeof(cgroup_id));
  const int fd = open_by_handle_at(mount_fd, handle, O_PATH | O_CLOEXEC);
  const int error = errno;
  close(mount_fd);
  if (fd < 0) {
    if (error == ESTALE) return absl::NotFoundError(absl::StrCat("no cgroup ", cgroup_id));
    return absl::ErrnoToStatus(error, absl::StrCat("cannot open cgroup ", cgroup_id));
  }
  char link[PATH_MAX];
  const ssize_t length = readlink(absl::StrCat("/proc/self/fd/", fd).c_str(), link, sizeof(link));
  close(fd);
  if (length < 0) return absl::ErrnoToStatus(errno, "cannot read the path of a cgroup");
  absl::string_view path(link, static_cast<size_t>(length));
  if (!absl::ConsumePrefix(&path, mount))
    return absl::NotFoundError(absl::StrCat("cgroup ", cgroup_id, " is outside ", mount));
  absl::ConsumePrefix(&path, "/");
  return std::string(path);
}

absl::StatusOr<int32_t> ReadCgroupWeight(const std::string& mount, const std::string& path) {
  const absl::StatusOr<std::string> text =
      ReadFile(absl::StrCat(mount, "/", path, path.empty() ? "" : "/", "cpu.weight"));
  if (!text.ok()) return text.status();
  int32_t weight = 0;
  if (!absl::SimpleAtoi(*text, &weight) || weight < 0)
    return absl::InternalError(absl::StrCat("cannot understand the cpu.weight of /", path));
  return std::max(weight, 1);
}

}  // namespace schedd
