// SPDX-License-Identifier: Apache-2.0
//
// The memory of bpf/abi.h on the heap: what the maps are on a real kernel.
//
// Owned by the simulated kernel that made it; its parts may be touched by any thread under the
// rules of abi.h. Allocates in the constructor only. Cannot fail.
#ifndef SCHEDD_SIM_SIM_MEMORY_H_
#define SCHEDD_SIM_SIM_MEMORY_H_

#include <memory>
#include <vector>

#include "server/engine/kernel.h"

namespace schedd {

class SimMemory {
 public:
  SimMemory(int nr_cpus, uint32_t nr_slots)
      : slots_(nr_slots),
        cpus_(static_cast<size_t>(nr_cpus)),
        events_(static_cast<size_t>(nr_cpus)),
        decisions_(std::make_unique<schedd_decision_ring>()) {
    header_.abi_version = SCHEDD_ABI_VERSION;
    header_.nr_cpus = static_cast<uint32_t>(nr_cpus);
    header_.nr_slots = nr_slots;
    header_.base_slice_ns = 10'000'000;
    header_.decision_budget_ns = 20'000'000;
    for (schedd_cpu& cpu : cpus_) cpu.slot = SCHEDD_NO_SLOT;
    shared_ = {.header = &header_,
               .slots = slots_,
               .cpus = cpus_,
               .events = events_,
               .decisions = decisions_.get()};
  }
  SimMemory(const SimMemory&) = delete;
  SimMemory& operator=(const SimMemory&) = delete;

  const SharedMemory& shared() const { return shared_; }

 private:
  schedd_header header_ = {};
  std::vector<schedd_slot> slots_;
  std::vector<schedd_cpu> cpus_;
  std::vector<schedd_event_ring> events_;
  std::unique_ptr<schedd_decision_ring> decisions_;
  SharedMemory shared_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_SIM_MEMORY_H_
