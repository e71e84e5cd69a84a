// SPDX-License-Identifier: Apache-2.0
//
// A shared memory mapping that unmaps itself, with every page faulted in at construction so that no
// later access faults.
//
// Movable value; the memory may be used from any thread. Creation fails with the errno of mmap.
#ifndef SCHEDD_KERNEL_MAPPING_H_
#define SCHEDD_KERNEL_MAPPING_H_

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace schedd {

class Mapping {
 public:
  enum class Access { kRead, kReadWrite };

  // Maps `size` bytes (rounded up to pages) of `fd` from `offset`. `what` names it in errors.
  static absl::StatusOr<Mapping> Create(int fd, size_t size, off_t offset, Access access,
                                        const std::string& what);

  Mapping() = default;
  Mapping(Mapping&& other) noexcept { *this = std::move(other); }
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping();

  template <typename T>
  T* as(size_t byte_offset = 0) const {
    return reinterpret_cast<T*>(static_cast<char*>(address_) + byte_offset);
  }

 private:
  Mapping(void* address, size_t size) : address_(address), size_(size) {}

  void* address_ = nullptr;
  size_t size_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_KERNEL_MAPPING_H_
