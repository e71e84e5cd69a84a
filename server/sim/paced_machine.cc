// SPDX-License-Identifier: Apache-2.0
#include "server/sim/paced_machine.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace schedd {
namespace {

MachineOptions StartingNow(MachineOptions options, const PacedClock& clock) {
  options.start_ns = clock.NowNanos();
  return options;
}

}  // namespace

PacedMachine::PacedMachine(MachineOptions options, double speed)
    : clock_(speed), machine_(StartingNow(options, clock_)), thread_([this] { Pace(); }) {}

PacedMachine::~PacedMachine() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
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
  machine_.AdvanceTo(std::min(clock_.NowNanos(), machine_.now_ns() + clock_.Scaled(kMostAtOnceNs)));
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
    const int64_t now_ns = clock_.NowNanos();
    sleeps_until_ns_ = std::clamp(machine_.NextEventNanos(), now_ns + clock_.Scaled(kPaceNs),
                                  now_ns + clock_.Scaled(kLongestSleepNs));
    if (!nudged_ && !stop_) changed_.wait_until(lock, clock_.RealTime(sleeps_until_ns_));
  }
}

}  // namespace schedd
