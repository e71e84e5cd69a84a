// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/server_context.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/audit.h"
#include "server/rpc/reply.h"
#include "server/rpc/roles.h"
#include "server/rpc/scheduler_stream.h"
#include "server/rpc/service_types.h"
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

class SchedulerServiceImpl final : public SchedulerServiceBase {
 public:
  explicit SchedulerServiceImpl(const ServiceContext& context) : context_(context) {}

  grpc::Status GetScheduler(grpc::ServerContext*, const v1::GetSchedulerRequest* request,
                            v1::Scheduler* reply) override {
    const absl::Status name = CheckName(request->name());
    if (!name.ok()) return ToGrpcStatus(name);
    const grpc::Status status = Reply(context_.control->GetScheduler(), reply);
    reply->set_roles_problem(context_.roles->problem());
    reply->set_audit_problem(context_.audit->problem());
    reply->set_unstored_audit_entry_count(context_.audit->lost_count());
    return status;
  }

  grpc::Status AttachScheduler(grpc::ServerContext*, const v1::AttachSchedulerRequest* request,
                               v1::Scheduler* reply) override {
    const absl::Status name = CheckName(request->name());
    const absl::StatusOr<SchedulerInfo> result =
        name.ok() ? context_.control->AttachScheduler(FromProto(*request)) : name;
    return Reply(result, reply);
  }

  grpc::Status DetachScheduler(grpc::ServerContext*, const v1::DetachSchedulerRequest* request,
                               v1::Scheduler* reply) override {
    const absl::Status name = CheckName(request->name());
    const absl::StatusOr<SchedulerInfo> result =
        name.ok() ? context_.control->DetachScheduler(request->reason()) : name;
    return Reply(result, reply);
  }

  grpc::Status ListAuditEntries(grpc::ServerContext*, const v1::ListAuditEntriesRequest* request,
                                v1::ListAuditEntriesResponse* reply) override {
    const absl::StatusOr<AuditTrail::Page> page =
        context_.audit->List(request->page_size(), request->page_token());
    if (!page.ok()) return ToGrpcStatus(page.status());
    for (const AuditEntry& entry : page->entries) *reply->add_audit_entries() = ToProto(entry);
    reply->set_next_page_token(page->next_page_token);
    return grpc::Status::OK;
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

std::unique_ptr<SchedulerServiceBase> MakeSchedulerService(const ServiceContext& context) {
  return std::make_unique<SchedulerServiceImpl>(context);
}

}  // namespace schedd::rpc
