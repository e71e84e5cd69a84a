// SPDX-License-Identifier: Apache-2.0
//
// A bounded queue of plain values from one thread to one other.
//
// Owned by whoever connects the two threads; allocates nothing. Push() belongs to one thread, Pop()
// to one thread, empty() to either. Capacity in values, a power of two. Neither side ever waits:
// Push() says no when it is full, Pop() when it is empty.
#ifndef SCHEDD_ENGINE_SPSC_RING_H_
#define SCHEDD_ENGINE_SPSC_RING_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace schedd {

template <typename T, size_t kCapacity>
class SpscRing {
  static_assert((kCapacity & (kCapacity - 1)) == 0, "a power of two");

 public:
  bool Push(T value) {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) >= kCapacity) return false;
    values_[head & (kCapacity - 1)] = value;
    head_.store(head + 1,
                std::memory_order_seq_cst);  // before the pusher looks whether the popper sleeps
    return true;
  }

  bool Pop(T& out) {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    out = values_[tail & (kCapacity - 1)];
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  bool empty() const {
    return tail_.load(std::memory_order_seq_cst) == head_.load(std::memory_order_seq_cst);
  }

 private:
  alignas(64) std::atomic<uint64_t> head_{0};
  alignas(64) std::atomic<uint64_t> tail_{0};
  alignas(64) std::array<T, kCapacity> values_{};
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_SPSC_RING_H_
