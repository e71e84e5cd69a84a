// SPDX-License-Identifier: Apache-2.0
//
// Policies over a real socket: the whole daemon on a simulated machine, started anew between steps.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "schedd/v1/policy_service.grpc.pb.h"
#include "schedd/v1/task_service.grpc.pb.h"
#include "server/daemon/app.h"
#include "server/sim/sim_host.h"

namespace schedd::daemon {
namespace {

// Asks for a stop once a client is done.
class StopAfter : public StopSignal {
 public:
  explicit StopAfter(std::function<void()> client) : client_(std::move(client)) {}
  bool Wait(absl::Duration timeout) override {
    if (timeout != absl::InfiniteDuration()) return false;
    client_();
    return true;
  }

 private:
  const std::function<void()> client_;
};

class PoliciesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = "/tmp/policies_XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    config_ = *MakeConfig({}, {{"listen", absl::StrCat("unix://", directory_, "/s.sock"), ""},
                               {"kernel", "sim", ""},
                               {"state-dir", directory_, ""}});
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // A daemon from start to end, with a client in between.
  void WithDaemon(std::function<void()> client) {
    bool called = false;
    StopAfter stop([&] {
      const auto channel = grpc::CreateChannel(absl::StrCat("unix:", directory_, "/s.sock"),
                                               grpc::InsecureChannelCredentials());
      policies_ = v1::PolicyService::NewStub(channel);
      tasks_ = v1::TaskService::NewStub(channel);
      client();
      called = true;
    });
    const Log log(LogLevel::kError, [](absl::string_view) {});
    const Outcome outcome = App(config_, PolicyParameters(), &host_, &stop, &log).Run();
    EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
    EXPECT_TRUE(called);
  }

  template <typename Stub, typename Request, typename Reply>
  Reply Call(const std::unique_ptr<Stub>& stub,
             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
             const std::string& text) {
    Request request;
    Reply reply;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const grpc::Status status = (stub.get()->*method)(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << text << ": " << status.error_message();
    return reply;
  }
  v1::Policy Get(const std::string& id) {
    return Call(policies_, &Policies::GetPolicy, absl::StrCat("name: 'policies/", id, "'"));
  }
  auto Revisions(const std::string& id) {
    return Call(policies_, &Policies::ListPolicyRevisions,
                absl::StrCat("parent: 'policies/", id, "'"))
        .policy_revisions();
  }
  // The first task with that name.
  v1::Task Task(const std::string& comm) {
    const auto reply =
        Call(tasks_, &Tasks::ListTasks, absl::StrCat("filter: 'comm = \"", comm, "\"'"));
    return reply.tasks_size() > 0 ? reply.tasks(0) : v1::Task();
  }
  // Until a task is as it should be; the test's own time limit ends it.
  void Await(const std::string& comm, const std::function<bool(const v1::Task&)>& is_so) {
    while (!is_so(Task(comm))) std::this_thread::yield();
  }

  using Policies = v1::PolicyService::Stub;
  using Tasks = v1::TaskService::Stub;

  std::string directory_;
  Config config_;
  SimHost host_{SimHostOptions{}};
  std::unique_ptr<Policies> policies_;
  std::unique_ptr<Tasks> tasks_;
};

constexpr char kCreate[] =
    "policy_id: 'session' policy { selector { cgroup_path: '/user.slice/session-1' } "
    "parameters { base_slice { nanos: 3000000 } min_slice { nanos: 3000000 } "
    "max_slice { nanos: 3000000 } } }";

