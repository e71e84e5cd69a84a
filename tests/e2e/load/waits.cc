// SPDX-License-Identifier: Apache-2.0
//
// Endless loops that look at the clock all the time: how long they had to wait for a CPU.
//
//     waits SECONDS COUNT TURN_US
//
// COUNT processes loop for SECONDS. Then a line for each, the longest wait first:
//     WAIT_MS GAP_MS PID
// GAP is the longest time between two looks at the clock. WAIT is the longest without a turn of
// TURN_US of CPU time: an emulated CPU may be off its host CPU for a whole turn, which the kernel
// then charges to a process that executed nothing. A gap in which the process was charged n turns
// is n + 1 waits; one that lost the CPU before its turn was over had none. CPU time is read after
// each look at the clock, and most turns end while it is: whether the turn before belongs to the
// gap is not known, so all that was charged since the reading before that look counts.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>
#include <vector>

namespace {

struct Longest {
  int64_t wait_ns = 0;
  int64_t gap_ns = 0;
  pid_t pid = 0;
};

int64_t Nanos(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

Longest Loop(int64_t until_ns, int64_t turn_ns) {
  Longest longest;
  int64_t last_ns = Nanos(CLOCK_MONOTONIC);
  int64_t last_cpu_ns = Nanos(CLOCK_THREAD_CPUTIME_ID);
  int64_t cpu_before_last_ns = last_cpu_ns;
  while (last_ns < until_ns) {
    const int64_t now_ns = Nanos(CLOCK_MONOTONIC);
    const int64_t cpu_ns = Nanos(CLOCK_THREAD_CPUTIME_ID);
    const int64_t gap_ns = now_ns - last_ns;
    const int64_t charged_ns = cpu_ns - cpu_before_last_ns;
    const int64_t waits = charged_ns / turn_ns + 1;
    longest.wait_ns = std::max(longest.wait_ns, gap_ns / waits);
    longest.gap_ns = std::max(longest.gap_ns, gap_ns);
    last_ns = now_ns;
    cpu_before_last_ns = std::exchange(last_cpu_ns, cpu_ns);
  }
  return longest;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t seconds = argc == 4 ? std::atoll(argv[1]) : 0;
  const size_t count = argc == 4 ? static_cast<size_t>(std::atoll(argv[2])) : 0;
  const int64_t turn_ns = argc == 4 ? std::atoll(argv[3]) * 1000 : 0;
  if (seconds < 1 || count < 1 || turn_ns < 1) {
    std::fprintf(stderr, "usage: waits SECONDS COUNT TURN_US\n");
    return 2;
  }
  void* const memory = mmap(nullptr, count * sizeof(Longest), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  Longest* const found = static_cast<Longest*>(memory);
  const int64_t until_ns = Nanos(CLOCK_MONOTONIC) + seconds * 1'000'000'000;
  for (size_t i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
      found[i] = Loop(until_ns, turn_ns);
      found[i].pid = getpid();
      _exit(0);
    }
  }
  while (wait(nullptr) > 0) {
  }
  std::vector<Longest> sorted(found, found + count);
  std::sort(sorted.begin(), sorted.end(),
            [](const Longest& a, const Longest& b) { return a.wait_ns > b.wait_ns; });
  for (const Longest& longest : sorted) {
    std::printf("%.1f %.1f %d\n", static_cast<double>(longest.wait_ns) / 1e6,
                static_cast<double>(longest.gap_ns) / 1e6, longest.pid);
  }
  return 0;
}
