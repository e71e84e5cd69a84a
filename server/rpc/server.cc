// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <sys/stat.h>

#include <deque>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "server/base/tcp_address.h"
#include "server/control/control_thread.h"
#include "server/rpc/request_ids.h"
#include "server/rpc/unix_socket.h"
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
// A socket that root and its group may use; the rest of the machine may not.
constexpr mode_t kSocketUmask = 0117;

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

absl::Status CheckFree(const ListenAddress& address) {
  return address.kind == ListenAddress::Kind::kUnix ? RemoveStaleSocket(address.path)
                                                    : CheckPortFree({address.host, address.port});
}

}  // namespace

struct Server::Parts {
  explicit Parts(const StreamLimits& limits) : registry(limits) {}

  ControlThread stream_thread;
  StreamRegistry registry;
  StreamHome streams{&stream_thread, &registry};
  RequestIds request_ids;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::string> addresses;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      Control* control, const Clock* clock,
                                                      const Log* log) {
  // Both are switches of the whole process that ServerBuilder reads.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  auto parts = std::make_unique<Parts>(options.stream_limits);
  const ServiceContext context{control, clock, log, &parts->streams, &parts->request_ids};
  parts->services.push_back(MakeSchedulerService(context));
  parts->services.push_back(MakeTaskService(context));
  parts->services.push_back(MakePolicyService(context));

  grpc::ServerBuilder builder;
  Limit(builder);
  std::deque<int> ports;  // gRPC writes them when it builds
  for (const ListenAddress& address : options.addresses) {
    absl::Status status = CheckFree(address);
    if (!status.ok()) return status;
    builder.AddListeningPort(address.Uri(), grpc::InsecureServerCredentials(),
                             &ports.emplace_back(0));
  }
  for (const auto& service : parts->services) builder.RegisterService(service.get());
  {
    const mode_t before = umask(kSocketUmask);
    const auto restore = absl::MakeCleanup([before] { umask(before); });
    parts->server = builder.BuildAndStart();
  }
  if (parts->server == nullptr) {
    return absl::InternalError("gRPC could not open the listeners; its lines above say why");
  }
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    ListenAddress address = options.addresses[i];
    if (address.kind == ListenAddress::Kind::kTcp) address.port = ports[i];
    parts->addresses.push_back(address.Uri());
  }
  parts->server->GetHealthCheckService()->SetServingStatus(true);
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
  parts_->server->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  parts_->server.reset();
  // Only now: reactors need it until gRPC has let go of them.
  parts_->stream_thread.Stop();
}

}  // namespace schedd::rpc
