// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_posix.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/control/control_thread.h"
#include "server/rpc/audit.h"
#include "server/rpc/guard.h"
#include "server/rpc/listener.h"
#include "server/rpc/peer.h"
#include "server/rpc/request_ids.h"
#include "server/rpc/tls.h"
#include "server/rpc/watch_reactor.h"

namespace schedd::rpc {
namespace {

constexpr int kMaxThreads = 32;
constexpr size_t kMaxMemoryBytes = 256 << 20;
// Requests are small: masks, filters, one override.
constexpr int kMaxRequestBytes = 1 << 20;
constexpr int kMaxReplyBytes = 8 << 20;
constexpr int kMaxStreamsPerConnection = 128;
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMinClientPingIntervalMs = 10'000;

void Limit(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("schedd");
  quota.Resize(kMaxMemoryBytes);
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetMaxSendMessageSize(kMaxReplyBytes);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  // Finds readers that are gone without a word.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinClientPingIntervalMs);
  // Else two daemons could share a port, and each would get half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

struct Server::Parts {
  Parts(const ServerOptions& options, const Log* log)
      : registry(options.stream_limits),
        guard({&peers, options.roles, options.audit}),
        listener(log) {}

  // Writes down where it listens.
  absl::Status Listen(const ServerOptions& options, grpc::ServerBuilder& builder);

  ControlThread stream_thread;
  StreamRegistry registry;
  StreamHome streams{&stream_thread, &registry};
  RequestIds request_ids;
  PeerTable peers;
  const Guard guard;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> tcp;  // nullptr: no address
  Listener listener;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::string> addresses;
};

absl::Status Server::Parts::Listen(const ServerOptions& options, grpc::ServerBuilder& builder) {
  for (ListenAddress address : options.addresses) {
    if (address.kind == ListenAddress::Kind::kUnix) {
      if (absl::Status status = listener.OpenUnix(address.path); !status.ok()) return status;
    } else {
      const absl::StatusOr<int> port = listener.OpenTcp({address.host, address.port});
      if (!port.ok()) return port.status();
      address.port = *port;
      if (tcp == nullptr) {
        tcp = builder.experimental().AddExternalConnectionAcceptor(
            grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
            options.tls.empty() ? grpc::InsecureServerCredentials()
                                : MutualTlsCredentials(options.tls, options.tls_interval));
      }
    }
    addresses.push_back(address.Uri());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      Control* control, const Clock* clock,
                                                      const Log* log) {
  if (!options.tls.empty()) {
    if (absl::Status status = CheckTlsFiles(options.tls); !status.ok()) return status;
  }
  // Both are switches of the whole process that ServerBuilder reads.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  auto parts = std::make_unique<Parts>(options, log);
  parts->services = MakeServices(
      {control, clock, log, &parts->streams, &parts->request_ids, options.audit, options.roles},
      &parts->guard);

  grpc::ServerBuilder builder;
  Limit(builder);
  if (absl::Status status = parts->Listen(options, builder); !status.ok()) return status;
  for (const auto& service : parts->services) builder.RegisterService(service.get());
  parts->server = builder.BuildAndStart();
  if (parts->server == nullptr) {
    return absl::InternalError("gRPC could not open the listeners; its lines above say why");
  }
  parts->server->GetHealthCheckService()->SetServingStatus(true);
  parts->listener.Start(
      {.unix_socket =
           [&peers = parts->peers, server = parts->server.get()](int connection, Peer peer) {
             // In this order: calls may come at once.
             peers.Put(connection, std::move(peer));
             grpc::AddInsecureChannelFromFd(server, connection);
           },
       .tcp =
           [tcp = parts->tcp.get()](int listener, int connection) {
             grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
             parameters.listener_fd = listener;
             parameters.fd = connection;
             tcp->HandleNewConnection(&parameters);
           }});
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Drain(absl::ZeroDuration()); }

const std::vector<std::string>& Server::addresses() const { return parts_->addresses; }

void Server::Hurry() {
  StreamRegistry* const registry = &parts_->registry;
  parts_->stream_thread.Post([registry] { registry->Abort(); });
}

void Server::Drain(absl::Duration grace) {
  if (parts_->server == nullptr) return;
  parts_->server->GetHealthCheckService()->SetServingStatus(false);
  StreamRegistry* const registry = &parts_->registry;
  parts_->stream_thread.Post([registry] { registry->Drain(); });
  parts_->listener.Stop();
  parts_->server->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  parts_->server.reset();
  // Only now: reactors need it until gRPC has let go of them.
  parts_->stream_thread.Stop();
}

}  // namespace schedd::rpc
