// SPDX-License-Identifier: Apache-2.0
//
// Who a caller is taken for: on a unix socket, on TCP without and with certificates, good and bad.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel_posix.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "google/rpc/error_details.pb.h"
#include "tests/unit/rpc/identity_fixture.h"
#include "tests/unit/rpc/unix_client.h"

namespace schedd::rpc {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class IdentityTest : public IdentityFixture {
 protected:
  // "OK", or the code and reason, of a call that needs no role but viewer's. "no connection" when
  // there is none.
  static std::string Read(const std::shared_ptr<grpc::Channel>& channel) {
    const grpc::Status status = CallEmpty(channel, kRead);
    const bool own = status.ok() || !status.error_details().empty();
    return own || status.error_code() != grpc::StatusCode::UNAVAILABLE ? CodeAndReason(status)
                                                                       : "no connection";
  }

  // Who made the newest call that changes something, as the audit log has it.
  std::string CalledBy(const std::shared_ptr<grpc::Channel>& channel) {
    (void)CallEmpty(channel, kChange);
    EXPECT_FALSE(audit_store_.entries.empty());
    return audit_store_.entries.empty() ? "" : audit_store_.entries.back().principal;
  }

  void Grant(const std::string& principal, Role role = Role::kViewer) {
    RoleTable table;
    table.Grant(principal, role);
    roles_.Set(std::move(table));
  }

  static constexpr char kDenied[] = "PERMISSION_DENIED ROLE_NOT_ALLOWED";
};

// --- unix socket ---

TEST_F(IdentityTest, UsersAndGroupsHaveTheirRoles) {
  Grant("uid:4000000001");
  EXPECT_EQ(Read(channel_), kDenied);
  Grant(absl::StrCat("uid:", geteuid()));
  EXPECT_EQ(Read(channel_), "OK");
  Grant(absl::StrCat("gid:", getegid()));
  EXPECT_EQ(Read(channel_), "OK");
  Grant("local");
  EXPECT_EQ(Read(channel_), "OK");
  Grant("anonymous");
  EXPECT_EQ(Read(channel_), kDenied);
}

TEST_F(IdentityTest, ARefusalSaysWhoNeedsWhatAndWhatToDo) {
  Grant("local");
  const grpc::Status status = CallEmpty(channel_, kChange);
  EXPECT_EQ(CodeAndReason(status), kDenied);
  EXPECT_THAT(
      status.error_message(),
      AllOf(HasSubstr(absl::StrCat("uid:", geteuid(), " pid:", getpid(), " has viewer")),
            HasSubstr("DetachScheduler needs operator or admin"), HasSubstr("--roles-file")));
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.metadata().at("principal"), absl::StrCat("uid:", geteuid()));
  EXPECT_EQ(info.metadata().at("needed_role"), "operator or admin");
  EXPECT_EQ(info.metadata().at("method"), kChange);
}

TEST_F(IdentityTest, ACallerIsNamedByUserAndProcess) {
  EXPECT_EQ(CalledBy(channel_), absl::StrCat("uid:", geteuid(), " pid:", getpid()));
}

// Its number may be another process's by now.
TEST_F(IdentityTest, AConnectionOfAProcessThatEndedIsNotTakenForALivingOnes) {
  ConnectionOfTheDead dead = ConnectAndDie(path_);
  const int fd = fcntl(dead.fd.get(), F_DUPFD_CLOEXEC, 0);
  ASSERT_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  const auto channel = grpc::CreateInsecureChannelFromFd("unix:x", fd);
  EXPECT_EQ(CalledBy(channel), absl::StrCat("uid:", geteuid(), " pid:", dead.pid, "(ended)"));
}

// One connection after the other gets the same file descriptor in the server.
TEST_F(IdentityTest, EachConnectionIsItsOwn) {
  for (int i = 0; i < 20; ++i) {
    ConnectionOfTheDead dead = ConnectAndDie(path_);
    const int fd = fcntl(dead.fd.get(), F_DUPFD_CLOEXEC, 0);
    ASSERT_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    EXPECT_THAT(CalledBy(grpc::CreateInsecureChannelFromFd("unix:x", fd)),
                HasSubstr(absl::StrCat("pid:", dead.pid, "(ended)")));
    EXPECT_EQ(CalledBy(Channel()), absl::StrCat("uid:", geteuid(), " pid:", getpid()));
  }
}

// File descriptors of this process that are the server's ends of connections to `path`.
std::set<int> ServerEnds(const std::string& path) {
  std::set<int> ends;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_un address{};
    socklen_t size = sizeof(address);
    int listens = 0;
    socklen_t listens_size = sizeof(listens);
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        address.sun_family == AF_UNIX && address.sun_path == path &&
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) == 0 && listens == 0) {
      ends.insert(fd);
    }
  }
  return ends;
}

