// SPDX-License-Identifier: Apache-2.0
//
// The only file of the client, beside channel.cc, that includes gRPC.
#include "client/lib/client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/lib/channel.h"
#include "client/lib/endpoint.h"
#include "client/lib/errors.h"
#include "schedd/v1/policy_service.grpc.pb.h"
#include "schedd/v1/scheduler_service.grpc.pb.h"
#include "schedd/v1/task_service.grpc.pb.h"

namespace schedd::client {
namespace {

// What may be sent again without asking: calls that change nothing.
enum class Repeat { kRead, kOnce };

}  // namespace

class Client::Transport {
 public:
  Transport(Endpoint endpoint, ClientOptions options)
      : endpoint_(std::move(endpoint)),
        options_(std::move(options)),
        channel_(MakeChannel(endpoint_, options_.tls)),
        scheduler_(v1::SchedulerService::NewStub(channel_)),
        tasks_(v1::TaskService::NewStub(channel_)),
        policy_(v1::PolicyService::NewStub(channel_)) {}

  const Endpoint& endpoint() const { return endpoint_; }
  v1::SchedulerService::Stub& scheduler() { return *scheduler_; }
  v1::TaskService::Stub& tasks() { return *tasks_; }
  v1::PolicyService::Stub& policy() { return *policy_; }

  // Makes one call, a read several times if need be, within one deadline.
  template <typename Reply, typename Stub, typename Request>
  absl::StatusOr<Reply> Call(Repeat repeat, Stub& stub,
                             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Reply*),
                             const Request& request) {
    const absl::Time deadline = absl::Now() + options_.deadline;
    const int attempts = repeat == Repeat::kRead ? std::max(1, options_.read_attempts) : 1;
    absl::Duration pause = options_.retry_pause;
    for (int attempt = 1;; ++attempt, pause *= 2) {
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(deadline));
      Reply reply;
      const grpc::Status status = (stub.*method)(&context, request, &reply);
      if (status.ok()) return reply;
      const bool again = status.error_code() == grpc::StatusCode::UNAVAILABLE &&
                         attempt < attempts && absl::Now() + pause < deadline;
      if (!again) return Explain(status);
      absl::SleepFor(pause);
    }
  }

  // Reads a stream to its end.
  template <typename Message, typename Stub, typename Request>
  absl::Status Stream(Stub& stub,
                      std::unique_ptr<grpc::ClientReader<Message>> (Stub::*method)(
                          grpc::ClientContext*, const Request&),
                      const Request& request, const Receiver<Message>& receiver,
                      std::stop_token stop) {
    grpc::ClientContext context;
    std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    auto reader = (stub.*method)(&context, request);
    Message message;
    bool wanted = true;
    while (wanted && reader->Read(&message)) wanted = receiver(message);
    if (!wanted) context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (!wanted || stop.stop_requested() || status.ok()) return absl::OkStatus();
    return Explain(status);
  }

 private:
  // The daemon's own errors go through; those of the transport are put into words.
  absl::Status Explain(const grpc::Status& status) const {
    absl::Status result =
        MakeStatus(status.error_code(), status.error_message(), status.error_details());
    if (!ErrorReason(result).empty()) return result;
    if (result.code() == absl::StatusCode::kUnavailable) {
      return UnreachableError(endpoint_, ProbeEndpoint(endpoint_), status.error_message());
    }
    if (result.code() == absl::StatusCode::kDeadlineExceeded) {
      return absl::DeadlineExceededError(
          absl::StrCat("schedd at ", endpoint_.text, " did not answer within ",
                       absl::FormatDuration(options_.deadline),
                       ". It may be stopped or overloaded: look at its log, or allow more time"));
    }
    return result;
  }

  const Endpoint endpoint_;
  const ClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::SchedulerService::Stub> scheduler_;
  const std::unique_ptr<v1::TaskService::Stub> tasks_;
  const std::unique_ptr<v1::PolicyService::Stub> policy_;
};

namespace {

// Walks the pages of a list. `call` gets the request with its token, `take` the reply and returns
// false when it has enough. A daemon that hands out the same token again would keep us here for
// ever: INTERNAL.
template <typename Request, typename Call, typename Take>
absl::Status WalkPages(Request request, const Call& call, const Take& take) {
  while (true) {
    auto reply = call(request);
    if (!reply.ok()) return reply.status();
    const std::string next = reply->next_page_token();
    if (!take(*std::move(reply)) || next.empty()) return absl::OkStatus();
    if (next == request.page_token()) {
      return absl::InternalError("schedd sent the same page token twice; the list cannot be read");
    }
    request.set_page_token(next);
  }
}

template <typename Item, typename Repeated>
void AppendAll(std::vector<Item>& out, Repeated* items) {
  out.reserve(out.size() + items->size());
  for (Item& item : *items) out.push_back(std::move(item));
}

}  // namespace

