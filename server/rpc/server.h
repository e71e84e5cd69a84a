// SPDX-License-Identifier: Apache-2.0
//
// The gRPC server of the daemon: listeners, limits, health, reflection, and the services.
//
// Owned by the daemon; main thread. Start() opens the listeners, Drain() ends everything; what it
// was given must outlive it. Unary calls run on gRPC's threads, at most kMaxThreads at a time;
// streams on one thread of their own. Start() fails with ALREADY_EXISTS (an address in use) or what
// unix_socket.h and tls_files.h say, and leaves no listener behind then.
#ifndef SCHEDD_RPC_SERVER_H_
#define SCHEDD_RPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/services.h"
#include "server/rpc/stream.h"
#include "server/rpc/tls_files.h"

namespace schedd::rpc {

struct ServerOptions {
  std::vector<ListenAddress> addresses;  // at least one
  StreamLimits stream_limits;
  const RoleBook* roles = nullptr;  // required; outlives the server
  AuditTrail* audit = nullptr;      // required; outlives the server
  TlsFiles tls;                     // empty: callers on TCP have no certificate
  // How soon new certificates count; whole seconds.
  absl::Duration tls_interval = absl::Seconds(10);
};

class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       Control* control, const Clock* clock,
                                                       const Log* log);
  ~Server();  // Drain() without grace
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the ports that the kernel chose.
  const std::vector<std::string>& addresses() const;

  // Says NOT_SERVING to health checks, ends the streams (UNAVAILABLE, reason DRAINING), takes no
  // new call, and waits up to `grace` for those under way before it cancels them. Returns when all
  // are over.
  void Drain(absl::Duration grace);

  // While Drain() waits on another thread: does not wait for readers any longer. Any thread.
  void Hurry();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_SERVER_H_
