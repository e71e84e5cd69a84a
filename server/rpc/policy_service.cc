// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/server_context.h>

#include <memory>

#include "schedd/v1/policy_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"

namespace schedd::rpc {
namespace {

class PolicyServiceImpl final : public v1::PolicyService::Service {
 public:
  explicit PolicyServiceImpl(const ServiceContext& context) : context_(context) {}

  grpc::Status ListParameterSpecs(grpc::ServerContext*,
                                  const v1::ListParameterSpecsRequest* request,
                                  v1::ListParameterSpecsResponse* reply) override {
    const absl::StatusOr<ParameterSpecPage> page =
        schedd::ListParameterSpecs(request->page_size(), request->page_token());
    if (!page.ok()) return ToGrpcStatus(page.status());
    for (const ParameterSpec& spec : page->specs) *reply->add_parameter_specs() = ToProto(spec);
    reply->set_next_page_token(page->next_page_token);
    return grpc::Status::OK;
  }

  grpc::Status GetPolicy(grpc::ServerContext*, const v1::GetPolicyRequest* request,
                         v1::Policy* reply) override {
    return Reply(context_.control->GetPolicy(request->name()), reply);
  }

  grpc::Status UpdatePolicy(grpc::ServerContext* call, const v1::UpdatePolicyRequest* request,
                            v1::Policy* reply) override {
    return ReplyToChange(*context_.log, "UpdatePolicy", *call,
                         context_.control->UpdatePolicy(FromProto(*request)), reply);
  }

 private:
  const ServiceContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePolicyService(const ServiceContext& context) {
  return std::make_unique<PolicyServiceImpl>(context);
}

}  // namespace schedd::rpc
