// SPDX-License-Identifier: Apache-2.0
//
// A daemon's life in this process, on a simulated machine: start order, ends, exit codes.
#include "server/daemon/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "server/base/tcp_address.h"
#include "server/daemon/instance_lock.h"
#include "server/engine/forwarding_kernel.h"
#include "server/sim/sim_host.h"

namespace schedd::daemon {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Attachment = KernelState::Attachment;

// Lets go like one whose dispatcher outlives the daemon.
class LastingKernel : public ForwardingKernel {
 public:
  LastingKernel(std::unique_ptr<Kernel> kernel, int* released)
      : ForwardingKernel(std::move(kernel)), released_(released) {}

  void Release() override { ++*released_; }
  bool adopted() const override { return true; }

 private:
  int* const released_;
};

// A simulated machine whose kernel can say other things.
class ToldHost : public KernelHost {
 public:
  absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions& options) override {
    loaded = options;
    if (!load_status.ok()) return load_status;
    return sim_.Load(options);
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Adopt(const LoadOptions& options) override {
    if (!orphans) return absl::NotFoundError("nothing to adopt");
    told.reset();
    auto kernel = sim_.Load(options);
    if (!kernel.ok()) return kernel.status();
    const absl::Status attached = (*kernel)->Attach();
    if (!attached.ok()) return attached;
    return std::make_unique<LastingKernel>(*std::move(kernel), &released);
  }
  KernelState ReadState() const override { return told.has_value() ? *told : sim_.ReadState(); }
  absl::StatusOr<std::string> CgroupPath(uint64_t id) const override { return sim_.CgroupPath(id); }
  absl::Status PrepareSchedulingThread() override { return sim_.PrepareSchedulingThread(); }
  absl::StatusOr<int64_t> PageFaultCount(int32_t tid) const override {
    return sim_.PageFaultCount(tid);
  }

  std::optional<KernelState> told;
  absl::Status load_status;
  std::optional<LoadOptions> loaded;
  bool orphans = false;  // an earlier daemon left a dispatcher
  int released = 0;      // times that the adopted one was left to the next daemon

 private:
  SimHost sim_{SimHostOptions{}};
};

// A port of 127.0.0.1 in use by somebody else, until let go.
class TakenPort {
 public:
  TakenPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(v4);
    auto* any = reinterpret_cast<sockaddr*>(&v4);
    EXPECT_EQ(bind(fd_, any, size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    getsockname(fd_, any, &size);
    address_ = {"127.0.0.1", ntohs(v4.sin_port)};
  }
  ~TakenPort() { LetGo(); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;

  void LetGo() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  const TcpAddress& address() const { return address_; }

 private:
  int fd_;
  TcpAddress address_;
};

// Asks for a stop as soon as somebody waits for one, after a look round.
class StopAtOnce : public StopSignal {
 public:
  explicit StopAtOnce(std::function<void()> look) : look_(std::move(look)) {}

  bool Wait(absl::Duration timeout) override {
    if (timeout != absl::InfiniteDuration()) return false;
    look_();
    return true;
  }

 private:
  const std::function<void()> look_;
};

class AppTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = "/tmp/app_test_XXXXXX";  // short: a socket's path has 107 bytes
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    socket_ = directory_ + "/s.sock";
    config_ = *MakeConfig({}, {{"listen", "unix://" + socket_, ""},
                               {"kernel", "sim", ""},
                               {"state-dir", directory_, ""}});
  }

  void TearDown() override { std::filesystem::remove_all(directory_); }

  Outcome Run(std::function<void()> look = [] {}) {
    StopAtOnce stop([this, look] {
      ++served_;
      look();
    });
    const Log log(LogLevel::kInfo, [this](absl::string_view line) {
      absl::MutexLock lock(&mutex_);
      lines_.emplace_back(line.substr(15));  // without level and time
    });
    return App(config_, PolicyParameters(), &host_, &stop, &log).Run();
  }

  bool SocketExists() const { return access(socket_.c_str(), F_OK) == 0; }

