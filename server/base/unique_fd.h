// SPDX-License-Identifier: Apache-2.0
//
// A file descriptor that closes itself. Movable value; any thread. Cannot fail.
#ifndef SCHEDD_BASE_UNIQUE_FD_H_
#define SCHEDD_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace schedd {

class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (valid()) close(fd_);
  }
  int get() const { return fd_; }
  // The descriptor, which is the caller's to close from now on.
  int release() { return std::exchange(fd_, -1); }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

}  // namespace schedd

#endif  // SCHEDD_BASE_UNIQUE_FD_H_
