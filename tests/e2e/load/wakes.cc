// SPDX-License-Identifier: Apache-2.0
//
// An interactive task: wakes every 10 ms, does next to nothing, and notes how late it was.
//
//     wakes [--mean] SECONDS
//
// Then one line: P99 MAX, of the delays in us; with --mean, the mean before them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kIntervalNs = 10'000'000;

int64_t NowNanos() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

// How late it returned.
int64_t SleepUntil(int64_t due_ns) {
  const timespec due = {.tv_sec = due_ns / kSecondNs, .tv_nsec = due_ns % kSecondNs};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
  return NowNanos() - due_ns;
}

}  // namespace

int main(int argc, char** argv) {
  const bool with_mean = argc == 3 && std::string_view(argv[1]) == "--mean";
  const int64_t seconds = argc == (with_mean ? 3 : 2) ? std::atoll(argv[argc - 1]) : 0;
  if (seconds < 1) {
    std::fprintf(stderr, "usage: wakes [--mean] SECONDS\n");
    return 2;
  }
  std::vector<int64_t> delays_ns;
  delays_ns.reserve(static_cast<size_t>(seconds * kSecondNs / kIntervalNs));
  const int64_t end_ns = NowNanos() + seconds * kSecondNs;
  // The next wake-up is due after the last one, as with a task that reacts: a late one does not
  // make those after it late, too.
  while (NowNanos() < end_ns) delays_ns.push_back(SleepUntil(NowNanos() + kIntervalNs));
  std::sort(delays_ns.begin(), delays_ns.end());
  if (with_mean) {
    const int64_t sum = std::accumulate(delays_ns.begin(), delays_ns.end(), int64_t{0});
    std::printf("%lld ",
                static_cast<long long>(sum / static_cast<int64_t>(delays_ns.size()) / 1000));
  }
  const size_t p99 = (delays_ns.size() - 1) * 99 / 100;
  std::printf("%lld %lld\n", static_cast<long long>(delays_ns[p99] / 1000),
              static_cast<long long>(delays_ns.back() / 1000));
  return 0;
}
