// SPDX-License-Identifier: Apache-2.0
//
// A task that gives its CPU away all the time, to nobody when nobody waits.
//
//     yields SECONDS
//
// Then one line: how often it called sched_yield().
#include <sched.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

int main(int argc, char** argv) {
  const int64_t seconds = argc == 2 ? std::atoll(argv[1]) : 0;
  if (seconds < 1) {
    std::fprintf(stderr, "usage: yields SECONDS\n");
    return 2;
  }
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t end_s = now.tv_sec + seconds;
  int64_t yields = 0;
  for (; now.tv_sec < end_s; clock_gettime(CLOCK_MONOTONIC, &now)) {
    sched_yield();
    ++yields;
  }
  std::printf("%lld\n", static_cast<long long>(yields));
  return 0;
}
