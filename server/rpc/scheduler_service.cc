// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/server_context.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/access_state.h"
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

// Nothing when the stream is to begin with the state.
absl::StatusOr<std::optional<SchedulerPosition>> FindPosition(const SchedulerWatch& watch,
                                                              int64_t resume_after) {
  if (resume_after == 0) return std::nullopt;
  const std::optional<SchedulerPosition> position = watch.Find(resume_after);
  if (position.has_value()) return position;
  return MakeError(absl::StatusCode::kOutOfRange, reason::kSequenceCompacted,
                   absl::StrCat("what came after event ", resume_after,
                                " is not known any more (too much came since, or schedd was "
                                "started anew): watch without resume_sequence_number"),
                   {{"field", "resume_sequence_number"}});
}

class SchedulerServiceImpl final : public SchedulerServiceBase {
 public:
  explicit SchedulerServiceImpl(const ServiceContext& context) : context_(context) {}

  grpc::Status GetScheduler(grpc::ServerContext*, const v1::GetSchedulerRequest* request,
                            v1::Scheduler* reply) override {
    const absl::Status name = CheckName(request->name());
    if (!name.ok()) return ToGrpcStatus(name);
    return Reply(
        WithAccessState(context_.control->GetScheduler(), *context_.roles, *context_.audit), reply);
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
        [this, request = *request](StreamSink<v1::WatchSchedulerResponse>* sink)
            -> absl::StatusOr<std::unique_ptr<Stream>> {
          const absl::Status status = CheckName(request.name());
          if (!status.ok()) return status;
          SchedulerWatch& watch = context_.control->watch();
          const auto position = FindPosition(watch, request.resume_sequence_number());
          if (!position.ok()) return position.status();
          return std::make_unique<SchedulerStream>(&watch, context_.clock,
                                                   context_.streams->sequence, sink, *position);
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
