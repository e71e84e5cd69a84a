// SPDX-License-Identifier: Apache-2.0
//
// The services over real gRPC: what each call gives, and each error's code, reason and sentence.
#include "server/rpc/server.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "server/control/parameter_specs.h"
#include "tests/unit/rpc/server_fixture.h"

namespace schedd::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

class ServerTest : public ServerFixture {
 protected:
  // Calls METHOD of a stub with a request in text; the reply in `reply`.
  template <typename Stub, typename Request, typename Reply>
  grpc::Status Call(Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                    const std::string& request, Reply* reply) {
    return (stub.*method)(Context().get(), Parse<Request>(request), reply);
  }

  template <typename Stub, typename Request, typename Reply>
  Reply Get(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
            const std::string& request) {
    Reply reply;
    const grpc::Status status = Call(stub, method, request, &reply);
    EXPECT_TRUE(status.ok()) << CodeAndReason(status) << ": " << status.error_message();
    return reply;
  }

  template <typename Stub, typename Request, typename Reply>
  void Refused(Stub& stub,
               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
               const std::string& request, const std::string& code_and_reason,
               const std::string& says) {
    Reply reply;
    const grpc::Status status = Call(stub, method, request, &reply);
    EXPECT_EQ(CodeAndReason(status), code_and_reason) << request << ": " << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(says)) << request;
  }
};

using Schedulers = v1::SchedulerService::Stub;
using Tasks = v1::TaskService::Stub;
using Policies = v1::PolicyService::Stub;

constexpr char kScheduler[] = "name: 'schedulers/default'";

// --- what calls give ---

TEST_F(ServerTest, SchedulerAttachesAndDetaches) {
  EXPECT_EQ(Get(*scheduler_, &Schedulers::GetScheduler, kScheduler).state(),
            v1::Scheduler::STATE_DETACHED);
  const v1::Scheduler attached = Get(*scheduler_, &Schedulers::AttachScheduler, kScheduler);
  EXPECT_EQ(attached.state(), v1::Scheduler::STATE_ATTACHED);
  EXPECT_EQ(attached.attach_count(), 1);
  EXPECT_TRUE(attached.has_counters());
  EXPECT_EQ(Get(*scheduler_, &Schedulers::DetachScheduler, kScheduler).state(),
            v1::Scheduler::STATE_DETACHED);
}

TEST_F(ServerTest, ValidateOnlyDoesNotAttach) {
  const auto reply = Get(*scheduler_, &Schedulers::AttachScheduler,
                         absl::StrCat(kScheduler, " validate_only: true"));
  EXPECT_EQ(reply.state(), v1::Scheduler::STATE_DETACHED);
  EXPECT_THAT(host_.events, ::testing::Contains("load"));
  EXPECT_THAT(host_.events, Not(::testing::Contains("attach")));
}

TEST_F(ServerTest, TasksAreListedPageByPage) {
  Attach();
  for (uint32_t i = 0; i < 5; ++i) {
    host_.kernel->PutTask(i, {.tid = 10 + static_cast<int32_t>(i), .comm = "t"});
  }
  std::vector<int> tids;
  std::string token;
  int pages = 0;
  do {
    const auto reply =
        Get(*tasks_, &Tasks::ListTasks, absl::StrCat("page_size: 2 page_token: '", token, "'"));
    EXPECT_LE(reply.tasks_size(), 2);
    for (const v1::Task& task : reply.tasks()) tids.push_back(task.tid());
    token = reply.next_page_token();
    ++pages;
  } while (!token.empty() && pages < 10);
  EXPECT_THAT(tids, ::testing::ElementsAre(10, 11, 12, 13, 14));
  EXPECT_EQ(pages, 3);
}

TEST_F(ServerTest, ListFiltersOrdersAndTrims) {
  Attach();
  host_.kernel->PutTask(0, {.tid = 10, .comm = "a"});
  host_.kernel->PutTask(1, {.tid = 11, .comm = "b"});
  host_.kernel->PutTask(2, {.tid = 12, .comm = "b"});
  const auto reply =
      Get(*tasks_, &Tasks::ListTasks,
          "filter: 'comm = b' order_by: 'tid desc' read_mask { paths: 'tid' paths: 'comm' }");
  ASSERT_EQ(reply.tasks_size(), 2);
  EXPECT_EQ(reply.tasks(0).ShortDebugString(), "tid: 12 comm: \"b\"");
  EXPECT_EQ(reply.tasks(1).ShortDebugString(), "tid: 11 comm: \"b\"");
}

TEST_F(ServerTest, TaskIsFoundByItsName) {
  Attach();
  host_.kernel->PutTask(0, {.tid = 10, .start_ns = 77, .comm = "a"});
  EXPECT_EQ(Get(*tasks_, &Tasks::GetTask, "name: 'tasks/10-77'").comm(), "a");
}

