// SPDX-License-Identifier: Apache-2.0
//
// A schedd that answers what a test tells it to: the three services on a unix socket, without
// anything behind them.
//
// A test sets handlers before the first call and reads `requests` after the last one. Handlers run
// on gRPC's threads, one at a time for each method. A method without a handler answers
// UNIMPLEMENTED. The destructor ends all streams and stops the server.
#ifndef SCHEDD_TESTS_UNIT_CLIENT_FAKE_SERVER_H_
#define SCHEDD_TESTS_UNIT_CLIENT_FAKE_SERVER_H_

#include <google/protobuf/empty.pb.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schedd/v1/policy_service.pb.h"
#include "schedd/v1/scheduler_service.pb.h"
#include "schedd/v1/task_service.pb.h"

namespace schedd::client {

// One method: what it answers, and what it was asked.
template <typename Request, typename Reply>
struct FakeMethod {
  std::function<absl::StatusOr<Reply>(const Request&)> handler;
  std::vector<Request> requests;

  // Always the same answer.
  void Returns(absl::StatusOr<Reply> reply) {
    handler = [reply](const Request&) { return reply; };
  }
};

// One stream: the messages, then the end; or no end until the client cancels.
template <typename Request, typename Message>
struct FakeStream {
  std::vector<Message> messages;
  absl::Status end;
  bool endless = false;
  std::vector<Request> requests;
};

// What the fake schedd knows.
struct FakeScript {
  FakeMethod<v1::GetSchedulerRequest, v1::Scheduler> get_scheduler;
  FakeMethod<v1::AttachSchedulerRequest, v1::Scheduler> attach_scheduler;
  FakeMethod<v1::DetachSchedulerRequest, v1::Scheduler> detach_scheduler;
  FakeStream<v1::WatchSchedulerRequest, v1::WatchSchedulerResponse> watch_scheduler;
  FakeMethod<v1::ListAuditEntriesRequest, v1::ListAuditEntriesResponse> list_audit;
  FakeMethod<v1::GetTaskRequest, v1::Task> get_task;
  FakeMethod<v1::ListTasksRequest, v1::ListTasksResponse> list_tasks;
  FakeStream<v1::WatchTasksRequest, v1::WatchTasksResponse> watch_tasks;
  FakeMethod<v1::CreateTaskOverrideRequest, v1::TaskOverride> create_override;
  FakeMethod<v1::GetTaskOverrideRequest, v1::TaskOverride> get_override;
  FakeMethod<v1::ListTaskOverridesRequest, v1::ListTaskOverridesResponse> list_overrides;
  FakeMethod<v1::UpdateTaskOverrideRequest, v1::TaskOverride> update_override;
  FakeMethod<v1::DeleteTaskOverrideRequest, google::protobuf::Empty> delete_override;
  FakeMethod<v1::ListParameterSpecsRequest, v1::ListParameterSpecsResponse> list_specs;
  FakeMethod<v1::GetPolicyRequest, v1::Policy> get_policy;
  FakeMethod<v1::ListPoliciesRequest, v1::ListPoliciesResponse> list_policies;
  FakeMethod<v1::CreatePolicyRequest, v1::Policy> create_policy;
  FakeMethod<v1::UpdatePolicyRequest, v1::Policy> update_policy;
  FakeMethod<v1::DeletePolicyRequest, google::protobuf::Empty> delete_policy;
  FakeMethod<v1::RollbackPolicyRequest, v1::Policy> rollback_policy;
  FakeMethod<v1::ListPolicyRevisionsRequest, v1::ListPolicyRevisionsResponse> list_revisions;
};

class FakeServer : public FakeScript {
 public:
  FakeServer();
  ~FakeServer();

  // "unix:///tmp/…/schedd.sock".
  const std::string& endpoint() const { return endpoint_; }

  // Ends the server; its socket goes. Start() brings it back at the same endpoint.
  void Stop();
  void Start();

 private:
  class Impl;

  std::string directory_;
  std::string endpoint_;
  std::unique_ptr<Impl> impl_;
};

// An error with google.rpc details, as schedd sends it.
absl::Status DetailedError(absl::StatusCode code, const std::string& message,
                           const std::string& reason, const std::string& field = "",
                           const std::string& violation = "");

}  // namespace schedd::client

#endif  // SCHEDD_TESTS_UNIT_CLIENT_FAKE_SERVER_H_
