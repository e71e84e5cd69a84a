// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/peer.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace schedd::rpc {
namespace {

#ifndef SO_PEERPIDFD
constexpr int SO_PEERPIDFD = 77;  // Linux 6.5; on alpha, parisc and sparc another one
#endif

// The process that connected lives, which makes what was just read about its number true of it.
// Before Linux 6.5 nobody can tell: taken for true.
bool PeerLives(int fd) {
  int process = -1;
  socklen_t size = sizeof(process);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &process, &size) != 0) {
    return errno == ENOPROTOOPT;
  }
  const auto closer = absl::MakeCleanup([process] { close(process); });
  pollfd end{process, POLLIN, 0};
  return poll(&end, 1, 0) == 0;
}

// Supplementary groups. None where the kernel does not tell.
std::vector<gid_t> ReadGroups(int fd) {
  std::vector<gid_t> groups(64);
  while (true) {
    auto bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
    if (result != 0 && errno != ERANGE) return {};
    groups.resize(bytes / sizeof(gid_t));
    if (result == 0) return groups;
  }
}

}  // namespace

absl::StatusOr<Peer> ReadPeer(int fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return absl::ErrnoToStatus(errno, "SO_PEERCRED");
  }
  Peer peer;
  peer.uid = credentials.uid;
  peer.pid = credentials.pid;
  if (peer.pid != 0) {
    peer.start_ticks = ProcessStartTicks(peer.pid);
    if (!PeerLives(fd)) peer.start_ticks = 0;
  }
  peer.principals = {absl::StrCat("uid:", peer.uid), absl::StrCat("gid:", credentials.gid)};
  for (const gid_t group : ReadGroups(fd)) {
    std::string principal = absl::StrCat("gid:", group);
    if (std::ranges::find(peer.principals, principal) == peer.principals.end()) {
      peer.principals.push_back(std::move(principal));
    }
  }
  return peer;
}

uint64_t ProcessStartTicks(pid_t pid, const std::string& proc) {
  std::ifstream file(absl::StrCat(proc, "/", pid, "/stat"));
  std::stringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  // The command may hold anything, spaces and brackets, too; the rest may not.
  const size_t command_end = stat.rfind(')');
  if (command_end == std::string::npos) return 0;
  constexpr size_t kStartTime = 22 - 2;  // field 22; the state after the command is number 3
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(stat).substr(command_end + 1), ' ');
  uint64_t ticks = 0;
  if (fields.size() <= kStartTime || !absl::SimpleAtoi(fields[kStartTime], &ticks)) return 0;
  return ticks;
}

std::string PeerName(const Peer& peer, const std::string& proc) {
  if (peer.pid == 0) return absl::StrCat("uid:", peer.uid);
  const bool lives = peer.start_ticks != 0 && ProcessStartTicks(peer.pid, proc) == peer.start_ticks;
  return absl::StrCat("uid:", peer.uid, " pid:", peer.pid, lives ? "" : "(ended)");
}

void PeerTable::Put(int fd, Peer peer) {
  auto entry = std::make_shared<const Peer>(std::move(peer));
  absl::MutexLock lock(&mutex_);
  peers_[fd] = std::move(entry);
}

std::shared_ptr<const Peer> PeerTable::Find(absl::string_view connection) const {
  int fd = -1;
  if (!absl::ConsumePrefix(&connection, "fd:") || !absl::SimpleAtoi(connection, &fd)) {
    return nullptr;
  }
  absl::MutexLock lock(&mutex_);
  const auto found = peers_.find(fd);
  return found == peers_.end() ? nullptr : found->second;
}

}  // namespace schedd::rpc
