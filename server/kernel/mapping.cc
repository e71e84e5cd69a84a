// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/mapping.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace schedd {

absl::StatusOr<Mapping> Mapping::Create(int fd, size_t size, off_t offset, Access access,
                                        const std::string& what) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t rounded = (size + page - 1) / page * page;
  const int protection = access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  void* address = mmap(nullptr, rounded, protection, MAP_SHARED | MAP_POPULATE, fd, offset);
  if (address == MAP_FAILED)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot map ", what, " (", rounded, " bytes)"));
  // MAP_POPULATE does not reach memory that the kernel maps page by page on demand, as BPF arrays
  // are: touch each page.
  for (size_t at = 0; at < rounded; at += page)
    static_cast<void>(*(static_cast<volatile char*>(address) + at));
  return Mapping(address, rounded);
}

Mapping::~Mapping() {
  if (address_ != nullptr) munmap(address_, size_);
}

}  // namespace schedd
