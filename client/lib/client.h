// SPDX-License-Identifier: Apache-2.0
//
// A typed client of schedd: one method for each call of the API.
//
//     auto client = schedd::client::Client::Connect("");  // SCHEDD_ENDPOINT, else the default
//     socket if (!client.ok()) return client.status(); auto policy = (*client)->GetPolicy();
//
// Owns its connection, which is made at the first call and made again when it broke. Thread-safe:
// any thread may call, several at a time. A call blocks its thread until the answer, an error or
// the deadline; a stream blocks until it ends. Nothing throws. Errors are the daemon's code and
// sentence with the details of client/lib/errors.h as payloads; UNAVAILABLE without a reason means
// that the daemon could not be reached. Reads are tried again when the daemon cannot be reached (a
// restart); calls that change something are sent once.
#ifndef SCHEDD_CLIENT_LIB_CLIENT_H_
#define SCHEDD_CLIENT_LIB_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/tls_options.h"
#include "schedd/v1/policy_service.pb.h"
#include "schedd/v1/scheduler_service.pb.h"
#include "schedd/v1/task_service.pb.h"

namespace schedd::client {

// The names of what exists once.
inline constexpr char kDefaultScheduler[] = "schedulers/default";
inline constexpr char kDefaultPolicy[] = "policies/default";

// How calls are made.
struct ClientOptions {
  // Longest wait for the answer of one call (of one page of a list). Streams have no limit.
  absl::Duration deadline = absl::Seconds(10);
  // How often a read is sent at most when the daemon cannot be reached.
  int read_attempts = 3;
  // Pause before the second attempt; doubles with each further one.
  absl::Duration retry_pause = absl::Milliseconds(100);
  // For endpoints on TCP. What is not set comes from SCHEDD_TLS_CERT and the like.
  TlsOptions tls = {};
};

class Client {
 public:
  // Receives one message of a stream; returns false to end the stream.
  template <typename Message>
  using Receiver = std::function<bool(const Message&)>;

  // Checks the endpoint (empty: SCHEDD_ENDPOINT, else the default socket) and prepares; nothing is
  // sent yet. INVALID_ARGUMENT when it cannot be an endpoint, or options.tls cannot be used.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(absl::string_view endpoint,
                                                         ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The endpoint as it was written.
  const std::string& endpoint() const;

  // --- scheduler; an empty name in a request means schedulers/default ---
  absl::StatusOr<v1::Scheduler> GetScheduler();
  absl::StatusOr<v1::Scheduler> AttachScheduler(v1::AttachSchedulerRequest request);
  absl::StatusOr<v1::Scheduler> DetachScheduler(v1::DetachSchedulerRequest request);
  // One page, newest first.
  absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(
      const v1::ListAuditEntriesRequest& request);
  // The newest `limit` entries (0: no limit) for which `wanted` holds, newest first.
  absl::StatusOr<std::vector<v1::AuditEntry>> ListAllAuditEntries(
      int limit = 0, const std::function<bool(const v1::AuditEntry&)>& wanted = {});
  // A stream ends with OK when the receiver returns false or `stop` is requested, else with the
  // daemon's error.
  // `resume_after` not 0: goes on after the event of that number; OUT_OF_RANGE SEQUENCE_COMPACTED
  // when it is not known any more.
  absl::Status WatchScheduler(const Receiver<v1::WatchSchedulerResponse>& receiver,
                              std::stop_token stop = {}, int64_t resume_after = 0);

  // --- tasks ---
  absl::StatusOr<v1::Task> GetTask(absl::string_view name);
  // One page.
  absl::StatusOr<v1::ListTasksResponse> ListTasks(const v1::ListTasksRequest& request);
  // All pages, or as many as hold the first `limit` tasks (0: no limit).
  absl::StatusOr<std::vector<v1::Task>> ListAllTasks(v1::ListTasksRequest request, int limit = 0);
  absl::Status WatchTasks(const v1::WatchTasksRequest& request,
                          const Receiver<v1::WatchTasksResponse>& receiver,
                          std::stop_token stop = {});

  absl::StatusOr<v1::TaskOverride> CreateTaskOverride(const v1::CreateTaskOverrideRequest& request);
  absl::StatusOr<v1::TaskOverride> GetTaskOverride(absl::string_view name);
  absl::StatusOr<std::vector<v1::TaskOverride>> ListAllTaskOverrides();
  absl::StatusOr<v1::TaskOverride> UpdateTaskOverride(const v1::UpdateTaskOverrideRequest& request);
  absl::Status DeleteTaskOverride(const v1::DeleteTaskOverrideRequest& request);

  // --- policy ---
  absl::StatusOr<std::vector<v1::ParameterSpec>> ListAllParameterSpecs();
  absl::StatusOr<v1::Policy> GetPolicy(absl::string_view name = kDefaultPolicy);
  // Most specific selector first.
  absl::StatusOr<std::vector<v1::Policy>> ListAllPolicies();
  absl::StatusOr<v1::Policy> CreatePolicy(const v1::CreatePolicyRequest& request);
  absl::StatusOr<v1::Policy> UpdatePolicy(const v1::UpdatePolicyRequest& request);
  absl::Status DeletePolicy(const v1::DeletePolicyRequest& request);
  absl::StatusOr<v1::Policy> RollbackPolicy(const v1::RollbackPolicyRequest& request);
  // Those of one policy, newest first.
  absl::StatusOr<std::vector<v1::PolicyRevision>> ListAllPolicyRevisions(
      absl::string_view policy = kDefaultPolicy);

 private:
  // The connection and the stubs: keeps gRPC out of this header.
  class Transport;

  explicit Client(std::unique_ptr<Transport> transport);

  std::unique_ptr<Transport> transport_;
};

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_LIB_CLIENT_H_