  std::string directory_;
  std::string socket_;
  Config config_;
  ToldHost host_;
  absl::Mutex mutex_;
  std::vector<std::string> lines_;
  int served_ = 0;
};

TEST_F(AppTest, AttachesServesAndDetaches) {
  const Outcome outcome = Run([this] {
    EXPECT_TRUE(SocketExists());
    EXPECT_EQ(host_.ReadState().attachment, Attachment::kOurs);
  });
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
  EXPECT_EQ(outcome.problem, "");
  EXPECT_EQ(served_, 1);
  EXPECT_FALSE(SocketExists());
  EXPECT_EQ(host_.ReadState().attachment, Attachment::kDetached);
  EXPECT_THAT(lines_, Contains(HasSubstr("serving version=")));
  EXPECT_EQ(lines_.back(), "stopped exit_code=0\n");
}

TEST_F(AppTest, TwiceInARow) {
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_EQ(Run().code, ExitCode::kOk);
}

TEST_F(AppTest, WithoutAttachItOnlyServes) {
  config_.attach = false;
  const Outcome outcome = Run([this] {
    EXPECT_TRUE(SocketExists());
    EXPECT_EQ(host_.ReadState().attachment, Attachment::kDetached);
  });
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
  EXPECT_FALSE(host_.loaded.has_value());
}

TEST_F(AppTest, OptionsReachTheKernel) {
  config_.max_tasks = 128;
  config_.watchdog_timeout_ns = 2'500'000'000;
  EXPECT_EQ(Run().code, ExitCode::kOk);
  ASSERT_TRUE(host_.loaded.has_value());
  EXPECT_EQ(host_.loaded->max_tasks, 128u);
  EXPECT_EQ(host_.loaded->watchdog_timeout_ms, 2'500u);
  EXPECT_FALSE(host_.loaded->ext_tasks_only);
}

// --- ends that are no success: code, sentence, and nothing left behind ---

TEST_F(AppTest, KernelWithoutSchedExt) {
  host_.told = KernelState{Attachment::kUnsupported, "", ""};
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.code, ExitCode::kNoSchedExt);
  EXPECT_THAT(outcome.problem, HasSubstr("CONFIG_SCHED_CLASS_EXT=y"));
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_NE(access(InstanceLock::PathFor(socket_).c_str(), F_OK), 0);
}

TEST_F(AppTest, KernelWithoutSchedExtIsNoMatterWithoutAttach) {
  host_.told = KernelState{Attachment::kUnsupported, "", ""};
  config_.attach = false;
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_EQ(served_, 1);
}

TEST_F(AppTest, AnotherSchedulerIsNamed) {
  host_.told = KernelState{Attachment::kForeign, "scx_other", "enabled"};
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.code, ExitCode::kForeignScheduler);
  EXPECT_THAT(outcome.problem, HasSubstr("(scx_other)"));
  EXPECT_THAT(outcome.problem, HasSubstr("--no-attach"));
}

TEST_F(AppTest, LoadThatFailsHasItsCode) {
  const std::pair<absl::Status, ExitCode> cases[] = {
      {absl::PermissionDeniedError("no"), ExitCode::kPermission},
      {absl::UnimplementedError("no"), ExitCode::kNoSchedExt},
      {absl::InternalError("verifier: no"), ExitCode::kBpfRefused},
      {absl::ResourceExhaustedError("no memory"), ExitCode::kInternal},
  };
  for (const auto& [status, code] : cases) {
    host_.load_status = status;
    const Outcome outcome = Run();
    EXPECT_EQ(outcome.code, code) << status;
    EXPECT_THAT(outcome.problem, HasSubstr(std::string(status.message())));
    EXPECT_FALSE(SocketExists());
  }
  EXPECT_EQ(served_, 0);
}

