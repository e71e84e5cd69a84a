// SPDX-License-Identifier: Apache-2.0
//
// Listens on unix sockets and hands each connection over, with who is at its other end.
//
// Owned by the server, which Stop()s it before it shuts gRPC down. Accepting happens on a thread of
// its own, that calls `take`. Open() fails with what unix_socket.h says and with what the kernel
// says; no socket is left behind then. A process without free file descriptors leaves connections
// waiting and tries again.
#ifndef SCHEDD_RPC_UNIX_LISTENER_H_
#define SCHEDD_RPC_UNIX_LISTENER_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "server/base/log.h"
#include "server/base/unique_fd.h"
#include "server/rpc/peer.h"

namespace schedd::rpc {

class UnixListener {
 public:
  // Takes the connection, which is its own from then on: non-blocking, closed on exec.
  using Take = std::function<void(int connection, Peer peer)>;

  explicit UnixListener(const Log* log) : log_(log) {}
  ~UnixListener();  // Stop()
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Makes the socket, mode 0660, in place of one that a dead server left. From now on callers may
  // connect, and wait. Before Start().
  absl::Status Open(const std::string& path);

  // Serves those that wait and those to come. Once.
  void Start(Take take);

  // Removes the sockets, unless somebody else's are in their place by now. Those that wait are
  // hung up on; connections handed over stay. Returns when `take` is not called any more.
  void Stop();

 private:
  struct Socket {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
    UniqueFd fd;
  };

  void Run();
  // False: there was none, or it could not be taken.
  bool AcceptOne(int listener);

  const Log* const log_;
  std::vector<Socket> sockets_;
  UniqueFd stop_;  // readable: Stop() was called
  Take take_;
  std::thread thread_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_UNIX_LISTENER_H_
