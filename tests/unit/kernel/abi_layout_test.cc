// SPDX-License-Identifier: Apache-2.0
//
// The layout that clang gave the shared structs in the BPF object, from its BTF, must be the one
// that this compiler gives them.
#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "bpf/abi.h"

namespace schedd {
namespace {

constexpr char kObject[] = "bpf/dispatcher.bpf.o";

struct Member {
  const char* name;
  size_t offset;
};

#define MEMBER(type, name) {#name, offsetof(type, name)}

class AbiLayoutTest : public testing::Test {
 protected:
  void SetUp() override {
    btf_.reset(btf__parse_elf(kObject, nullptr));
    ASSERT_NE(btf_, nullptr) << "cannot read " << kObject;
  }

  void ExpectSame(const char* name, size_t size, const std::vector<Member>& members) {
    const int id = btf__find_by_name_kind(btf_.get(), name, BTF_KIND_STRUCT);
    ASSERT_GT(id, 0) << "the object has no struct " << name;
    const btf_type* type = btf__type_by_id(btf_.get(), static_cast<uint32_t>(id));
    EXPECT_EQ(type->size, size) << name;
    std::map<std::string, size_t> offsets;
    for (uint32_t i = 0; i < btf_vlen(type); i++)
      offsets[btf__name_by_offset(btf_.get(), btf_members(type)[i].name_off)] =
          btf_member_bit_offset(type, i) / 8;
    // Every member of the BPF side is compared: one added there and not here is a failure.
    EXPECT_EQ(offsets.size(), members.size()) << name;
    for (const Member& member : members) {
      ASSERT_TRUE(offsets.contains(member.name)) << name << "." << member.name;
      EXPECT_EQ(offsets[member.name], member.offset) << name << "." << member.name;
    }
  }

