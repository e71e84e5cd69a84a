// SPDX-License-Identifier: Apache-2.0
//
// Who is at the other end of a unix socket, as the kernel says.
//
// Peer is a value that does not change after ReadPeer(). PeerTable belongs to the server; any
// thread. What is known of a peer is as of its connect(): a process that hands its connection to
// another one lends it its rights, as it does with any open file.
//
// gRPC names a connection that it was given as a file descriptor after that descriptor ("fd:12"),
// and closes it only when the last call on it is over, so while a call runs its number means this
// peer and no later one (ADR 17).
#ifndef SCHEDD_RPC_PEER_H_
#define SCHEDD_RPC_PEER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace schedd::rpc {

struct Peer {
  uid_t uid = 0;
  pid_t pid = 0;             // 0: not in our PID namespace
  uint64_t start_ticks = 0;  // of the process, since boot; 0: it had ended when we looked
  // "uid:1000", then its groups, "gid:1000", without repetition.
  std::vector<std::string> principals;
};

// Of a connected socket. Errors: what the kernel says.
absl::StatusOr<Peer> ReadPeer(int fd);

// Start of a process in clock ticks since boot; 0 when there is none. `proc` is for tests.
uint64_t ProcessStartTicks(pid_t pid, const std::string& proc = "/proc");

// For people: "uid:1000 pid:4711", "uid:1000 pid:4711(ended)" when that process is no more (its
// number may be another's by now), "uid:1000" when it was never known.
std::string PeerName(const Peer& peer, const std::string& proc = "/proc");

class PeerTable {
 public:
  // Before `fd` is given to gRPC.
  void Put(int fd, Peer peer);
  // By gRPC's name of the connection; nullptr when it is none of ours.
  std::shared_ptr<const Peer> Find(absl::string_view connection) const;

 private:
  mutable absl::Mutex mutex_;
  // At most one for each file descriptor that the process may have.
  std::unordered_map<int, std::shared_ptr<const Peer>> peers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_PEER_H_