TEST_F(AppTest, SecondOneIsRefusedAndTheFirstUntouched) {
  const Outcome outcome = Run([this] {
    ToldHost other;
    StopAtOnce stop([] { ADD_FAILURE() << "the second one served"; });
    const Log quiet(LogLevel::kError, [](absl::string_view) {});
    const Outcome second = App(config_, PolicyParameters(), &other, &stop, &quiet).Run();
    EXPECT_EQ(second.code, ExitCode::kAlreadyRunning);
    EXPECT_THAT(second.problem, HasSubstr("another schedd (pid"));
    EXPECT_FALSE(other.loaded.has_value());
    EXPECT_TRUE(SocketExists());
  });
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
}

TEST_F(AppTest, DirectoryThatCannotBeMade) {
  config_ = *MakeConfig(
      {}, {{"listen", "unix://" + directory_ + "/a/b/s.sock", ""}, {"kernel", "sim", ""}});
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.code, ExitCode::kCannotListen);
  EXPECT_THAT(outcome.problem, HasSubstr(directory_ + "/a/b"));
  EXPECT_FALSE(host_.loaded.has_value()) << "attach comes last";
}

TEST_F(AppTest, AnotherSchedulerIsNoMatterWithoutAttach) {
  host_.told = KernelState{Attachment::kForeign, "scx_other", "enabled"};
  config_.attach = false;
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_EQ(served_, 1);
}

// In a child without privileges.
TEST_F(AppTest, WithoutPrivilegesTheKernelIsNotEvenAsked) {
  config_.kernel = Backend::kBpf;
  host_.told = KernelState{Attachment::kUnsupported, "", ""};  // would be another code
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    if (syscall(SYS_capset, &header, none) != 0) _exit(2);
    const Outcome outcome = Run();
    const bool right = outcome.code == ExitCode::kPermission && !SocketExists() &&
                       absl::StrContains(outcome.problem, "--kernel=sim");
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(AppTest, EverySocketIsServedAndLocked) {
  const std::string second = directory_ + "/t.sock";
  config_ = *MakeConfig({}, {{"listen", "unix://" + socket_, ""},
                             {"listen", "unix://" + second, ""},
                             {"kernel", "sim", ""},
                             {"state-dir", directory_, ""}});
  const Outcome outcome = Run([&] {
    for (const std::string& path : {socket_, second}) {
      EXPECT_EQ(access(path.c_str(), F_OK), 0) << path;
      EXPECT_TRUE(absl::IsAlreadyExists(InstanceLock::Take(path).status())) << path;
    }
  });
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
  for (const std::string& path : {socket_, second}) {
    EXPECT_NE(access(path.c_str(), F_OK), 0) << path;
    EXPECT_TRUE(InstanceLock::Take(path).ok()) << path;
  }
  unlink(InstanceLock::PathFor(second).c_str());
}

// The first address is free; the lock that was taken for it must not stay.
TEST_F(AppTest, OneAddressThatIsTakenEndsAllAndLeavesNoLock) {
  const std::string taken = directory_ + "/t.sock";
  const auto other = InstanceLock::Take(taken);
  ASSERT_TRUE(other.ok()) << other.status();
  config_ = *MakeConfig({}, {{"listen", "unix://" + socket_, ""},
                             {"listen", "unix://" + taken, ""},
                             {"kernel", "sim", ""}});
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.code, ExitCode::kAlreadyRunning);
  EXPECT_THAT(outcome.problem, HasSubstr(taken));
  EXPECT_FALSE(SocketExists());
  EXPECT_FALSE(host_.loaded.has_value());
  EXPECT_TRUE(InstanceLock::Take(socket_).ok());
  unlink(InstanceLock::PathFor(taken).c_str());
}

TEST_F(AppTest, ATcpAddressNeedsNoLock) {
  config_ = *MakeConfig(
      {}, {{"listen", "127.0.0.1:0", ""}, {"kernel", "sim", ""}, {"state-dir", directory_, ""}});
  const auto has_lock = [](const std::string& path) {
    return access(InstanceLock::PathFor(path).c_str(), F_OK) == 0;
  };
  const Outcome outcome = Run([&] {
    EXPECT_FALSE(has_lock(socket_));
    EXPECT_FALSE(has_lock(config_.listen[0].path)) << "made of an address without a path";
  });
  EXPECT_EQ(outcome.code, ExitCode::kOk);
  EXPECT_EQ(served_, 1);
}

