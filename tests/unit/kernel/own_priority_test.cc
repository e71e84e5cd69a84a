// SPDX-License-Identifier: Apache-2.0
//
// What can be seen without sched_ext: that nothing is different afterwards. That it helps is shown
// by tests/e2e/detach.sh.
#include "server/kernel/own_priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <latch>
#include <thread>

namespace schedd {
namespace {

TEST(OwnPriorityTest, EachThreadKeepsItsNiceValue) {
  std::latch begun(1), over(1);  // absl's would be a race to TSan: the library is not built for it
  pid_t tid = 0;
  std::thread other([&] {
    tid = static_cast<pid_t>(syscall(SYS_gettid));
    setpriority(PRIO_PROCESS, 0, 19);
    begun.count_down();
    over.wait();
  });
  begun.wait();
  const int own = getpriority(PRIO_PROCESS, 0);
  RenewNiceValues();
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), own);
  EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(tid)), 19);
  over.count_down();
  other.join();
}

}  // namespace
}  // namespace schedd
