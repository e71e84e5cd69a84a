// SPDX-License-Identifier: Apache-2.0
//
// Endless loops that look at the clock all the time: the longest gap between two looks is the
// longest time for which the loop had to wait for a CPU.
//
//     gaps SECONDS COUNT
//
// COUNT processes loop for SECONDS. Then a line for each, the longest first: MILLISECONDS PID.
// Real-time interrupts, and an emulated CPU that is off its host CPU, count as well.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

struct Gap {
  int64_t longest_ns;
  pid_t pid;
};

int64_t NowNanos() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

int64_t LongestGap(int64_t until_ns) {
  int64_t longest_ns = 0;
  int64_t last_ns = NowNanos();
  while (last_ns < until_ns) {
    const int64_t now_ns = NowNanos();
    longest_ns = std::max(longest_ns, now_ns - last_ns);
    last_ns = now_ns;
  }
  return longest_ns;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t seconds = argc == 3 ? std::atoll(argv[1]) : 0;
  const size_t count = argc == 3 ? static_cast<size_t>(std::atoll(argv[2])) : 0;
  if (seconds < 1 || count < 1) {
    std::fprintf(stderr, "usage: gaps SECONDS COUNT\n");
    return 2;
  }
  void* const memory =
      mmap(nullptr, count * sizeof(Gap), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  Gap* const gaps = static_cast<Gap*>(memory);
  const int64_t until_ns = NowNanos() + seconds * 1'000'000'000;
  for (size_t i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
      gaps[i] = {.longest_ns = LongestGap(until_ns), .pid = getpid()};
      _exit(0);
    }
  }
  while (wait(nullptr) > 0) {
  }
  std::vector<Gap> sorted(gaps, gaps + count);
  std::sort(sorted.begin(), sorted.end(),
            [](const Gap& a, const Gap& b) { return a.longest_ns > b.longest_ns; });
  for (const Gap& gap : sorted) {
    std::printf("%.1f %d\n", static_cast<double>(gap.longest_ns) / 1e6, gap.pid);
  }
  return 0;
}