TEST_F(AppTest, AttachmentThatFailsStopsWhatWasServed) {
  host_.load_status = absl::InternalError("verifier: no");
  EXPECT_EQ(Run().code, ExitCode::kBpfRefused);
  EXPECT_EQ(lines_.back(), "stopped exit_code=7\n");
  EXPECT_EQ(host_.ReadState().attachment, Attachment::kDetached);
  EXPECT_TRUE(InstanceLock::Take(socket_).ok());
}

TEST_F(AppTest, TasksWithoutADaemonComeBeforeCallers) {
  host_.told = KernelState{Attachment::kOurs, "schedd", "enabled"};
  host_.orphans = true;
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_EQ(served_, 1);
  const auto line = [this](const char* text) {
    return std::ranges::find_if(
        lines_, [text](const std::string& line) { return absl::StrContains(line, text); });
  };
  ASSERT_NE(line("adopted, generation 1"), lines_.end());
  EXPECT_LT(line("adopted, generation 1"), line("serving version="));
  EXPECT_FALSE(host_.loaded.has_value());
  EXPECT_EQ(host_.released, 0);
  EXPECT_EQ(host_.ReadState().attachment, Attachment::kDetached);
}

TEST_F(AppTest, WhoCannotServeLeavesTheTasksToTheNextDaemon) {
  const TakenPort port;
  config_.listen.push_back({.kind = rpc::ListenAddress::Kind::kTcp,
                            .path = "",
                            .host = port.address().host,
                            .port = port.address().port});
  host_.told = KernelState{Attachment::kOurs, "schedd", "enabled"};
  host_.orphans = true;
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.code, ExitCode::kCannotListen);
  EXPECT_THAT(outcome.problem, HasSubstr("port"));
  EXPECT_EQ(served_, 0);
  EXPECT_EQ(host_.released, 1);
}

TEST_F(AppTest, TheScopeReachesTheKernelWhichMayRefuseIt) {
  config_.ext_tasks_only = true;
  const Outcome outcome = Run();
  ASSERT_TRUE(host_.loaded.has_value());
  EXPECT_TRUE(host_.loaded->ext_tasks_only);
  // The simulated machine has no such tasks.
  EXPECT_EQ(outcome.code, ExitCode::kNoSchedExt);
  EXPECT_THAT(outcome.problem, HasSubstr("no SCHED_EXT tasks"));
}

// --- metrics ---

// Waits that the port is taken are told to `wait`, which says whether a stop was asked for.
class StopWhileWaiting : public StopSignal {
 public:
  explicit StopWhileWaiting(std::function<bool()> wait) : wait_(std::move(wait)) {}
  bool Wait(absl::Duration timeout) override {
    if (timeout == absl::InfiniteDuration()) return served = true;
    return !served && wait_();
  }

  bool served = false;

 private:
  const std::function<bool()> wait_;
};

TEST_F(AppTest, WithoutAnAddressThereAreNoMetrics) {
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("metrics"))));
}

TEST_F(AppTest, MetricsAreServedAsLongAsItRuns) {
  TakenPort port;
  port.LetGo();
  config_.metrics_address = port.address();
  const Outcome outcome = Run(
      [&] { EXPECT_TRUE(absl::IsAlreadyExists(CheckPortFree(port.address()))) << "not served"; });
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
  EXPECT_EQ(served_, 1);
  EXPECT_TRUE(CheckPortFree(port.address()).ok());
  EXPECT_THAT(lines_, Contains("serving metrics address=" + port.address().text() + "\n"));
}

