// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/doorbell.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace schedd {
namespace {

constexpr uint64_t kRing = 0;
constexpr uint64_t kWake = 1;

absl::Status Add(int epoll_fd, int fd, uint64_t tag) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    return absl::ErrnoToStatus(errno, "cannot watch the doorbell");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Doorbell>> Doorbell::Create(int ring_fd, size_t ring_size) {
  std::unique_ptr<Doorbell> bell(new Doorbell);
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  // The layout of a BPF ring buffer in memory: consumer page, producer page, then the data twice
  // (kernel/bpf/ringbuf.c).
  absl::StatusOr<Mapping> consumer =
      Mapping::Create(ring_fd, page, 0, Mapping::Access::kReadWrite, "the doorbell");
  if (!consumer.ok()) return consumer.status();
  absl::StatusOr<Mapping> producer =
      Mapping::Create(ring_fd, page + 2 * ring_size, static_cast<off_t>(page),
                      Mapping::Access::kRead, "the doorbell");
  if (!producer.ok()) return producer.status();
  bell->consumer_ = *std::move(consumer);
  bell->producer_ = *std::move(producer);
  bell->epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  bell->wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (bell->epoll_fd_ < 0 || bell->wake_fd_ < 0)
    return absl::ErrnoToStatus(errno, "cannot create the doorbell's descriptors");
  if (absl::Status status = Add(bell->epoll_fd_, ring_fd, kRing); !status.ok()) return status;
  if (absl::Status status = Add(bell->epoll_fd_, bell->wake_fd_, kWake); !status.ok())
    return status;
  return bell;
}

Doorbell::~Doorbell() {
  if (epoll_fd_ >= 0) close(epoll_fd_);
  if (wake_fd_ >= 0) close(wake_fd_);
}

void Doorbell::Wait(int64_t timeout_ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  timespec timeout = {};
  if (timeout_ns >= 0) {
    timeout.tv_sec = timeout_ns / kSecond;
    timeout.tv_nsec = timeout_ns % kSecond;
  }
  epoll_event fired[2];
  const int count = epoll_pwait2(epoll_fd_, fired, 2, timeout_ns < 0 ? nullptr : &timeout, nullptr);
  for (int i = 0; i < count; i++) {
    if (fired[i].data.u64 == kWake) {
      uint64_t value = 0;
      static_cast<void>(!read(wake_fd_, &value, sizeof(value)));
    } else {
      // The records say nothing: skip them all.
      const uint64_t written = __atomic_load_n(producer_.as<uint64_t>(), __ATOMIC_ACQUIRE);
      __atomic_store_n(consumer_.as<uint64_t>(), written, __ATOMIC_RELEASE);
    }
  }
}

void Doorbell::Wake() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is being woken already.
  static_cast<void>(!write(wake_fd_, &one, sizeof(one)));
}

}  // namespace schedd
