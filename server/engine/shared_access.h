// SPDX-License-Identifier: Apache-2.0
//
// Reads and writes of words in the memory shared with the dispatcher (bpf/abi.h).
//
// Stateless; any thread. The other side may touch the same word at the same time: these accesses do
// not tear and are not moved or merged by the compiler. They order nothing around them unless the
// name says so. Cannot fail.
#ifndef SCHEDD_ENGINE_SHARED_ACCESS_H_
#define SCHEDD_ENGINE_SHARED_ACCESS_H_

namespace schedd {

template <typename T>
T LoadShared(const T& word) {
  return __atomic_load_n(&word, __ATOMIC_RELAXED);
}

// Nothing after it is read before it.
template <typename T>
T LoadSharedAcquire(const T& word) {
  return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}

template <typename T, typename V>
void StoreShared(T& word, V value) {
  __atomic_store_n(&word, static_cast<T>(value), __ATOMIC_RELAXED);
}

// Nothing before it is written after it.
template <typename T, typename V>
void StoreSharedRelease(T& word, V value) {
  __atomic_store_n(&word, static_cast<T>(value), __ATOMIC_RELEASE);
}

// A full barrier: nothing crosses it in either direction.
template <typename T, typename V>
T ExchangeShared(T& word, V value) {
  return __atomic_exchange_n(&word, static_cast<T>(value), __ATOMIC_SEQ_CST);
}

}  // namespace schedd

#endif  // SCHEDD_ENGINE_SHARED_ACCESS_H_