TEST_F(AppTest, APortOfTheMetricsThatIsTakenEndsAllBeforeAnythingIsServed) {
  const TakenPort port;
  config_.metrics_address = port.address();
  const Outcome outcome = Run();
  EXPECT_EQ(outcome.code, ExitCode::kCannotListen);
  EXPECT_THAT(outcome.problem, HasSubstr(port.address().text()));
  EXPECT_THAT(outcome.problem, HasSubstr("choose another port"));
  EXPECT_EQ(served_, 0);
  EXPECT_FALSE(host_.loaded.has_value());
  EXPECT_FALSE(SocketExists());
  EXPECT_TRUE(InstanceLock::Take(socket_).ok());
}

TEST_F(AppTest, AReplacingDaemonWaitsForThePortOfTheMetrics) {
  TakenPort port;
  config_.metrics_address = port.address();
  config_.replace = true;
  int waits = 0;
  StopWhileWaiting stop([&] {
    if (++waits == 3) port.LetGo();
    return false;
  });
  const Log quiet(LogLevel::kError, [](absl::string_view) {});
  const Outcome outcome = App(config_, PolicyParameters(), &host_, &stop, &quiet).Run();
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
  EXPECT_TRUE(stop.served);
  EXPECT_EQ(waits, 3);
}

TEST_F(AppTest, AReplacingDaemonDoesNotWaitForEver) {
  const TakenPort port;
  config_.metrics_address = port.address();
  config_.replace = true;
  absl::Duration waited;
  StopWhileWaiting stop([&] {
    waited += absl::Milliseconds(100);
    return false;
  });
  const Log quiet(LogLevel::kError, [](absl::string_view) {});
  const Outcome outcome = App(config_, PolicyParameters(), &host_, &stop, &quiet).Run();
  EXPECT_EQ(outcome.code, ExitCode::kCannotListen);
  EXPECT_EQ(waited, absl::Seconds(5));
  EXPECT_FALSE(stop.served);
}

TEST_F(AppTest, AStopWhileItWaitsForThePortIsAnEndAsAsked) {
  const TakenPort port;
  config_.metrics_address = port.address();
  config_.replace = true;
  StopWhileWaiting stop([] { return true; });
  const Log quiet(LogLevel::kError, [](absl::string_view) {});
  const Outcome outcome = App(config_, PolicyParameters(), &host_, &stop, &quiet).Run();
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
  EXPECT_FALSE(stop.served);
  EXPECT_FALSE(host_.loaded.has_value());
}

// --- what is kept ---

TEST_F(AppTest, ASimulatedMachineKeepsItsChangesInAFileOfItsOwn) {
  config_.state_dir = directory_ + "/state";
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_TRUE(std::filesystem::exists(config_.state_dir + "/schedd-sim.db"));
  EXPECT_FALSE(std::filesystem::exists(config_.state_dir + "/schedd.db"));
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("restored generation"))));
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_THAT(lines_, Contains(HasSubstr("restored generation 1 with 0 overrides")));
}

TEST_F(AppTest, ASimulatedMachineThatCannotKeepItsChangesWarns) {
  std::ofstream(directory_ + "/file") << "";
  config_.state_dir = directory_ + "/file/state";
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_EQ(served_, 1);
  EXPECT_THAT(lines_, Contains(HasSubstr("changes will not outlast this daemon why=")));
}

TEST_F(AppTest, DamagedChangesArePutAsideWithAWarning) {
  std::ofstream(directory_ + "/schedd-sim.db") << std::string(5'000, 'x');
  EXPECT_EQ(Run().code, ExitCode::kOk);
  EXPECT_EQ(served_, 1);
  EXPECT_THAT(lines_, Contains(HasSubstr("stored changes were damaged")));
}

TEST_F(AppTest, SecondStopHurries) {
  class TwoStops : public StopSignal {
   public:
    bool Wait(absl::Duration) override { return true; }
  };
  TwoStops stop;
  const Log quiet(LogLevel::kError, [](absl::string_view) {});
  const Outcome outcome = App(config_, PolicyParameters(), &host_, &stop, &quiet).Run();
  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.problem;
  EXPECT_EQ(host_.ReadState().attachment, Attachment::kDetached);
}

}  // namespace
}  // namespace schedd::daemon
