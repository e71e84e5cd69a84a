// SPDX-License-Identifier: Apache-2.0
//
// Runs schedctl in the process of the test, against a fake schedd, with a fixed clock in UTC.
//
// Base class of the tests of commands. One thread; the fake server has its own.
#ifndef SCHEDD_TESTS_UNIT_CLIENT_SCHEDCTL_HARNESS_H_
#define SCHEDD_TESTS_UNIT_CLIENT_SCHEDCTL_HARNESS_H_

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/schedctl/environment.h"
#include "client/schedctl/run.h"
#include "tests/unit/client/fake_server.h"

namespace schedd::client {

// 2026-11-22 20:31:05 UTC.
inline constexpr int64_t kNowSeconds = 1'795'379'465;

class SchedctlTest : public testing::Test {
 protected:
  struct Result {
    int code;
    std::string out;
    std::string err;
  };

  SchedctlTest() {
    environment_.zone = absl::UTCTimeZone();
    environment_.now = [] { return absl::FromUnixSeconds(kNowSeconds); };
  }

  // schedctl with these words, at the endpoint of the fake.
  Result Run(std::vector<std::string> words) {
    words.insert(words.begin(), {"--endpoint", server_.endpoint()});
    return RunAnywhere(words);
  }

  // schedctl with these words and no others.
  Result RunAnywhere(const std::vector<std::string>& words) {
    std::ostringstream out, err;
    environment_.out = &out;
    environment_.err = &err;
    const int code = RunSchedctl(words, environment_);
    return {code, out.str(), err.str()};
  }

  FakeServer server_;
  Environment environment_;
};

}  // namespace schedd::client

#endif  // SCHEDD_TESTS_UNIT_CLIENT_SCHEDCTL_HARNESS_H_