// What identity stands on: gRPC lets go of a connection's number only when its last call is over,
// also when the caller is long gone.
TEST_F(IdentityTest, ANumberIsNotUsedAgainWhileACallOfItsConnectionRuns) {
  absl::Notification release;
  control_thread_.Post([&release] { release.WaitForNotification(); });
  auto channel = Channel();
  auto context = Context();
  std::thread caller([&] {
    v1::DeleteTaskOverrideRequest request;
    google::protobuf::Empty reply;
    v1::TaskService::NewStub(channel)->DeleteTaskOverride(context.get(), request, &reply);
  });
  // It is in its handler when it has been written down.
  while (audit_.List(1, "")->entries.empty()) absl::SleepFor(absl::Milliseconds(1));
  const std::set<int> before = ServerEnds(path_);
  ASSERT_THAT(before, SizeIs(1));
  const int number = *before.begin();
  context->TryCancel();
  caller.join();
  context.reset();
  channel.reset();  // the last to hold the connection
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(CodeAndReason(CallEmpty(Channel(), kRead)), "OK");
    EXPECT_THAT(ServerEnds(path_), ::testing::Contains(number));
  }
  release.Notify();
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (ServerEnds(path_).contains(number) && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_THAT(ServerEnds(path_), ::testing::Not(::testing::Contains(number)));
}

// --- TCP ---

TEST_F(IdentityTest, ACertificateIsItsSpiffeId) {
  const auto channel = TlsChannel(authority_.Issue("client", "URI:spiffe://test/tuner/1"));
  Grant("spiffe://test/tuner/1");
  EXPECT_EQ(Read(channel), "OK");
  Grant("spiffe://test/tuner/*");
  EXPECT_EQ(Read(channel), "OK");
  Grant("certificate");
  EXPECT_EQ(Read(channel), "OK");
  for (const char* other :
       {"spiffe://test/tuner", "spiffe://test/tuner/10", "local", "anonymous"}) {
    Grant(other);
    EXPECT_EQ(Read(channel), kDenied) << other;
  }
  EXPECT_EQ(CalledBy(channel), "spiffe://test/tuner/1");
}

// Names that an applicant chooses are no rights.
TEST_F(IdentityTest, ACertificateWithoutASpiffeIdIsOnlyACertificate) {
  std::map<std::string, std::string> alternatives = {
      {"root", ""},
      {"dns", "DNS:localhost"},
      {"uri", "URI:https://test/tuner"},
      {"two", "URI:spiffe://test/a,URI:spiffe://test/b"},
  };
  for (const auto& [name, text] : alternatives) {
    const auto channel = TlsChannel(authority_.Issue(name, text));
    Grant("spiffe://test/*");
    EXPECT_EQ(Read(channel), kDenied) << name;
    Grant("anonymous");
    EXPECT_EQ(Read(channel), kDenied) << name;
    Grant("certificate");
    EXPECT_EQ(Read(channel), "OK") << name;
    EXPECT_EQ(CalledBy(channel), "certificate:" + name);
  }
}

TEST_F(IdentityTest, WhoHasNoGoodCertificateDoesNotGetThrough) {
  Grant("certificate", Role::kAdmin);
  const TlsFiles good = authority_.Issue("good", "URI:spiffe://test/a");
  ASSERT_EQ(Read(TlsChannel(good)), "OK");

  EXPECT_EQ(Read(TlsChannel({"", "", authority_.pem()})), "no connection") << "no certificate";
  EXPECT_EQ(Read(TcpChannel(grpc::InsecureChannelCredentials())), "no connection") << "no TLS";
  EXPECT_EQ(Read(TlsChannel(authority_.Issue("old", "URI:spiffe://test/a", -1))), "no connection")
      << "expired";
  const Authority other;
  TlsFiles foreign = other.Issue("foreign", "URI:spiffe://test/a");
  foreign.authorities = authority_.pem();
  EXPECT_EQ(Read(TlsChannel(foreign)), "no connection") << "of another authority";
  TlsFiles deceived = good;
  deceived.authorities = other.pem();
  EXPECT_EQ(Read(TlsChannel(deceived)), "no connection") << "the client does not know the server's";
}

TEST_F(IdentityTest, NewFilesCountWithoutARestart) {
  Grant("certificate");
  const Authority next;
  const TlsFiles client = next.Issue("client", "URI:spiffe://test/a");
  EXPECT_EQ(Read(TlsChannel(client)), "no connection");
  const TlsFiles server = next.Issue("server", "IP:127.0.0.1");
  const std::pair<std::string, std::string> renewed[] = {
      {server.certificate, options_.tls.certificate},
      {server.key, options_.tls.key},
      {next.pem(), options_.tls.authorities}};
  for (const auto& [from, to] : renewed) {
    std::filesystem::copy_file(from, to + ".new");
    std::filesystem::rename(to + ".new", to);
  }
  std::string result;
  for (const absl::Time end = absl::Now() + absl::Seconds(20); absl::Now() < end;) {
    if (result = Read(TlsChannel(client)); result == "OK") break;
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_EQ(result, "OK");
}

TEST_F(IdentityTest, FilesThatCannotBeUsedAreSaidAtTheStart) {
  server_.reset();
  options_.tls.key = authority_.Path("missing");
  const auto server = Server::Start(options_, control_.get(), &clock_, &log_);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("missing"));
}

