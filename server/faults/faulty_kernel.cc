// SPDX-License-Identifier: Apache-2.0
#include "server/faults/faulty_kernel.h"

#include <algorithm>
#include <ctime>

#include "bpf/ring.h"
#include "server/engine/shared_access.h"

namespace schedd {
namespace {

// Decisions that mean nothing, for each batch that means something.
constexpr size_t kStaleBatch = 64;
constexpr uint64_t kSliceNs = 1'000'000;
constexpr uint32_t kNoSuchSlot = 0xffff'fff0;
constexpr int32_t kNoSuchCpu = 100'000;
constexpr uint32_t kOtherVersion = 0xffff;

// A decision for that slot which is wrong in one of several ways.
schedd_decision MakeNonsense(const schedd_slot& slot, uint32_t index, uint32_t kind) {
  schedd_decision decision = {};
  decision.slot = index;
  decision.seq = LoadShared(slot.seq);
  decision.key = LoadShared(slot.key);
  decision.cpu = SCHEDD_ANY_CPU;
  decision.slice_ns = kSliceNs;
  decision.deadline = LoadShared(slot.deadline);
  decision.weight = LoadShared(slot.weight);
  switch (kind % 4) {
    case 0:
      --decision.seq;  // the wait before this one
      break;
    case 1:
      decision.key -= 2;  // the task that had the slot before
      break;
    case 2:
      decision.slot = kNoSuchSlot;
      break;
    default:
      decision.cpu = kNoSuchCpu;  // and current, if the task waits just now
  }
  return decision;
}

}  // namespace

// As long as the fault lasts, the thread does nothing else.
void FaultyKernel::GoWrong() {
  Fault fault = faults_->Now();
  while (fault == Fault::kBusy || fault == Fault::kDeaf) {
    if (fault == Fault::kDeaf) {
      StoreSharedRelease(memory().header->heartbeat_ns, static_cast<uint64_t>(NowNanos()));
    }
    fault = faults_->Now();
  }
  if (fault == Fault::kVersion) StoreShared(memory().header->abi_version, kOtherVersion);
}

void FaultyKernel::Commit() {
  GoWrong();
  const Fault fault = faults_->Now();
  if (fault == Fault::kFlood) {
    // Taken by the CPUs alone, a few at each dispatch.
    SubmitNonsense(SCHEDD_DECISION_RING_SIZE);
    return;
  }
  if (fault == Fault::kStale) SubmitNonsense(kStaleBatch);
  ForwardingKernel::Commit();
}

void FaultyKernel::Wait(int64_t until_ns) {
  GoWrong();
  const Fault fault = faults_->Now();
  if (fault == Fault::kFlood) SubmitNonsense(SCHEDD_DECISION_RING_SIZE);
  if (fault != Fault::kAsleep) {
    ForwardingKernel::Wait(until_ns);
    return;
  }
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t left_ns = std::clamp<int64_t>(until_ns - NowNanos(), 0, kSecond);
  const timespec left = {.tv_sec = left_ns / kSecond, .tv_nsec = left_ns % kSecond};
  nanosleep(&left, nullptr);
}

// The scheduling thread is the ring's producer, so it may. Up to `count`, or as many as fit.
void FaultyKernel::SubmitNonsense(size_t count) {
  const SharedMemory& shared = memory();
  const auto used = static_cast<uint32_t>(
      std::min<uint64_t>(LoadShared(shared.header->slots_high_water), shared.slots.size()));
  if (used == 0) return;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t index = next_slot_ % used;
    // The kinds go round by themselves: each slot meets each of them.
    const schedd_decision decision =
        MakeNonsense(shared.slots[index], index, next_slot_ + next_slot_ / used);
    if (!schedd_decision_put(shared.decisions, &decision)) return;
    ++next_slot_;
  }
}

}  // namespace schedd
