// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/client/fake_server.h"

#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>
#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "schedd/v1/policy_service.grpc.pb.h"
#include "schedd/v1/scheduler_service.grpc.pb.h"
#include "schedd/v1/task_service.grpc.pb.h"

namespace schedd::client {
namespace {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(std::string(status.message()));
  status.ForEachPayload([&rich](absl::string_view url, const absl::Cord& payload) {
    auto* detail = rich.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      rich.details_size() > 0 ? rich.SerializeAsString() : "");
}

// Shared by the services: one lock for the script, and the wish to end.
struct Shared {
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
};

template <typename Request, typename Reply>
grpc::Status Answer(Shared& shared, FakeMethod<Request, Reply>& method, const Request* request,
                    Reply* reply) {
  std::lock_guard lock(shared.mutex);
  method.requests.push_back(*request);
  if (!method.handler) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no handler");
  auto result = method.handler(*request);
  if (result.ok()) *reply = *result;
  return ToGrpc(result.status());
}

template <typename Request, typename Message>
grpc::Status Stream(Shared& shared, FakeStream<Request, Message>& stream, const Request* request,
                    grpc::ServerContext* context, grpc::ServerWriter<Message>* writer) {
  std::unique_lock lock(shared.mutex);
  stream.requests.push_back(*request);
  for (const Message& message : stream.messages) {
    if (!writer->Write(message)) return grpc::Status::CANCELLED;
  }
  while (stream.endless && !shared.stopping && !context->IsCancelled()) {
    // The synchronous API tells of a cancelled call only to those who ask.
    shared.wake.wait_for(lock, std::chrono::milliseconds(5));
  }
  return ToGrpc(stream.end);
}

class SchedulerService final : public v1::SchedulerService::Service {
 public:
  SchedulerService(FakeScript& script, Shared& shared) : script_(script), shared_(shared) {}

  grpc::Status GetScheduler(grpc::ServerContext*, const v1::GetSchedulerRequest* request,
                            v1::Scheduler* reply) override {
    return Answer(shared_, script_.get_scheduler, request, reply);
  }
  grpc::Status AttachScheduler(grpc::ServerContext*, const v1::AttachSchedulerRequest* request,
                               v1::Scheduler* reply) override {
    return Answer(shared_, script_.attach_scheduler, request, reply);
  }
  grpc::Status DetachScheduler(grpc::ServerContext*, const v1::DetachSchedulerRequest* request,
                               v1::Scheduler* reply) override {
    return Answer(shared_, script_.detach_scheduler, request, reply);
  }
  grpc::Status ListAuditEntries(grpc::ServerContext*, const v1::ListAuditEntriesRequest* request,
                                v1::ListAuditEntriesResponse* reply) override {
    return Answer(shared_, script_.list_audit, request, reply);
  }
  grpc::Status WatchScheduler(grpc::ServerContext* context,
                              const v1::WatchSchedulerRequest* request,
                              grpc::ServerWriter<v1::WatchSchedulerResponse>* writer) override {
    return Stream(shared_, script_.watch_scheduler, request, context, writer);
  }

 private:
  FakeScript& script_;
  Shared& shared_;
};

class TaskService final : public v1::TaskService::Service {
 public:
  TaskService(FakeScript& script, Shared& shared) : script_(script), shared_(shared) {}

  grpc::Status GetTask(grpc::ServerContext*, const v1::GetTaskRequest* request,
                       v1::Task* reply) override {
    return Answer(shared_, script_.get_task, request, reply);
  }
  grpc::Status ListTasks(grpc::ServerContext*, const v1::ListTasksRequest* request,
                         v1::ListTasksResponse* reply) override {
    return Answer(shared_, script_.list_tasks, request, reply);
  }
  grpc::Status WatchTasks(grpc::ServerContext* context, const v1::WatchTasksRequest* request,
                          grpc::ServerWriter<v1::WatchTasksResponse>* writer) override {
    return Stream(shared_, script_.watch_tasks, request, context, writer);
  }
  grpc::Status CreateTaskOverride(grpc::ServerContext*,
                                  const v1::CreateTaskOverrideRequest* request,
                                  v1::TaskOverride* reply) override {
    return Answer(shared_, script_.create_override, request, reply);
  }
  grpc::Status GetTaskOverride(grpc::ServerContext*, const v1::GetTaskOverrideRequest* request,
                               v1::TaskOverride* reply) override {
    return Answer(shared_, script_.get_override, request, reply);
  }
  grpc::Status ListTaskOverrides(grpc::ServerContext*, const v1::ListTaskOverridesRequest* request,
                                 v1::ListTaskOverridesResponse* reply) override {
    return Answer(shared_, script_.list_overrides, request, reply);
  }
  grpc::Status UpdateTaskOverride(grpc::ServerContext*,
                                  const v1::UpdateTaskOverrideRequest* request,
                                  v1::TaskOverride* reply) override {
    return Answer(shared_, script_.update_override, request, reply);
  }
  grpc::Status DeleteTaskOverride(grpc::ServerContext*,
                                  const v1::DeleteTaskOverrideRequest* request,
                                  google::protobuf::Empty* reply) override {
    return Answer(shared_, script_.delete_override, request, reply);
  }

