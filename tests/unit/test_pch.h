// SPDX-License-Identifier: Apache-2.0
//
// What most unit tests and the headers that they include need of the system; precompiled, see
// tools/build/pch.bzl. A test includes by itself what it uses.
#ifndef SCHEDD_TESTS_UNIT_TEST_PCH_H_
#define SCHEDD_TESTS_UNIT_TEST_PCH_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#endif  // SCHEDD_TESTS_UNIT_TEST_PCH_H_
