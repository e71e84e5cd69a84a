// SPDX-License-Identifier: Apache-2.0
#include "server/base/allocation_guard.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

namespace schedd {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSeesMalloc = false;
#else
constexpr bool kSeesMalloc = true;
#endif

// Keeps the compiler from leaving out a pair of heap calls.
template <typename T>
T* Used(T* block) {
  asm volatile("" : : "r"(block) : "memory");
  return block;
}

template <typename Body>
int64_t Counted(Body&& body) {
  const int64_t before = ArmedAllocationCount();
  ArmAllocationCount();
  body();
  DisarmAllocationCount();
  return ArmedAllocationCount() - before;
}

TEST(AllocationGuardTest, CountsOperatorNewAndDelete) {
  struct alignas(128) Wide {
    char bytes[256];
  };
  EXPECT_EQ(Counted([] { delete Used(new int); }), 2);
  EXPECT_EQ(Counted([] { delete[] Used(new char[100]); }), 2);
  EXPECT_EQ(Counted([] { delete Used(new Wide); }), 2);
  EXPECT_EQ(Counted([] { delete[] Used(new Wide[3]); }), 2);
  EXPECT_EQ(Counted([] { ::operator delete(Used(::operator new(9, std::nothrow))); }), 2);
}

TEST(AllocationGuardTest, CountsTheMallocFamily) {
  if (!kSeesMalloc) GTEST_SKIP() << "sanitizers need malloc for themselves";
  EXPECT_EQ(Counted([] { free(Used(malloc(10))); }), 2);
  EXPECT_EQ(Counted([] { free(Used(calloc(10, 10))); }), 2);
  EXPECT_EQ(Counted([] { free(Used(realloc(Used(malloc(10)), 100'000))); }), 3);
  EXPECT_EQ(Counted([] { free(Used(aligned_alloc(64, 64))); }), 2);
  EXPECT_EQ(Counted([] { free(Used(strdup("by the C library itself"))); }), 2);
  EXPECT_EQ(Counted([] {
              void* block = nullptr;
              ASSERT_EQ(posix_memalign(&block, 256, 10), 0);
              EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 256, 0u);
              free(Used(block));
            }),
            2);
}

TEST(AllocationGuardTest, RefusesWhatPosixMemalignMustRefuse) {
  if (!kSeesMalloc) GTEST_SKIP() << "a sanitizer ends the process instead";
  void* block = nullptr;
  EXPECT_EQ(posix_memalign(&block, 24, 10), EINVAL);
  EXPECT_EQ(block, nullptr);
}

TEST(AllocationGuardTest, FreeingNothingIsNothing) {
  EXPECT_EQ(Counted([] {
              free(nullptr);
              delete Used(static_cast<int*>(nullptr));
            }),
            0);
}

TEST(AllocationGuardTest, CountsWhileArmedOnly) {
  const int64_t before = ArmedAllocationCount();
  delete Used(new int);
  EXPECT_EQ(ArmedAllocationCount(), before);
  EXPECT_EQ(Counted([] {}), 0);
  delete Used(new int);
  EXPECT_EQ(ArmedAllocationCount(), before);
}

TEST(AllocationGuardTest, CountsArmedThreadsOnlyAndAllOfThem) {
  const auto work = [](bool armed) {
    if (armed) ArmAllocationCount();
    for (int i = 0; i < 1000; ++i) delete Used(new int);
    DisarmAllocationCount();
  };
  const int64_t before = ArmedAllocationCount();
  std::vector<std::thread> threads;
  for (bool armed : {true, false, true, true}) threads.emplace_back(work, armed);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ArmedAllocationCount() - before, 3 * 2000);
}

TEST(AllocationGuardTest, CountsEveryFormOfOperatorNew) {
  constexpr std::align_val_t kWide{128};
  const auto aligned = [](void* block) {
    return reinterpret_cast<uintptr_t>(block) % static_cast<size_t>(kWide) == 0;
  };
  EXPECT_EQ(Counted([&] {
              void* block = ::operator new(10, kWide, std::nothrow);
              EXPECT_TRUE(aligned(block));
              ::operator delete(Used(block), kWide, std::nothrow);
            }),
            2);
  EXPECT_EQ(Counted([&] {
              void* block = ::operator new[](10, kWide, std::nothrow);
              EXPECT_TRUE(aligned(block));
              ::operator delete[](Used(block), kWide, std::nothrow);
            }),
            2);
  EXPECT_EQ(
      Counted([] { ::operator delete[](Used(::operator new[](9, std::nothrow)), std::nothrow); }),
      2);
  EXPECT_EQ(Counted([] { ::operator delete(Used(::operator new(0)), size_t{0}); }), 2);
}

// Larger than any address space; volatile, so that no compiler objects.
volatile size_t too_much = SIZE_MAX / 2;

TEST(AllocationGuardTest, WhatCannotBeHadFailsAsItShould) {
  if (!kSeesMalloc) GTEST_SKIP() << "a sanitizer ends the process instead";
  EXPECT_EQ(Used(::operator new(too_much, std::nothrow)), nullptr);
  EXPECT_THROW(Used(::operator new(too_much)), std::bad_alloc);
  errno = 0;
  EXPECT_EQ(Used(malloc(too_much)), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  char mark = 0;
  void* block = &mark;
  EXPECT_EQ(posix_memalign(&block, 64, too_much), ENOMEM);
  EXPECT_EQ(block, &mark);
}

TEST(AllocationGuardTest, GivesWhatTheCLibraryPromises) {
  constexpr size_t kBytes = 10'000;
  auto* zeroes = static_cast<unsigned char*>(Used(calloc(100, kBytes / 100)));
  for (size_t i = 0; i < kBytes; ++i) ASSERT_EQ(zeroes[i], 0);
  memset(zeroes, 'x', kBytes);
  auto* grown = static_cast<unsigned char*>(Used(realloc(zeroes, 100 * kBytes)));
  for (size_t i = 0; i < kBytes; ++i) ASSERT_EQ(grown[i], 'x');
  free(grown);
  free(Used(realloc(nullptr, 10)));
  void* aligned = Used(aligned_alloc(4096, 4096));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(aligned) % 4096, 0u);
  free(aligned);
}

TEST(AllocationGuardTest, ArmingTwiceIsArmingOnce) {
  EXPECT_EQ(Counted([] {
              ArmAllocationCount();
              delete Used(new int);
            }),
            2);
  DisarmAllocationCount();
  const int64_t before = ArmedAllocationCount();
  delete Used(new int);
  EXPECT_EQ(ArmedAllocationCount(), before);
}

}  // namespace
}  // namespace schedd
