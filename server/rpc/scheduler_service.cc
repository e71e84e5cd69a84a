// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/server_context.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "schedd/v1/scheduler_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/scheduler_stream.h"
#include "server/rpc/services.h"
#include "server/rpc/watch_reactor.h"

namespace schedd::rpc {
namespace {

// This host has one scheduler; the name is there for hosts that will have more.
absl::Status CheckName(const std::string& name) {
  if (name == kSchedulerName) return absl::OkStatus();
  const absl::StatusCode code =
      name.empty() ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kNotFound;
  return MakeError(code, name.empty() ? reason::kInvalidName : reason::kSchedulerNotFound,
                   absl::StrCat("there is no scheduler '", name, "'; use \"", kSchedulerName, "\""),
                   {{"field", "name"}});
}

class SchedulerServiceImpl final : public v1::SchedulerService::WithCallbackMethod_WatchScheduler<
                                       v1::SchedulerService::Service> {
 public:
  explicit SchedulerServiceImpl(const ServiceContext& context) : context_(context) {}

  grpc::Status GetScheduler(grpc::ServerContext*, const v1::GetSchedulerRequest* request,
                            v1::Scheduler* reply) override {
    const absl::Status name = CheckName(request->name());
    if (!name.ok()) return ToGrpcStatus(name);
    return Reply(context_.control->GetScheduler(), reply);
  }

  grpc::Status AttachScheduler(grpc::ServerContext* call, const v1::AttachSchedulerRequest* request,
                               v1::Scheduler* reply) override {
    const absl::Status name = CheckName(request->name());
    const absl::StatusOr<SchedulerInfo> result =
        name.ok() ? context_.control->AttachScheduler(FromProto(*request)) : name;
    return ReplyToChange(*context_.log, "AttachScheduler", *call, result, reply);
  }

  grpc::Status DetachScheduler(grpc::ServerContext* call, const v1::DetachSchedulerRequest* request,
                               v1::Scheduler* reply) override {
    const absl::Status name = CheckName(request->name());
    const absl::StatusOr<SchedulerInfo> result =
        name.ok() ? context_.control->DetachScheduler(request->reason()) : name;
    return ReplyToChange(*context_.log, "DetachScheduler", *call, result, reply);
  }

  grpc::ServerWriteReactor<v1::WatchSchedulerResponse>* WatchScheduler(
      grpc::CallbackServerContext* call, const v1::WatchSchedulerRequest* request) override {
    return WatchReactor<v1::WatchSchedulerResponse>::Open(
        call, *context_.streams,
        [this, name = request->name()](StreamSink<v1::WatchSchedulerResponse>* sink)
            -> absl::StatusOr<std::unique_ptr<Stream>> {
          const absl::Status status = CheckName(name);
          if (!status.ok()) return status;
          return std::make_unique<SchedulerStream>(&context_.control->watch(), context_.clock,
                                                   context_.streams->sequence, sink);
        });
  }

 private:
  const ServiceContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSchedulerService(const ServiceContext& context) {
  return std::make_unique<SchedulerServiceImpl>(context);
}

}  // namespace schedd::rpc
