// SPDX-License-Identifier: Apache-2.0
#include "server/sim/workload.h"

#include <algorithm>

namespace schedd {
namespace {

// sched_prio_to_weight of the kernel (kernel/sched/core.c), nice -20 to 19.
constexpr int kPrioToWeight[] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
    172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15,
};

}  // namespace

int32_t WeightOfNice(int nice) {
  const int index = std::clamp(nice, -20, 19) + 20;
  // As sched_weight_to_cgroup(): to the nearest, of 100 for 1024.
  return std::clamp((kPrioToWeight[index] * 100 + 512) / 1024, 1, 10'000);
}

}  // namespace schedd