TEST_F(ServerTest, ParametersAreDescribedPageByPage) {
  const auto first = Get(*policies_, &Policies::ListParameterSpecs, "page_size: 4");
  EXPECT_EQ(first.parameter_specs_size(), 4);
  const auto rest = Get(*policies_, &Policies::ListParameterSpecs,
                        absl::StrCat("page_token: '", first.next_page_token(), "'"));
  EXPECT_EQ(rest.parameter_specs_size(), static_cast<int>(ParameterSpecs().size()) - 4);
  EXPECT_EQ(rest.next_page_token(), "");
}

TEST_F(ServerTest, PolicyIsChangedAndInForceWhenTheReplyComes) {
  Attach();
  const v1::Policy before = Get(*policies_, &Policies::GetPolicy, "name: 'policies/default'");
  const v1::Policy after =
      Get(*policies_, &Policies::UpdatePolicy,
          absl::StrCat("policy { name: 'policies/default' etag: '", before.etag(),
                       "' parameters { base_slice { nanos: 5000000 } } }"));
  EXPECT_GT(after.generation(), before.generation());
  EXPECT_GE(after.applied_generation(), after.generation());
  EXPECT_EQ(after.parameters().base_slice().nanos(), 5'000'000);
  EXPECT_NE(after.etag(), before.etag());
  EXPECT_EQ(host_.engine->parameters.base_slice_ns, 5'000'000);
}

TEST_F(ServerTest, OverrideLivesFromCreationToDeletion) {
  Attach();
  const v1::TaskOverride made = Get(*tasks_, &Tasks::CreateTaskOverride,
                                    "task_override_id: 'x' task_override { selector { comm: 'a' } "
                                    "weight: 400 ttl { seconds: 60 } }");
  EXPECT_EQ(made.name(), "taskOverrides/x");
  EXPECT_TRUE(made.has_expire_time());
  EXPECT_EQ(Get(*tasks_, &Tasks::GetTaskOverride, "name: 'taskOverrides/x'").weight(), 400);
  const v1::TaskOverride changed =
      Get(*tasks_, &Tasks::UpdateTaskOverride,
          "task_override { name: 'taskOverrides/x' weight: 50 } update_mask { paths: 'weight' }");
  EXPECT_EQ(changed.weight(), 50);
  EXPECT_TRUE(changed.has_expire_time()) << "not in the mask";
  EXPECT_EQ(Get(*tasks_, &Tasks::ListTaskOverrides, "").task_overrides_size(), 1);
  Get(*tasks_, &Tasks::DeleteTaskOverride, "name: 'taskOverrides/x'");
  EXPECT_EQ(Get(*tasks_, &Tasks::ListTaskOverrides, "").task_overrides_size(), 0);
}

// --- errors: what the client sent ---

TEST_F(ServerTest, WrongSchedulerNames) {
  for (const auto& [request, want] :
       {std::pair("", "INVALID_ARGUMENT INVALID_NAME"),
        std::pair("name: 'schedulers/x'", "NOT_FOUND SCHEDULER_NOT_FOUND")}) {
    const std::string says = "use \"schedulers/default\"";
    Refused(*scheduler_, &Schedulers::GetScheduler, request, want, says);
    Refused(*scheduler_, &Schedulers::AttachScheduler, request, want, says);
    Refused(*scheduler_, &Schedulers::DetachScheduler, request, want, says);
  }
  EXPECT_TRUE(host_.events.empty());
}