Client::Client(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(absl::string_view endpoint,
                                                        ClientOptions options) {
  auto parsed = ParseEndpoint(ChooseEndpoint(endpoint, std::getenv(kEndpointVariable)));
  if (!parsed.ok()) return parsed.status();
  // A socket needs no certificates, and what the environment says of them may be for others.
  if (parsed->unix_path.empty()) {
    auto tls = ChooseTls(options.tls, [](const char* name) { return std::getenv(name); });
    if (!tls.ok()) return tls.status();
    options.tls = *std::move(tls);
  }
  return std::unique_ptr<Client>(
      new Client(std::make_unique<Transport>(*std::move(parsed), std::move(options))));
}

const std::string& Client::endpoint() const { return transport_->endpoint().text; }

absl::StatusOr<v1::Scheduler> Client::GetScheduler() {
  v1::GetSchedulerRequest request;
  request.set_name(kDefaultScheduler);
  return transport_->Call(Repeat::kRead, transport_->scheduler(),
                          &v1::SchedulerService::Stub::GetScheduler, request);
}

absl::StatusOr<v1::Scheduler> Client::AttachScheduler(v1::AttachSchedulerRequest request) {
  if (request.name().empty()) request.set_name(kDefaultScheduler);
  return transport_->Call(Repeat::kOnce, transport_->scheduler(),
                          &v1::SchedulerService::Stub::AttachScheduler, request);
}

absl::StatusOr<v1::Scheduler> Client::DetachScheduler(v1::DetachSchedulerRequest request) {
  if (request.name().empty()) request.set_name(kDefaultScheduler);
  return transport_->Call(Repeat::kOnce, transport_->scheduler(),
                          &v1::SchedulerService::Stub::DetachScheduler, request);
}

absl::StatusOr<v1::ListAuditEntriesResponse> Client::ListAuditEntries(
    const v1::ListAuditEntriesRequest& request) {
  return transport_->Call(Repeat::kRead, transport_->scheduler(),
                          &v1::SchedulerService::Stub::ListAuditEntries, request);
}

absl::StatusOr<std::vector<v1::AuditEntry>> Client::ListAllAuditEntries(
    int limit, const std::function<bool(const v1::AuditEntry&)>& wanted) {
  const size_t most = limit > 0 ? static_cast<size_t>(limit) : SIZE_MAX;
  v1::ListAuditEntriesRequest request;
  // Of what is picked by `wanted` there may be few in a page.
  if (limit > 0 && !wanted) request.set_page_size(limit);
  std::vector<v1::AuditEntry> entries;
  const absl::Status status = WalkPages(
      std::move(request), [this](const auto& page) { return ListAuditEntries(page); },
      [&](v1::ListAuditEntriesResponse reply) {
        for (v1::AuditEntry& entry : *reply.mutable_audit_entries()) {
          if (entries.size() == most) break;
          if (!wanted || wanted(entry)) entries.push_back(std::move(entry));
        }
        return entries.size() < most;
      });
  if (!status.ok()) return status;
  return entries;
}

absl::Status Client::WatchScheduler(const Receiver<v1::WatchSchedulerResponse>& receiver,
                                    std::stop_token stop, int64_t resume_after) {
  v1::WatchSchedulerRequest request;
  request.set_name(kDefaultScheduler);
  request.set_resume_sequence_number(resume_after);
  return transport_->Stream(transport_->scheduler(), &v1::SchedulerService::Stub::WatchScheduler,
                            request, receiver, std::move(stop));
}

absl::StatusOr<v1::Task> Client::GetTask(absl::string_view name) {
  v1::GetTaskRequest request;
  request.set_name(std::string(name));
  return transport_->Call(Repeat::kRead, transport_->tasks(), &v1::TaskService::Stub::GetTask,
                          request);
}

absl::StatusOr<v1::ListTasksResponse> Client::ListTasks(const v1::ListTasksRequest& request) {
  return transport_->Call(Repeat::kRead, transport_->tasks(), &v1::TaskService::Stub::ListTasks,
                          request);
}

absl::StatusOr<std::vector<v1::Task>> Client::ListAllTasks(v1::ListTasksRequest request,
                                                           int limit) {
  const size_t most = limit > 0 ? static_cast<size_t>(limit) : SIZE_MAX;
  if (limit > 0 && (request.page_size() == 0 || request.page_size() > limit)) {
    request.set_page_size(limit);
  }
  std::vector<v1::Task> tasks;
  const absl::Status status = WalkPages(
      std::move(request), [this](const auto& page) { return ListTasks(page); },
      [&](v1::ListTasksResponse reply) {
        AppendAll(tasks, reply.mutable_tasks());
        return tasks.size() < most;
      });
  if (!status.ok()) return status;
  if (tasks.size() > most) tasks.resize(most);
  return tasks;
}

absl::Status Client::WatchTasks(const v1::WatchTasksRequest& request,
                                const Receiver<v1::WatchTasksResponse>& receiver,
                                std::stop_token stop) {
  return transport_->Stream(transport_->tasks(), &v1::TaskService::Stub::WatchTasks, request,
                            receiver, std::move(stop));
}

absl::StatusOr<v1::TaskOverride> Client::CreateTaskOverride(
    const v1::CreateTaskOverrideRequest& request) {
  return transport_->Call(Repeat::kOnce, transport_->tasks(),
                          &v1::TaskService::Stub::CreateTaskOverride, request);
}

absl::StatusOr<v1::TaskOverride> Client::GetTaskOverride(absl::string_view name) {
  v1::GetTaskOverrideRequest request;
  request.set_name(std::string(name));
  return transport_->Call(Repeat::kRead, transport_->tasks(),
                          &v1::TaskService::Stub::GetTaskOverride, request);
}

absl::StatusOr<std::vector<v1::TaskOverride>> Client::ListAllTaskOverrides() {
  std::vector<v1::TaskOverride> overrides;
  const absl::Status status = WalkPages(
      v1::ListTaskOverridesRequest(),
      [this](const auto& page) {
        return transport_->Call(Repeat::kRead, transport_->tasks(),
                                &v1::TaskService::Stub::ListTaskOverrides, page);
      },
      [&](v1::ListTaskOverridesResponse reply) {
        AppendAll(overrides, reply.mutable_task_overrides());
        return true;
      });
  if (!status.ok()) return status;
  return overrides;
}

absl::StatusOr<v1::TaskOverride> Client::UpdateTaskOverride(
    const v1::UpdateTaskOverrideRequest& request) {
  return transport_->Call(Repeat::kOnce, transport_->tasks(),
                          &v1::TaskService::Stub::UpdateTaskOverride, request);
}

absl::Status Client::DeleteTaskOverride(const v1::DeleteTaskOverrideRequest& request) {
  return transport_
      ->Call(Repeat::kOnce, transport_->tasks(), &v1::TaskService::Stub::DeleteTaskOverride,
             request)
      .status();
}

absl::StatusOr<std::vector<v1::ParameterSpec>> Client::ListAllParameterSpecs() {
  std::vector<v1::ParameterSpec> specs;
  const absl::Status status = WalkPages(
      v1::ListParameterSpecsRequest(),
      [this](const auto& page) {
        return transport_->Call(Repeat::kRead, transport_->policy(),
                                &v1::PolicyService::Stub::ListParameterSpecs, page);
      },
      [&](v1::ListParameterSpecsResponse reply) {
        AppendAll(specs, reply.mutable_parameter_specs());
        return true;
      });
  if (!status.ok()) return status;
  return specs;
}

absl::StatusOr<v1::Policy> Client::GetPolicy(absl::string_view name) {
  v1::GetPolicyRequest request;
  request.set_name(std::string(name));
  return transport_->Call(Repeat::kRead, transport_->policy(), &v1::PolicyService::Stub::GetPolicy,
                          request);
}

absl::StatusOr<std::vector<v1::Policy>> Client::ListAllPolicies() {
  std::vector<v1::Policy> policies;
  const absl::Status status = WalkPages(
      v1::ListPoliciesRequest(),
      [this](const auto& page) {
        return transport_->Call(Repeat::kRead, transport_->policy(),
                                &v1::PolicyService::Stub::ListPolicies, page);
      },
      [&](v1::ListPoliciesResponse reply) {
        AppendAll(policies, reply.mutable_policies());
        return true;
      });
  if (!status.ok()) return status;
  return policies;
}

absl::StatusOr<v1::Policy> Client::CreatePolicy(const v1::CreatePolicyRequest& request) {
  return transport_->Call(Repeat::kOnce, transport_->policy(),
                          &v1::PolicyService::Stub::CreatePolicy, request);
}

absl::StatusOr<v1::Policy> Client::UpdatePolicy(const v1::UpdatePolicyRequest& request) {
  return transport_->Call(Repeat::kOnce, transport_->policy(),
                          &v1::PolicyService::Stub::UpdatePolicy, request);
}

absl::Status Client::DeletePolicy(const v1::DeletePolicyRequest& request) {
  return transport_
      ->Call(Repeat::kOnce, transport_->policy(), &v1::PolicyService::Stub::DeletePolicy, request)
      .status();
}

absl::StatusOr<v1::Policy> Client::RollbackPolicy(const v1::RollbackPolicyRequest& request) {
  return transport_->Call(Repeat::kOnce, transport_->policy(),
                          &v1::PolicyService::Stub::RollbackPolicy, request);
}

absl::StatusOr<std::vector<v1::PolicyRevision>> Client::ListAllPolicyRevisions(
    absl::string_view policy) {
  v1::ListPolicyRevisionsRequest request;
  request.set_parent(std::string(policy));
  std::vector<v1::PolicyRevision> revisions;
  const absl::Status status = WalkPages(
      std::move(request),
      [this](const auto& page) {
        return transport_->Call(Repeat::kRead, transport_->policy(),
                                &v1::PolicyService::Stub::ListPolicyRevisions, page);
      },
      [&](v1::ListPolicyRevisionsResponse reply) {
        AppendAll(revisions, reply.mutable_policy_revisions());
        return true;
      });
  if (!status.ok()) return status;
  return revisions;
}

}  // namespace schedd::client
