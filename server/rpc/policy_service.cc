// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/server_context.h>

#include <memory>

#include "server/control/safe_ranges.h"
#include "server/rpc/change.h"
#include "server/rpc/reply.h"
#include "server/rpc/service_types.h"

namespace schedd::rpc {
namespace {

class PolicyServiceImpl final : public PolicyServiceBase {
 public:
  explicit PolicyServiceImpl(const ServiceContext& context) : context_(context) {}

  grpc::Status ListParameterSpecs(grpc::ServerContext*,
                                  const v1::ListParameterSpecsRequest* request,
                                  v1::ListParameterSpecsResponse* reply) override {
    const absl::StatusOr<ParameterSpecPage> page =
        schedd::ListParameterSpecs(request->page_size(), request->page_token());
    if (!page.ok()) return ToGrpcStatus(page.status());
    for (const ParameterSpec& spec : page->specs) {
      *reply->add_parameter_specs() =
          ToProto(spec, SafeRangeOf(spec, context_.control->safe_ranges()));
    }
    reply->set_next_page_token(page->next_page_token);
    return grpc::Status::OK;
  }

  grpc::Status GetPolicy(grpc::ServerContext*, const v1::GetPolicyRequest* request,
                         v1::Policy* reply) override {
    return Reply(context_.control->GetPolicy(request->name()), reply);
  }

  grpc::Status ListPolicies(grpc::ServerContext*, const v1::ListPoliciesRequest* request,
                            v1::ListPoliciesResponse* reply) override {
    const absl::StatusOr<PolicyPage> page =
        context_.control->ListPolicies(request->page_size(), request->page_token());
    if (!page.ok()) return ToGrpcStatus(page.status());
    for (const PolicyInfo& info : page->policies) *reply->add_policies() = ToProto(info);
    reply->set_next_page_token(page->next_page_token);
    return grpc::Status::OK;
  }

  grpc::Status ListPolicyRevisions(grpc::ServerContext*,
                                   const v1::ListPolicyRevisionsRequest* request,
                                   v1::ListPolicyRevisionsResponse* reply) override {
    const absl::StatusOr<RevisionPage> page = context_.control->ListPolicyRevisions(
        request->parent(), request->page_size(), request->page_token());
    if (!page.ok()) return ToGrpcStatus(page.status());
    for (const RevisionInfo& info : page->revisions) {
      *reply->add_policy_revisions() = ToProto(info);
    }
    reply->set_next_page_token(page->next_page_token);
    return grpc::Status::OK;
  }

  grpc::Status CreatePolicy(grpc::ServerContext* call, const v1::CreatePolicyRequest* request,
                            v1::Policy* reply) override {
    return AnswerChange(context_, "CreatePolicy", *call, *request, reply, [&] {
      return context_.control->CreatePolicy(
          FromProto(*request, ChangeContextOf(*call, request->reason())));
    });
  }

  grpc::Status UpdatePolicy(grpc::ServerContext* call, const v1::UpdatePolicyRequest* request,
                            v1::Policy* reply) override {
    return AnswerChange(context_, "UpdatePolicy", *call, *request, reply, [&] {
      return context_.control->UpdatePolicy(
          FromProto(*request, ChangeContextOf(*call, request->reason())));
    });
  }

  grpc::Status DeletePolicy(grpc::ServerContext* call, const v1::DeletePolicyRequest* request,
                            google::protobuf::Empty* reply) override {
    return AnswerChange(context_, "DeletePolicy", *call, *request, reply, [&] {
      return context_.control->DeletePolicy(
          FromProto(*request, ChangeContextOf(*call, request->reason())));
    });
  }

  grpc::Status RollbackPolicy(grpc::ServerContext* call, const v1::RollbackPolicyRequest* request,
                              v1::Policy* reply) override {
    return AnswerChange(context_, "RollbackPolicy", *call, *request, reply, [&] {
      return context_.control->RollbackPolicy(
          FromProto(*request, ChangeContextOf(*call, request->reason())));
    });
  }

 private:
  const ServiceContext context_;
};

}  // namespace

std::unique_ptr<PolicyServiceBase> MakePolicyService(const ServiceContext& context) {
  return std::make_unique<PolicyServiceImpl>(context);
}

}  // namespace schedd::rpc
