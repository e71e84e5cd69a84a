// SPDX-License-Identifier: Apache-2.0
//
// The whole server on a unix socket: real gRPC, real control plane, a kernel that does what the
// test says.
//
// The test's thread is the client. The fake kernel is touched by the control thread too: a test
// changes it only between calls.
#ifndef SCHEDD_TESTS_UNIT_RPC_SERVER_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_RPC_SERVER_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "schedd/v1/policy_service.grpc.pb.h"
#include "schedd/v1/scheduler_service.grpc.pb.h"
#include "schedd/v1/task_service.grpc.pb.h"
#include "server/base/log.h"
#include "server/control/clock.h"
#include "server/control/control.h"
#include "server/control/control_thread.h"
#include "server/rpc/audit.h"
#include "server/rpc/roles.h"
#include "server/rpc/server.h"
#include "tests/unit/control/fake_host.h"
#include "tests/unit/rpc/fake_audit_store.h"

namespace schedd::rpc {

class ServerFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = "/tmp/server_test_XXXXXX";  // short: a socket's path has 107 bytes
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    path_ = directory_ + "/s.sock";
    options_.addresses = {*ParseListenAddress("unix://" + path_)};
    options_.roles = &roles_;
    options_.audit = &audit_;
    control_ = std::make_unique<Control>(&control_thread_, &clock_, &host_, host_.EngineFactory(),
                                         ControlOptions{});
    Start();
  }

  void TearDown() override {
    server_.reset();
    control_.reset();
    control_thread_.Stop();
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  void Start() {
    server_.reset();
    auto server = Server::Start(options_, control_.get(), &clock_, &log_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = Channel();
    scheduler_ = v1::SchedulerService::NewStub(channel_);
    tasks_ = v1::TaskService::NewStub(channel_);
    policies_ = v1::PolicyService::NewStub(channel_);
  }

  std::shared_ptr<grpc::Channel> Channel(const grpc::ChannelArguments& arguments = {}) {
    grpc::ChannelArguments own = arguments;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    return grpc::CreateCustomChannel("unix:" + path_, grpc::InsecureChannelCredentials(), own);
  }

  // A context that gives up rather than hang a test.
  static std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return context;
  }

  void Attach() {
    v1::AttachSchedulerRequest request;
    request.set_name("schedulers/default");
    v1::Scheduler reply;
    const grpc::Status status = scheduler_->AttachScheduler(Context().get(), request, &reply);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  // "NOT_FOUND TASK_NOT_FOUND"; "OK" for success.
  static std::string CodeAndReason(const grpc::Status& status) {
    if (status.ok()) return "OK";
    google::rpc::Status details;
    details.ParseFromString(status.error_details());
    EXPECT_EQ(details.code(), status.error_code());
    EXPECT_EQ(details.message(), status.error_message());
    google::rpc::ErrorInfo info;
    for (const auto& detail : details.details()) {
      if (!detail.UnpackTo(&info)) continue;
      EXPECT_EQ(info.domain(), "schedd");
    }
    return absl::StrCat(
        absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code())), " ",
        info.reason());
  }

  std::string directory_;
  std::string path_;
  ManualClock kernel_clock_;
  FakeHost host_{&kernel_clock_};
  std::string LastLine() {
    absl::MutexLock lock(&lines_mutex_);
    return lines_.empty() ? "" : lines_.back();
  }

  absl::Mutex lines_mutex_;  // each call writes its own
  std::vector<std::string> lines_ ABSL_GUARDED_BY(lines_mutex_);
  const Log log_{LogLevel::kInfo, [this](absl::string_view line) {
                   absl::MutexLock lock(&lines_mutex_);
                   lines_.emplace_back(line);
                 }};
  SystemClock clock_;
  RoleBook roles_{DefaultRoles()};
  FakeAuditStore audit_store_;
  AuditTrail audit_{&audit_store_, &clock_, &log_};
  ControlThread control_thread_;
  std::unique_ptr<Control> control_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::SchedulerService::Stub> scheduler_;
  std::unique_ptr<v1::TaskService::Stub> tasks_;
  std::unique_ptr<v1::PolicyService::Stub> policies_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_TESTS_UNIT_RPC_SERVER_FIXTURE_H_
