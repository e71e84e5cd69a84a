// SPDX-License-Identifier: Apache-2.0
//
// The doorbell on a memory file laid out like a BPF ring buffer. One cannot wait for a memory file:
// this program's own epoll_ctl() puts an eventfd in its place.
#include "server/kernel/doorbell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include "absl/time/clock.h"

namespace {

int ring_fd = -1;                       // the memory file
int bell_fd = -1;                       // what is waited for instead; -1: the file itself
std::optional<timespec> given_timeout;  // of the last wait; nothing: for ever

}  // namespace

extern "C" int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
  const int watched = fd == ring_fd && bell_fd >= 0 ? bell_fd : fd;
  return static_cast<int>(syscall(SYS_epoll_ctl, epoll_fd, operation, watched, event));
}

extern "C" int epoll_pwait2(int epoll_fd, epoll_event* events, int size, const timespec* timeout,
                            const sigset_t* mask) {
  given_timeout.reset();
  if (timeout != nullptr) given_timeout = *timeout;
  return static_cast<int>(
      syscall(SYS_epoll_pwait2, epoll_fd, events, size, timeout, mask, _NSIG / 8));
}

namespace schedd {
namespace {

using ::testing::HasSubstr;

constexpr size_t kRingSize = 4096;

std::ptrdiff_t OpenDescriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

class DoorbellTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    ring_fd = memfd_create("doorbell_test", MFD_CLOEXEC);
    ASSERT_EQ(ftruncate(ring_fd, static_cast<off_t>(2 * page + 2 * kRingSize)), 0);
    absl::StatusOr<Mapping> ring =
        Mapping::Create(ring_fd, 2 * page, 0, Mapping::Access::kReadWrite, "ring");
    ASSERT_TRUE(ring.ok()) << ring.status();
    ring_ = *std::move(ring);
    consumer_ = ring_.as<uint64_t>();
    producer_ = ring_.as<uint64_t>(page);
    bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  }

  void TearDown() override {
    bell_.reset();
    close(ring_fd);
    close(bell_fd);
    ring_fd = bell_fd = -1;
  }

  void Open() {
    absl::StatusOr<std::unique_ptr<Doorbell>> bell = Doorbell::Create(ring_fd, kRingSize);
    ASSERT_TRUE(bell.ok()) << bell.status();
    bell_ = *std::move(bell);
  }

  // As the dispatcher does: records up to `position`.
  void Ring(uint64_t position) {
    *producer_ = position;
    ASSERT_EQ(eventfd_write(bell_fd, 1), 0);
  }

  Mapping ring_;
  uint64_t* consumer_ = nullptr;
  uint64_t* producer_ = nullptr;
  std::unique_ptr<Doorbell> bell_;
};

TEST_F(DoorbellTest, ARingEndsTheWaitAndAllRecordsAreSkipped) {
  Open();
  for (const uint64_t position : {uint64_t{16}, uint64_t{160}, uint64_t{1} << 40}) {
    Ring(position);
    bell_->Wait(-1);
    EXPECT_EQ(*consumer_, position);
  }
}

TEST_F(DoorbellTest, AWakeBeforeTheWaitIsNotLost) {
  Open();
  bell_->Wake();
  bell_->Wait(-1);
}

TEST_F(DoorbellTest, AWakeFromAnotherThreadEndsTheWait) {
  Open();
  std::jthread waker([this] { bell_->Wake(); });
  bell_->Wait(-1);
}

TEST_F(DoorbellTest, AWakeLeavesTheRecords) {
  Open();
  *producer_ = 64;
  bell_->Wake();
  bell_->Wait(-1);
  EXPECT_EQ(*consumer_, 0U);
}

TEST_F(DoorbellTest, ManyWakesAreOne) {
  Open();
  for (int i = 0; i < 1000; i++) bell_->Wake();
  bell_->Wait(-1);
  const absl::Time before = absl::Now();
  bell_->Wait(2'000'000);  // nothing is left: the time is waited out
  EXPECT_GE(absl::Now() - before, absl::Milliseconds(2));
}

TEST_F(DoorbellTest, ARingAndAWakeAreSeenTogether) {
  Open();
  Ring(32);
  bell_->Wake();
  bell_->Wait(-1);
  EXPECT_EQ(*consumer_, 32U);
  eventfd_t rings = 0;
  ASSERT_EQ(eventfd_read(bell_fd, &rings), 0);
  const absl::Time before = absl::Now();
  bell_->Wait(2'000'000);
  EXPECT_GE(absl::Now() - before, absl::Milliseconds(2));
}

struct TimeoutCase {
  int64_t timeout_ns;
  int64_t seconds;
  int64_t nanos;
};

TEST_F(DoorbellTest, TimeoutsReachTheKernelWhole) {
  const TimeoutCase cases[] = {{0, 0, 0},
                               {1, 0, 1},
                               {999'999'999, 0, 999'999'999},
                               {1'000'000'000, 1, 0},
                               {90'500'000'000, 90, 500'000'000}};
  Open();
  for (const TimeoutCase& c : cases) {
    bell_->Wake();
    bell_->Wait(c.timeout_ns);
    ASSERT_TRUE(given_timeout.has_value()) << c.timeout_ns;
    EXPECT_EQ(given_timeout->tv_sec, c.seconds) << c.timeout_ns;
    EXPECT_EQ(given_timeout->tv_nsec, c.nanos) << c.timeout_ns;
  }
  for (const int64_t for_ever : {int64_t{-1}, INT64_MIN}) {
    bell_->Wake();
    bell_->Wait(for_ever);
    EXPECT_FALSE(given_timeout.has_value()) << for_ever;
  }
}

TEST_F(DoorbellTest, ASignalEndsTheWait) {
  Open();
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  struct sigaction before = {};
  ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
  // Again and again: the first one may come before the wait does.
  const itimerval often = {{0, 1000}, {0, 1000}};
  const itimerval never = {};
  ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
  bell_->Wait(-1);
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &before, nullptr);
  EXPECT_EQ(*consumer_, 0U);
}

TEST_F(DoorbellTest, DescriptorsGoWithIt) {
  const auto before = OpenDescriptors();
  Open();
  EXPECT_EQ(OpenDescriptors(), before + 2);
  bell_.reset();
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(DoorbellTest, WhatCannotBeMappedIsAnError) {
  const absl::Status status = Doorbell::Create(-1, kRingSize).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot map the doorbell"));
}

TEST_F(DoorbellTest, WhatCannotBeWaitedForIsAnErrorAndLeavesNothing) {
  close(bell_fd);
  bell_fd = -1;
  const auto before = OpenDescriptors();
  const absl::Status status = Doorbell::Create(ring_fd, kRingSize).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot watch the doorbell"));
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace schedd
