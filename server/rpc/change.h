// SPDX-License-Identifier: Apache-2.0
//
// How a call that changes something is answered: once for each request_id, and with who asks for
// it.
//
// Pure but for the request IDs; any thread. Fails with what the change says, or
// request_ids.h.
#ifndef SCHEDD_RPC_CHANGE_H_
#define SCHEDD_RPC_CHANGE_H_

#include <google/protobuf/empty.pb.h>
#include <grpcpp/server_context.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/control/policy_info.h"
#include "server/rpc/caller.h"
#include "server/rpc/reply.h"
#include "server/rpc/request_ids.h"
#include "server/rpc/services.h"

namespace schedd::rpc {

inline ChangeContext ChangeContextOf(const grpc::ServerContext& call, const std::string& reason) {
  return {.writer = CallerName(call),
          .may_leave_safe_range = MayLeaveSafeRange(call),
          .reason = reason};
}

template <typename Info, typename Message>
absl::Status FillReply(const absl::StatusOr<Info>& result, Message* reply) {
  if (result.ok()) *reply = ToProto(*result);
  return result.status();
}

inline absl::Status FillReply(const absl::Status& result, google::protobuf::Empty* /*reply*/) {
  return result;
}

// Checks of a request change nothing, so they need not be remembered.
template <typename Request>
bool IsCheck(const Request& request) {
  if constexpr (requires { request.validate_only(); }) return request.validate_only();
  return false;
}

// `work` gives the result of the control plane.
template <typename Request, typename Message, typename Work>
grpc::Status AnswerChange(const ServiceContext& context, absl::string_view method,
                          const grpc::ServerContext& call, const Request& request, Message* reply,
                          Work work) {
  absl::Status status;
  if (request.request_id().empty()) {
    status = FillReply(work(), reply);
  } else {
    const absl::StatusOr<std::string> answer = context.request_ids->Run(
        request.request_id(),
        // The same of another caller is another request: its answer is no business of theirs.
        absl::StrCat(method, " ", CallerAccount(call), " ", request.SerializeAsString()),
        IsCheck(request), [&]() -> absl::StatusOr<std::string> {
          if (absl::Status made = FillReply(work(), reply); !made.ok()) return made;
          return reply->SerializeAsString();
        });
    status = answer.status();
    if (answer.ok()) reply->ParseFromString(*answer);
  }
  return ToGrpcStatus(status);
}

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_CHANGE_H_