// Nobody else has slices of exactly 3 ms: those of the default policy depend on who waits.
TEST_F(PoliciesTest, TheTasksOfAControlGroupAreScheduledByItsPolicy) {
  WithDaemon([this] {
    EXPECT_EQ(Task("hog-a").policy(), "policies/default");
    Call(policies_, &Policies::CreatePolicy, kCreate);
    EXPECT_EQ(Task("hog-a").policy(), "policies/session");
    EXPECT_EQ(Task("db-main").policy(), "policies/default");
    for (const char* comm : {"hog-a", "hog-b", "hog-e"}) {
      Await(comm, [](const v1::Task& task) { return task.stats().slice_nanos() == 3'000'000; });
    }
    Await("db-main", [](const v1::Task& task) {
      return task.stats().slice_nanos() > 0 && task.stats().slice_nanos() != 3'000'000;
    });
    Call(policies_, &Policies::DeletePolicy, "name: 'policies/session'");
    EXPECT_EQ(Task("hog-a").policy(), "policies/default");
    Await("hog-a", [](const v1::Task& task) { return task.stats().slice_nanos() != 3'000'000; });
  });
}

TEST_F(PoliciesTest, ARestartAfterEachStepLosesNothing) {
  v1::Policy before;
  const auto is_as_before = [&] {
    const v1::Policy now = Get("session");
    EXPECT_EQ(now.etag(), before.etag());
    EXPECT_EQ(now.generation(), before.generation());
    EXPECT_EQ(now.parameters().SerializeAsString(), before.parameters().SerializeAsString());
    EXPECT_EQ(now.expire_time().SerializeAsString(), before.expire_time().SerializeAsString());
    EXPECT_EQ(now.create_time().SerializeAsString(), before.create_time().SerializeAsString());
    EXPECT_EQ(now.writer(), before.writer());
  };
  WithDaemon([&] { before = Call(policies_, &Policies::CreatePolicy, kCreate); });
  WithDaemon([&] {
    is_as_before();
    Await("hog-a", [](const v1::Task& task) { return task.stats().slice_nanos() == 3'000'000; });
    before = Call(policies_, &Policies::UpdatePolicy,
                  absl::StrCat("policy { name: 'policies/session' etag: '", before.etag(),
                               "' parameters { min_slice { nanos: 2000000 } } } "
                               "ttl { seconds: 3600 } reason: 'trial'"));
  });
  WithDaemon([&] {
    is_as_before();
    EXPECT_TRUE(before.has_expire_time());
    EXPECT_EQ(Revisions("session")[0].reason(), "trial");
    before = Call(policies_, &Policies::RollbackPolicy,
                  absl::StrCat("name: 'policies/session' revision_id: '",
                               Revisions("session")[1].generation(), "'"));
  });
  WithDaemon([&] {
    is_as_before();
    const auto revisions = Revisions("session");
    ASSERT_EQ(revisions.size(), 3);
    EXPECT_EQ(revisions[1].end_cause(), v1::PolicyRevision::END_CAUSE_ROLLED_BACK);
    EXPECT_EQ(revisions[2].end_cause(), v1::PolicyRevision::END_CAUSE_SUPERSEDED);
    Call(policies_, &Policies::DeletePolicy, "name: 'policies/session'");
  });
  WithDaemon([&] {
    EXPECT_EQ(Call(policies_, &Policies::ListPolicies, "").policies_size(), 1);
    EXPECT_EQ(Task("hog-a").policy(), "policies/default");
    // Numbers go on.
    EXPECT_GT(Call(policies_, &Policies::CreatePolicy, kCreate).generation(), before.generation());
  });
}

// Whether it lapses before the daemon ends or while there is none.
TEST_F(PoliciesTest, WhatLapsesWhileTheDaemonIsAwayHasLapsedAtTheStart) {
  v1::Policy baseline;
  WithDaemon([&] {
    baseline = Get("default");
    Call(policies_, &Policies::UpdatePolicy,
         "policy { name: 'policies/default' parameters { base_slice { nanos: 5000000 } } } "
         "ttl { nanos: 1000000 }");
  });
  WithDaemon([&] {
    const v1::Policy now = Get("default");
    EXPECT_EQ(now.parameters().SerializeAsString(), baseline.parameters().SerializeAsString());
    EXPECT_EQ(now.generation(), baseline.generation() + 2);
    EXPECT_FALSE(now.has_expire_time());
    EXPECT_EQ(Revisions("default")[1].end_cause(), v1::PolicyRevision::END_CAUSE_EXPIRED);
  });
}

}  // namespace
}  // namespace schedd::daemon
