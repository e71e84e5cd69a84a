// SPDX-License-Identifier: Apache-2.0
#include "server/base/allocation_guard.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCHEDD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SCHEDD_SANITIZED 1
#endif
#endif

namespace schedd {
namespace {

// Constant-initialised: malloc runs before any constructor does. Initial-exec: reaching the flag
// must not itself allocate.
constinit std::atomic<int64_t> heap_calls{0};
__attribute__((tls_model("initial-exec"))) constinit thread_local bool armed = false;

void Count() {
  if (armed) heap_calls.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void ArmAllocationCount() { armed = true; }

void DisarmAllocationCount() { armed = false; }

int64_t ArmedAllocationCount() { return heap_calls.load(std::memory_order_relaxed); }

}  // namespace schedd

#if defined(__GLIBC__) && !defined(SCHEDD_SANITIZED)

// glibc exports its own allocator under these names for exactly this purpose; looking it up with
// dlsym() would allocate.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* block);

void* malloc(size_t size) {
  schedd::Count();
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  schedd::Count();
  return __libc_calloc(count, size);
}

void* realloc(void* block, size_t size) {
  schedd::Count();
  return __libc_realloc(block, size);
}

void* memalign(size_t alignment, size_t size) {
  schedd::Count();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  schedd::Count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, size_t alignment, size_t size) {
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  schedd::Count();
  void* memory = __libc_memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *block = memory;
  return 0;
}

void free(void* block) {
  if (block != nullptr) schedd::Count();
  __libc_free(block);
}
}

#else

namespace {

void* Allocate(size_t size, size_t alignment) {
  schedd::Count();
  if (size == 0) size = 1;
  for (;;) {
    void* memory = nullptr;
    if (alignment <= alignof(std::max_align_t)) {
      memory = std::malloc(size);
    } else if (posix_memalign(&memory, alignment, size) != 0) {
      memory = nullptr;
    }
    if (memory != nullptr) return memory;
    std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void Free(void* block) {
  if (block == nullptr) return;
  schedd::Count();
  std::free(block);
}

void* AllocateOrNull(size_t size, size_t alignment) noexcept {
  try {
    return Allocate(size, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

size_t Value(std::align_val_t alignment) { return static_cast<size_t>(alignment); }

}  // namespace

// Every form: what is left to the sanitizer would not match the others.
void* operator new(size_t n) { return Allocate(n, 0); }
void* operator new[](size_t n) { return Allocate(n, 0); }
void* operator new(size_t n, const std::nothrow_t&) noexcept { return AllocateOrNull(n, 0); }
void* operator new[](size_t n, const std::nothrow_t&) noexcept { return AllocateOrNull(n, 0); }
void* operator new(size_t n, std::align_val_t a) { return Allocate(n, Value(a)); }
void* operator new[](size_t n, std::align_val_t a) { return Allocate(n, Value(a)); }
void* operator new(size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return AllocateOrNull(n, Value(a));
}
void* operator new[](size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return AllocateOrNull(n, Value(a));
}
void operator delete(void* block) noexcept { Free(block); }
void operator delete[](void* block) noexcept { Free(block); }
void operator delete(void* block, size_t) noexcept { Free(block); }
void operator delete[](void* block, size_t) noexcept { Free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { Free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { Free(block); }
void operator delete(void* block, std::align_val_t) noexcept { Free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { Free(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { Free(block); }
void operator delete[](void* block, size_t, std::align_val_t) noexcept { Free(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept { Free(block); }
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  Free(block);
}

#endif