 private:
  FakeScript& script_;
  Shared& shared_;
};

class PolicyService final : public v1::PolicyService::Service {
 public:
  PolicyService(FakeScript& script, Shared& shared) : script_(script), shared_(shared) {}

  grpc::Status ListParameterSpecs(grpc::ServerContext*,
                                  const v1::ListParameterSpecsRequest* request,
                                  v1::ListParameterSpecsResponse* reply) override {
    return Answer(shared_, script_.list_specs, request, reply);
  }
  grpc::Status GetPolicy(grpc::ServerContext*, const v1::GetPolicyRequest* request,
                         v1::Policy* reply) override {
    return Answer(shared_, script_.get_policy, request, reply);
  }
  grpc::Status UpdatePolicy(grpc::ServerContext*, const v1::UpdatePolicyRequest* request,
                            v1::Policy* reply) override {
    return Answer(shared_, script_.update_policy, request, reply);
  }
  grpc::Status ListPolicies(grpc::ServerContext*, const v1::ListPoliciesRequest* request,
                            v1::ListPoliciesResponse* reply) override {
    return Answer(shared_, script_.list_policies, request, reply);
  }
  grpc::Status CreatePolicy(grpc::ServerContext*, const v1::CreatePolicyRequest* request,
                            v1::Policy* reply) override {
    return Answer(shared_, script_.create_policy, request, reply);
  }
  grpc::Status DeletePolicy(grpc::ServerContext*, const v1::DeletePolicyRequest* request,
                            google::protobuf::Empty* reply) override {
    return Answer(shared_, script_.delete_policy, request, reply);
  }
  grpc::Status RollbackPolicy(grpc::ServerContext*, const v1::RollbackPolicyRequest* request,
                              v1::Policy* reply) override {
    return Answer(shared_, script_.rollback_policy, request, reply);
  }
  grpc::Status ListPolicyRevisions(grpc::ServerContext*,
                                   const v1::ListPolicyRevisionsRequest* request,
                                   v1::ListPolicyRevisionsResponse* reply) override {
    return Answer(shared_, script_.list_revisions, request, reply);
  }

 private:
  FakeScript& script_;
  Shared& shared_;
};

}  // namespace

class FakeServer::Impl {
 public:
  Impl(FakeScript& script, const std::string& endpoint)
      : scheduler_(script, shared_), task_(script, shared_), policy_(script, shared_) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(endpoint, grpc::InsecureServerCredentials());
    builder.RegisterService(&scheduler_);
    builder.RegisterService(&task_);
    builder.RegisterService(&policy_);
    server_ = builder.BuildAndStart();
  }

  ~Impl() {
    {
      std::lock_guard lock(shared_.mutex);
      shared_.stopping = true;
    }
    shared_.wake.notify_all();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    server_->Wait();
  }

 private:
  Shared shared_;
  SchedulerService scheduler_;
  TaskService task_;
  PolicyService policy_;
  std::unique_ptr<grpc::Server> server_;
};

FakeServer::FakeServer() {
  // One reference that nobody gives back: else the last server of a test shuts gRPC down as a
  // whole, which waits up to 10 s for its poller after a large message.
  grpc_init();
  // Not the directory of the test: its path may be longer than a socket's address can be.
  std::string pattern = "/tmp/schedd-client-XXXXXX";
  directory_ = mkdtemp(pattern.data());
  endpoint_ = absl::StrCat("unix://", directory_, "/schedd.sock");
  Start();
}

FakeServer::~FakeServer() {
  Stop();
  std::filesystem::remove_all(directory_);
}

void FakeServer::Stop() { impl_.reset(); }
void FakeServer::Start() { impl_ = std::make_unique<Impl>(*this, endpoint_); }

absl::Status DetailedError(absl::StatusCode code, const std::string& message,
                           const std::string& reason, const std::string& field,
                           const std::string& violation) {
  absl::Status status(code, message);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("schedd");
  if (!field.empty()) (*info.mutable_metadata())["field"] = field;
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo",
                    absl::Cord(info.SerializeAsString()));
  if (!violation.empty()) {
    google::rpc::BadRequest request;
    auto* item = request.add_field_violations();
    item->set_field(field);
    item->set_description(violation);
    status.SetPayload("type.googleapis.com/google.rpc.BadRequest",
                      absl::Cord(request.SerializeAsString()));
  }
  return status;
}

}  // namespace schedd::client