  struct Free {
    void operator()(btf* b) const { btf__free(b); }
  };
  std::unique_ptr<btf, Free> btf_;
};

TEST_F(AbiLayoutTest, Event) {
  using T = schedd_event;
  ExpectSame("schedd_event", sizeof(T),
             {MEMBER(T, slot), MEMBER(T, seq), MEMBER(T, key), MEMBER(T, flags), MEMBER(T, time_ns),
              MEMBER(T, cpu), MEMBER(T, reserved)});
}

TEST_F(AbiLayoutTest, EventRing) {
  using T = schedd_event_ring;
  ExpectSame(
      "schedd_event_ring", sizeof(T),
      {MEMBER(T, head), MEMBER(T, pad0), MEMBER(T, tail), MEMBER(T, pad1), MEMBER(T, records)});
}

TEST_F(AbiLayoutTest, Decision) {
  using T = schedd_decision;
  ExpectSame("schedd_decision", sizeof(T),
             {MEMBER(T, ticket), MEMBER(T, slot), MEMBER(T, seq), MEMBER(T, cpu), MEMBER(T, flags),
              MEMBER(T, slice_ns), MEMBER(T, deadline), MEMBER(T, generation), MEMBER(T, weight),
              MEMBER(T, key), MEMBER(T, lease_us), MEMBER(T, lease_epoch)});
}

TEST_F(AbiLayoutTest, DecisionRing) {
  using T = schedd_decision_ring;
  ExpectSame(
      "schedd_decision_ring", sizeof(T),
      {MEMBER(T, head), MEMBER(T, pad0), MEMBER(T, tail), MEMBER(T, pad1), MEMBER(T, records)});
}

TEST_F(AbiLayoutTest, Cpu) {
  using T = schedd_cpu;
  ExpectSame("schedd_cpu", sizeof(T),
             {MEMBER(T, slot),
              MEMBER(T, slot_key),
              MEMBER(T, since_ns),
              MEMBER(T, idle),
              MEMBER(T, protected_task),
              MEMBER(T, offline),
              MEMBER(T, running),
              MEMBER(T, vtime_floor),
              MEMBER(T, run_ended),
              MEMBER(T, looked_at),
              MEMBER(T, sync_woke_ns),
              MEMBER(T, counters),
              MEMBER(T, decision_latency_sum_ns),
              MEMBER(T, decision_latency_max_ns),
              MEMBER(T, rival),
              MEMBER(T, rival_at),
              MEMBER(T, give_way),
              MEMBER(T, reserved1),
              MEMBER(T, taken_ns),
              MEMBER(T, reserved2),
              MEMBER(T, decision_latency_buckets)});
}

TEST_F(AbiLayoutTest, Slot) {
  using T = schedd_slot;
  ExpectSame("schedd_slot", sizeof(T),
             {MEMBER(T, key),
              MEMBER(T, tid),
              MEMBER(T, tgid),
              MEMBER(T, uid),
              MEMBER(T, start_boottime_ns),
              MEMBER(T, cgroup_id),
              MEMBER(T, comm),
              MEMBER(T, flags),
              MEMBER(T, nice),
              MEMBER(T, free_next),
              MEMBER(T, yields),
              MEMBER(T, allowed),
              MEMBER(T, state),
              MEMBER(T, seq),
              MEMBER(T, cpu),
              MEMBER(T, weight),
              MEMBER(T, nr_allowed),
              MEMBER(T, decided_weight),
              MEMBER(T, waiting_since_ns),
              MEMBER(T, running_since_ns),
              MEMBER(T, woken_ns),
              MEMBER(T, run_ns),
              MEMBER(T, wait_ns),
              MEMBER(T, awake_run_ns),
              MEMBER(T, voluntary_switches),
              MEMBER(T, involuntary_switches),
              MEMBER(T, wakeups),
              MEMBER(T, migrations),
              MEMBER(T, slice_ns),
              MEMBER(T, deadline),
              MEMBER(T, generation),
              MEMBER(T, latency_sum_ns),
              MEMBER(T, latency_max_ns),
              MEMBER(T, latency_buckets),
              MEMBER(T, solo_run_ns),
              MEMBER(T, urgent_seq),
              MEMBER(T, unasked_seq),
              MEMBER(T, lease_end_run_ns),
              MEMBER(T, lease_until_ns),
              MEMBER(T, lease_epoch),
              MEMBER(T, leased_seq),
              MEMBER(T, overhead_ns),
              MEMBER(T, asked_ns),
              MEMBER(T, sleep_floor),
              MEMBER(T, slept_virtual_ns),
              MEMBER(T, sync_kept),
              MEMBER(T, claimed_seq)});
}

TEST_F(AbiLayoutTest, Header) {
  using T = schedd_header;
  ExpectSame("schedd_header", sizeof(T),
             {MEMBER(T, abi_version),
              MEMBER(T, nr_cpus),
              MEMBER(T, nr_slots),
              MEMBER(T, ext_tasks_only),
              MEMBER(T, lease_epoch),
              MEMBER(T, reserved0),
              MEMBER(T, preempt_margin_ns),
              MEMBER(T, min_slice_ns),
              MEMBER(T, sleeper_credit_ns),
              MEMBER(T, reserved1),
              MEMBER(T, heartbeat_ns),
              MEMBER(T, parked),
              MEMBER(T, all_decisions),
              MEMBER(T, base_slice_ns),
              MEMBER(T, protected_slice_ns),
              MEMBER(T, decision_budget_ns),
              MEMBER(T, orphan_timeout_ns),
              MEMBER(T, daemon_tgid),
              MEMBER(T, daemon_epoch),
              MEMBER(T, starvation_bound_ns),
              MEMBER(T, free_head),
              MEMBER(T, used_slots),
              MEMBER(T, slots_high_water),
              MEMBER(T, doorbell_ns),
              MEMBER(T, degraded_since_ns),
              MEMBER(T, degraded_ns),
              MEMBER(T, orphan_since_ns),
              MEMBER(T, reserved2),
              MEMBER(T, queued),
              MEMBER(T, taken),
              MEMBER(T, rare),
              MEMBER(T, reserved4),
              MEMBER(T, reserved5),
              MEMBER(T, exit_code),
              MEMBER(T, exit_kind),
              MEMBER(T, reserved3),
              MEMBER(T, exit_reason),
              MEMBER(T, exit_message)});
}

}  // namespace
}  // namespace schedd