TEST_F(IdentityTest, WithoutCertificatesTcpIsAnonymous) {
  server_.reset();
  options_.tls = {};
  Start();
  const auto channel = TcpChannel(grpc::InsecureChannelCredentials());
  roles_.Set(DefaultRoles());
  EXPECT_EQ(Read(channel), "OK");
  EXPECT_EQ(CodeAndReason(CallEmpty(channel, kChange)), kDenied);
  EXPECT_THAT(CalledBy(channel), HasSubstr("anonymous ipv4:127.0.0.1:"));
  Grant("local", Role::kAdmin);
  EXPECT_EQ(Read(channel), kDenied);
  Grant("anonymous", Role::kAdmin);
  EXPECT_EQ(CodeAndReason(CallEmpty(channel, kChange)), "INVALID_ARGUMENT INVALID_NAME");
}

// --- the audit log, through the server ---

TEST_F(IdentityTest, ChangesAndRefusalsAreWrittenDownReadsAreNot) {
  EXPECT_EQ(Read(channel_), "OK");
  v1::UpdatePolicyRequest request;
  request.mutable_policy()->set_name("policies/default");
  request.mutable_policy()->mutable_parameters()->mutable_base_slice()->set_nanos(5'000'000);
  request.set_reason("why not");
  request.set_validate_only(true);
  v1::Policy policy;
  ASSERT_TRUE(policies_->UpdatePolicy(Context().get(), request, &policy).ok());
  EXPECT_THAT(audit_store_.entries, SizeIs(0)) << "it only asked";
  request.set_validate_only(false);
  ASSERT_TRUE(policies_->UpdatePolicy(Context().get(), request, &policy).ok());
  request.mutable_policy()->set_etag("old");
  EXPECT_FALSE(policies_->UpdatePolicy(Context().get(), request, &policy).ok());
  Grant("local");
  request.set_validate_only(true);
  EXPECT_FALSE(policies_->UpdatePolicy(Context().get(), request, &policy).ok());
  Grant("local", Role::kOperator);

  v1::ListAuditEntriesResponse list;
  ASSERT_TRUE(scheduler_->ListAuditEntries(Context().get(), {}, &list).ok());
  ASSERT_EQ(list.audit_entries_size(), 3);
  const v1::AuditEntry& denied = list.audit_entries(0);
  EXPECT_EQ(denied.error_reason(), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(denied.role(), "viewer");
  const v1::AuditEntry& refused = list.audit_entries(1);
  EXPECT_EQ(refused.status_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(refused.error_reason(), "ETAG_MISMATCH");
  const v1::AuditEntry& made = list.audit_entries(2);
  EXPECT_EQ(made.name(), "auditEntries/1");
  EXPECT_TRUE(made.has_status_code());
  EXPECT_EQ(made.status_code(), 0);
  EXPECT_EQ(made.policy_generation(), policy.generation());
  EXPECT_EQ(made.resource_name(), "policies/default");
  EXPECT_EQ(made.reason(), "why not");
  EXPECT_THAT(made.request_json(), HasSubstr("baseSlice"));
  EXPECT_EQ(made.principal(), absl::StrCat("uid:", geteuid(), " pid:", getpid()));
  EXPECT_TRUE(made.has_event_time());
}

// An administrator can still detach a scheduler when the disk is full.
TEST_F(IdentityTest, AnAuditStoreThatFailsKeepsNobodyBackAndIsShown) {
  audit_store_.problem = absl::UnavailableError("disk full");
  Attach();
  v1::GetSchedulerRequest request;
  request.set_name("schedulers/default");
  v1::Scheduler reply;
  roles_.SetProblem("line 3");
  ASSERT_TRUE(scheduler_->GetScheduler(Context().get(), request, &reply).ok());
  EXPECT_EQ(reply.state(), v1::Scheduler::STATE_ATTACHED);
  EXPECT_EQ(reply.audit_problem(), "disk full");
  EXPECT_EQ(reply.unstored_audit_entry_count(), 1);
  EXPECT_EQ(reply.roles_problem(), "line 3");
  v1::ListAuditEntriesResponse list;
  EXPECT_EQ(CodeAndReason(scheduler_->ListAuditEntries(Context().get(), {}, &list)),
            "UNAVAILABLE AUDIT_UNAVAILABLE");
}

}  // namespace
}  // namespace schedd::rpc
