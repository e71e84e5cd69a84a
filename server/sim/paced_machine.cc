// SPDX-License-Identifier: Apache-2.0
#include "server/sim/paced_machine.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace schedd {
namespace {

MachineOptions StartingNow(MachineOptions options) {
  options.start_ns = PacedMachine::NowNanos();
  return options;
}

std::chrono::steady_clock::time_point RealTime(int64_t time_ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(time_ns));
}

}  // namespace

PacedMachine::PacedMachine(MachineOptions options)
    : machine_(StartingNow(options)), thread_([this] { Pace(); }) {}

PacedMachine::~PacedMachine() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

int64_t PacedMachine::NowNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void PacedMachine::AddService(const void* owner, std::function<void()> service) {
  const std::lock_guard<std::mutex> lock(mutex_);
  services_[owner] = std::move(service);
}

void PacedMachine::RemoveService(const void* owner) {
  const std::lock_guard<std::mutex> lock(mutex_);
  services_.erase(owner);
}

void PacedMachine::Nudge() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    nudged_ = true;
  }
  changed_.notify_all();
}

void PacedMachine::CatchUp() {
  machine_.AdvanceTo(NowNanos());
  for (const auto& [owner, service] : services_) service();
  machine_.AdvanceTo(machine_.now_ns());  // what follows from that at once
}

void PacedMachine::With(const std::function<void(SimMachine&)>& action) {
  bool wakes_earlier = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    CatchUp();
    action(machine_);
    machine_.AdvanceTo(machine_.now_ns());
    wakes_earlier = machine_.NextEventNanos() < sleeps_until_ns_;
  }
  if (wakes_earlier) changed_.notify_all();
}

void PacedMachine::Pace() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_) {
    nudged_ = false;
    CatchUp();
    constexpr int64_t kLongestSleepNs = 1'000'000'000;
    const int64_t now_ns = NowNanos();
    sleeps_until_ns_ =
        std::clamp(machine_.NextEventNanos(), now_ns + kPaceNs, now_ns + kLongestSleepNs);
    if (!nudged_ && !stop_) changed_.wait_until(lock, RealTime(sleeps_until_ns_));
  }
}

}  // namespace schedd
