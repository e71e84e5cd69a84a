// SPDX-License-Identifier: Apache-2.0
//
// Two processes that hand a byte to and fro over pipes, each asleep while the other one runs. Now
// and then the first does not go to sleep after it wrote but computes for 40 ms.
//
//     handover BREAKS
//
// That many times it breaks its word, after 10 rounds in which it kept it. Then one line: the
// median and the longest time from such a write until the other process had read the byte, in us.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

constexpr int kKept = 10;
constexpr int64_t kComputesNs = 40'000'000;

int64_t NowNanos() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

bool Send(int fd, int64_t value) { return write(fd, &value, sizeof value) == sizeof value; }
bool Receive(int fd, int64_t* value) { return read(fd, value, sizeof *value) == sizeof *value; }

// Answers each time it was sent with how long that took.
int Answer(int in, int out) {
  int64_t sent_ns = 0;
  while (Receive(in, &sent_ns)) {
    if (!Send(out, NowNanos() - sent_ns)) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int breaks = argc == 2 ? std::atoi(argv[1]) : 0;
  int there[2], back[2];
  if (breaks < 1 || pipe(there) != 0 || pipe(back) != 0) {
    std::fprintf(stderr, "usage: handover BREAKS\n");
    return 2;
  }
  const pid_t other = fork();
  if (other == 0) {
    close(there[1]);
    return Answer(there[0], back[1]);
  }
  std::vector<int64_t> delays;
  for (int i = 0; i < breaks; ++i) {
    int64_t delay_ns = 0;
    for (int round = 0; round <= kKept; ++round) {
      const int64_t now_ns = NowNanos();
      if (!Send(there[1], now_ns)) return 1;
      while (round == kKept && NowNanos() - now_ns < kComputesNs) {
      }
      if (!Receive(back[0], &delay_ns)) return 1;
    }
    delays.push_back(delay_ns / 1000);
  }
  close(there[1]);
  waitpid(other, nullptr, 0);
  std::sort(delays.begin(), delays.end());
  std::printf("%lld %lld\n", static_cast<long long>(delays[delays.size() / 2]),
              static_cast<long long>(delays.back()));
  return 0;
}