TEST_F(ServerTest, WrongPolicyRequests) {
  Attach();
  const auto update = &Policies::UpdatePolicy;
  const std::string policy = "policy { name: 'policies/default' ";
  Refused(*policies_, &Policies::GetPolicy, "name: 'policies/x'", "NOT_FOUND POLICY_NOT_FOUND",
          "policies/default");
  Refused(*policies_, update, policy + "parameters { base_slice { seconds: 9 } } }",
          "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "100us to 100ms");
  Refused(*policies_, update, policy + "parameters { dispatch_batch_count: 0 } }",
          "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "dispatch_batch_count");
  Refused(*policies_, update,
          policy + "parameters { min_slice { nanos: 9000000 } base_slice { nanos: 5000000 } } }",
          "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "min_slice");
  Refused(*policies_, update, policy + "} update_mask { paths: 'parameters.base_slize' }",
          "INVALID_ARGUMENT UNKNOWN_PARAMETER", "base_slice");
  Refused(*policies_, update, policy + "etag: 'old' parameters { base_slice { nanos: 5000000 } } }",
          "ABORTED ETAG_MISMATCH", "read it again");
  Refused(*policies_, &Policies::ListParameterSpecs, "page_size: -1",
          "INVALID_ARGUMENT INVALID_PAGE_SIZE", "-1");
  Refused(*policies_, &Policies::ListParameterSpecs, "page_token: 'x'",
          "INVALID_ARGUMENT INVALID_PAGE_TOKEN", "page_token");
  EXPECT_EQ(host_.engine->parameters, PolicyParameters()) << "a refusal changed something";
}

TEST_F(ServerTest, WrongTaskRequests) {
  Attach();
  const auto list = &Tasks::ListTasks;
  Refused(*tasks_, &Tasks::GetTask, "name: 'nginx'", "INVALID_ARGUMENT INVALID_NAME", "nginx");
  Refused(*tasks_, &Tasks::GetTask, "name: 'tasks/1-1'", "NOT_FOUND TASK_NOT_FOUND", "tasks/1-1");
  Refused(*tasks_, list, "filter: 'comm ='", "INVALID_ARGUMENT INVALID_FILTER", "");
  Refused(*tasks_, list, "filter: 'size = 1'", "INVALID_ARGUMENT INVALID_FILTER", "size");
  Refused(*tasks_, list, "order_by: 'size'", "INVALID_ARGUMENT INVALID_ORDER", "size");
  Refused(*tasks_, list, "page_size: -1", "INVALID_ARGUMENT INVALID_PAGE_SIZE", "-1");
  Refused(*tasks_, list, "page_token: 'x'", "INVALID_ARGUMENT INVALID_PAGE_TOKEN", "page_token");
  Refused(*tasks_, list, "read_mask { paths: 'size' }", "INVALID_ARGUMENT UNKNOWN_FIELD", "size");
}

// What is wrong with a request is said whether or not the scheduler is attached.
TEST_F(ServerTest, WrongRequestComesBeforeDetached) {
  Refused(*tasks_, &Tasks::ListTasks, "filter: 'comm ='", "INVALID_ARGUMENT INVALID_FILTER", "");
  Refused(*tasks_, &Tasks::ListTasks, "read_mask { paths: 'size' }",
          "INVALID_ARGUMENT UNKNOWN_FIELD", "");
  Refused(*tasks_, &Tasks::ListTasks, "", "FAILED_PRECONDITION SCHEDULER_DETACHED", "attach");
}

TEST_F(ServerTest, WrongOverrides) {
  Attach();
  const auto create = &Tasks::CreateTaskOverride;
  const auto with = [](const std::string& rest) {
    return "task_override { selector { comm: 'a' } " + rest + " }";
  };
  Refused(*tasks_, create, with("weight: 0"), "INVALID_ARGUMENT INVALID_OVERRIDE", "weight");
  Refused(*tasks_, create, with("weight: 10001"), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
          "1 to 10000");
  Refused(*tasks_, create, with("weight: -1"), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
          "1 to 10000");
  Refused(*tasks_, create, with("weight: 5 ttl { seconds: -1 }"),
          "INVALID_ARGUMENT INVALID_EXPIRATION", "ttl");
  Refused(*tasks_, create, with("weight: 5 expire_time { seconds: 1 }"),
          "INVALID_ARGUMENT INVALID_EXPIRATION", "expire_time");
  Refused(*tasks_, create, "task_override { weight: 5 }", "INVALID_ARGUMENT INVALID_SELECTOR",
          "selector");
  Refused(*tasks_, create, with("weight: 5") + " task_override_id: 'Not Good'",
          "INVALID_ARGUMENT INVALID_NAME", "Not Good");
  Refused(*tasks_, &Tasks::GetTaskOverride, "name: 'taskOverrides/x'",
          "NOT_FOUND OVERRIDE_NOT_FOUND", "taskOverrides/x");
  Refused(*tasks_, &Tasks::DeleteTaskOverride, "name: 'taskOverrides/x'",
          "NOT_FOUND OVERRIDE_NOT_FOUND", "taskOverrides/x");
  Get(*tasks_, create, with("weight: 5") + " task_override_id: 'x'");
  Refused(*tasks_, create, with("weight: 5") + " task_override_id: 'x'",
          "ALREADY_EXISTS OVERRIDE_EXISTS", "taskOverrides/x");
  Refused(*tasks_, &Tasks::UpdateTaskOverride,
          "task_override { name: 'taskOverrides/x' weight: 6 etag: 'old' }",
          "ABORTED ETAG_MISMATCH", "read it again");
  Refused(*tasks_, &Tasks::DeleteTaskOverride, "name: 'taskOverrides/x' etag: 'old'",
          "ABORTED ETAG_MISMATCH", "read it again");
  Refused(*tasks_, &Tasks::UpdateTaskOverride,
          "task_override { name: 'taskOverrides/x' } update_mask { paths: 'size' }",
          "INVALID_ARGUMENT UNKNOWN_FIELD", "size");
  EXPECT_EQ(Get(*tasks_, &Tasks::GetTaskOverride, "name: 'taskOverrides/x'").weight(), 5);
}

// --- errors: what the kernel says ---

TEST_F(ServerTest, AnotherSchedulerIsNamed) {
  host_.state.attachment = KernelState::Attachment::kForeign;
  host_.state.ops_name = "scx_other";
  Refused(*scheduler_, &Schedulers::AttachScheduler, kScheduler,
          "FAILED_PRECONDITION SCHEDULER_BUSY", "scx_other");
  EXPECT_EQ(Get(*scheduler_, &Schedulers::GetScheduler, kScheduler).state(),
            v1::Scheduler::STATE_FOREIGN);
}

TEST_F(ServerTest, WhatTheHostRefusesHasItsReason) {
  const auto attach = &Schedulers::AttachScheduler;
  host_.load_status = absl::PermissionDeniedError("not root");
  Refused(*scheduler_, attach, kScheduler, "PERMISSION_DENIED PRIVILEGE_MISSING", "not root");
  host_.load_status = absl::UnimplementedError("no sched_ext");
  Refused(*scheduler_, attach, kScheduler, "UNIMPLEMENTED SCHED_EXT_UNSUPPORTED", "no sched_ext");
  host_.load_status = absl::InternalError("last lines of the verifier");
  Refused(*scheduler_, attach, kScheduler, "INTERNAL VERIFIER_REJECTED", "last lines");
  EXPECT_EQ(Get(*scheduler_, &Schedulers::GetScheduler, kScheduler).state(),
            v1::Scheduler::STATE_DETACHED);
}

TEST_F(ServerTest, RefusedChangesLeaveATraceInTheLog) {
  Refused(*policies_, &Policies::UpdatePolicy,
          "policy { name: 'policies/default' parameters { base_slice { seconds: 9 } } }",
          "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "");
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0], HasSubstr(absl::StrCat(
                             "refused method=/schedd.v1.PolicyService/UpdatePolicy who=\"uid:",
                             geteuid(), " pid:", getpid(), "\"")));
  EXPECT_THAT(lines_[0], HasSubstr("code=INVALID_ARGUMENT reason=PARAMETER_OUT_OF_RANGE"));
}

// --- the server itself ---

TEST_F(ServerTest, SocketIsForItsOwnerAndGroup) {
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777, 0660u);
  const mode_t mask = umask(0);
  umask(mask);
  EXPECT_NE(mask, 0117u) << "the umask was not put back";
}

TEST_F(ServerTest, SocketIsGoneAfterwards) {
  server_.reset();
  struct stat info;
  EXPECT_NE(stat(path_.c_str(), &info), 0);
}

TEST_F(ServerTest, SecondServerIsRefusedAndTheFirstLivesOn) {
  const auto second = Server::Start(options_, control_.get(), &clock_, &log_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Get(*scheduler_, &Schedulers::GetScheduler, kScheduler).name(), "schedulers/default");
}

TEST_F(ServerTest, TcpPortIsChosenSaidAndNotShared) {
  server_.reset();
  options_.addresses.push_back(*ParseListenAddress("127.0.0.1:0"));
  Start();
  ASSERT_EQ(server_->addresses().size(), 2u);
  const std::string tcp = server_->addresses()[1];
  EXPECT_THAT(tcp, Not(HasSubstr(":0")));
  auto stub =
      v1::SchedulerService::NewStub(grpc::CreateChannel(tcp, grpc::InsecureChannelCredentials()));
  EXPECT_EQ(Get(*stub, &Schedulers::GetScheduler, kScheduler).name(), "schedulers/default");

  ServerOptions same = options_;
  same.addresses = {*ParseListenAddress(tcp)};
  EXPECT_EQ(Server::Start(same, control_.get(), &clock_, &log_).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(ServerTest, RequestThatIsTooLargeIsRefused) {
  v1::ListTasksRequest request;
  request.set_filter(std::string(2 << 20, 'x'));
  v1::ListTasksResponse reply;
  EXPECT_EQ(tasks_->ListTasks(Context().get(), request, &reply).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ServerTest, CallsAfterTheControlPlaneEndedSayDraining) {
  ASSERT_TRUE(control_->Shutdown().ok());
  Refused(*policies_, &Policies::GetPolicy, "name: 'policies/default'", "UNAVAILABLE DRAINING", "");
}

}  // namespace
}  // namespace schedd::rpc
