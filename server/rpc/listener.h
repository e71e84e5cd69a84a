// SPDX-License-Identifier: Apache-2.0
//
// Listens on unix sockets and TCP and hands each connection over, with who is at its other end.
//
// gRPC 1.51 listens itself, too, but does not say who connects, and a TCP listener of its own ends
// for good when the process has no file descriptor left, which callers can see to. Here connections
// are bounded: one too many is hung up on.
//
// Owned by the server, which Stop()s it before it shuts gRPC down. Accepting happens on a thread of
// its own, that calls those of `Takers`. Open…() fails with what unix_socket.h or tcp_address.h
// says and with what the kernel says; no socket is left behind then.
#ifndef SCHEDD_RPC_LISTENER_H_
#define SCHEDD_RPC_LISTENER_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/log.h"
#include "server/base/tcp_address.h"
#include "server/base/unique_fd.h"
#include "server/rpc/peer.h"

namespace schedd::rpc {

// How many file descriptors of the process may be in use when a connection is taken.
struct ConnectionLimits {
  int most = 1024;
  // The last of them are for root and the daemon's own user on a unix socket: who else has taken
  // all others does not keep an operator out.
  int reserved = 64;
};

// As far as RLIMIT_NOFILE goes, with some left for files.
ConnectionLimits LimitsOfProcess();

class Listener {
 public:
  // Each takes the connection, which is its own from then on: non-blocking, closed on exec.
  struct Takers {
    std::function<void(int connection, Peer peer)> unix_socket;
    std::function<void(int listener, int connection)> tcp;
  };

  explicit Listener(const Log* log, const ConnectionLimits& limits = LimitsOfProcess())
      : log_(log), limits_(limits) {}
  ~Listener();  // Stop()
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Makes the socket, mode 0660, in place of one that a dead server left. From now on callers may
  // connect, and wait. Before Start().
  absl::Status OpenUnix(const std::string& path);

  // The same for an address that nobody else listens on. The port, chosen by the kernel for 0.
  absl::StatusOr<int> OpenTcp(const TcpAddress& address);

  // Serves those that wait and those to come. Once.
  void Start(Takers takers);

  // Removes the sockets, unless somebody else's are in their place by now. Those that wait are
  // hung up on; connections handed over stay. Returns when `take` is not called any more.
  void Stop();

 private:
  struct Socket {
    std::string path;  // empty: TCP
    dev_t device = 0;
    ino_t inode = 0;
    UniqueFd fd;
  };

  void Run();
  // False: it could not be taken, and not yet.
  bool AcceptOne(const Socket& socket);
  void Take(const Socket& socket, UniqueFd connection);
  bool HasRoomFor(int connection, const Peer* peer);

  const Log* const log_;
  const ConnectionLimits limits_;
  int64_t refused_ = 0;
  std::vector<Socket> sockets_;
  UniqueFd stop_;  // readable: Stop() was called
  Takers takers_;
  std::thread thread_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_LISTENER_H_
