// SPDX-License-Identifier: Apache-2.0
//
// What the scheduling thread sleeps on: the dispatcher's doorbell (a BPF ring buffer whose records
// mean nothing) and Wake() from other threads.
//
// Create() on the control thread; Wait() on the scheduling thread only: it makes one epoll call,
// and one read when Wake() was used; it allocates nothing. Wake() from any thread.
#ifndef SCHEDD_KERNEL_DOORBELL_H_
#define SCHEDD_KERNEL_DOORBELL_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "server/kernel/mapping.h"

namespace schedd {

class Doorbell {
 public:
  // `ring_fd`: a BPF_MAP_TYPE_RINGBUF of `ring_size` bytes; not owned.
  static absl::StatusOr<std::unique_ptr<Doorbell>> Create(int ring_fd, size_t ring_size);
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  // Sleeps for at most timeout_ns (negative: no limit); returns early when rung, woken, or
  // interrupted.
  void Wait(int64_t timeout_ns);
  void Wake();

 private:
  Doorbell() = default;

  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  Mapping consumer_;  // position read up to; ours
  Mapping producer_;  // position written up to, then the records; the kernel's
};

}  // namespace schedd

#endif  // SCHEDD_KERNEL_DOORBELL_H_
