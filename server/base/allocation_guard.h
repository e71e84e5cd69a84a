// SPDX-License-Identifier: Apache-2.0
//
// Counts heap calls of threads that promised to make none.
//
// Process-wide state, owned by nobody. Linking this library replaces malloc and its family
// (operator new and delete use them) by versions that count and go on to the C library; under
// sanitizers, which need malloc for themselves, only operator new and delete are replaced. Any
// thread; arming is per thread and costs one thread-local flag per heap call. Units: calls. Cannot
// fail, and never changes what a heap call does.
#ifndef SCHEDD_BASE_ALLOCATION_GUARD_H_
#define SCHEDD_BASE_ALLOCATION_GUARD_H_

#include <cstdint>

namespace schedd {

// From here on, heap calls of the calling thread are counted.
void ArmAllocationCount();

// From here on, they are not.
void DisarmAllocationCount();

// Allocations and frees (but for free(nullptr)) made by armed threads since the process started,
// over all threads.
int64_t ArmedAllocationCount();

}  // namespace schedd

#endif  // SCHEDD_BASE_ALLOCATION_GUARD_H_
