// SPDX-License-Identifier: Apache-2.0
//
// Clients that call the API again and again, each on a thread and over a connection of its own.
//
//     flood TARGET CLIENTS SECONDS PAUSE_MS
//
// Each calls GetScheduler, and the next time PAUSE_MS after the answer (0: at once). One that
// pauses does what callers are told to do when they are refused: calls again, 10 ms later, until it
// is answered. A line at the end, times in ms over the calls that were answered, these tries
// included:
//     ANSWERED REFUSED FAILED P50 P99 MAX
// Refused: RESOURCE_EXHAUSTED, the daemon's limit, for good. Failed: any other error; stderr has
// the last one.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "schedd/v1/scheduler_service.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;
using schedd::v1::SchedulerService;

constexpr auto kDeadline = std::chrono::seconds(20);
constexpr auto kRetryPause = std::chrono::milliseconds(10);

// What became of many calls. Any thread.
class Tally {
 public:
  void Add(const grpc::Status& status, Clock::duration took) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (status.ok()) {
      times_ms_.push_back(std::chrono::duration<double, std::milli>(took).count());
    } else if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      ++refused_;
    } else {
      ++failed_;
      last_error_ = status.error_message();
    }
  }

  void Print() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::sort(times_ms_.begin(), times_ms_.end());
    std::printf("%zu %lld %lld %.1f %.1f %.1f\n", times_ms_.size(),
                static_cast<long long>(refused_), static_cast<long long>(failed_), At(0.5),
                At(0.99), At(1.0));
    if (failed_ > 0) std::fprintf(stderr, "flood: %s\n", last_error_.c_str());
  }

 private:
  double At(double part) const {
    if (times_ms_.empty()) return 0;
    const auto last = static_cast<double>(times_ms_.size() - 1);
    return times_ms_[static_cast<size_t>(part * last)];
  }

  std::mutex mutex_;
  std::vector<double> times_ms_;
  int64_t refused_ = 0;
  int64_t failed_ = 0;
  std::string last_error_;
};

void CallUntil(Clock::time_point end, Clock::duration pause, const std::string& target,
               Tally* tally) {
  grpc::ChannelArguments arguments;
  // Else all channels of a process share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stub = SchedulerService::NewStub(
      grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
  schedd::v1::GetSchedulerRequest request;
  request.set_name("schedulers/default");
  const auto call = [&stub, &request] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    context.set_wait_for_ready(true);
    schedd::v1::Scheduler reply;
    return stub->GetScheduler(&context, request, &reply);
  };
  const bool patient = pause > Clock::duration::zero();
  while (Clock::now() < end) {
    const Clock::time_point begin = Clock::now();
    grpc::Status status = call();
    while (patient && status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
           Clock::now() < begin + kDeadline) {
      std::this_thread::sleep_for(kRetryPause);
      status = call();
    }
    tally->Add(status, Clock::now() - begin);
    if (patient) std::this_thread::sleep_for(pause);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int clients = argc == 5 ? std::atoi(argv[2]) : 0;
  const int seconds = argc == 5 ? std::atoi(argv[3]) : 0;
  if (clients < 1 || seconds < 1) {
    std::fprintf(stderr, "usage: flood TARGET CLIENTS SECONDS PAUSE_MS\n");
    return 2;
  }
  const std::chrono::milliseconds pause(std::atoi(argv[4]));
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  Tally tally;
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back(CallUntil, end, pause, std::string(argv[1]), &tally);
  }
  for (std::thread& thread : threads) thread.join();
  tally.Print();
  return 0;
}
