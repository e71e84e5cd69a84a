// SPDX-License-Identifier: Apache-2.0
//
// The C++ examples of docs/api.md as functions, in the order of the page.
//
// Constant data; each function makes calls of the API by the client it gets, prints to std::cout
// and returns the first error that it did not expect.
#ifndef SCHEDD_TESTS_NATIVE_GUIDE_EXAMPLES_H_
#define SCHEDD_TESTS_NATIVE_GUIDE_EXAMPLES_H_

#include <span>

#include "absl/status/status.h"
#include "client/lib/client.h"

namespace schedd {

struct Example {
  const char* heading;  // "TaskService.GetTask"
  absl::Status (*run)(client::Client& client);
};

std::span<const Example> Examples();

}  // namespace schedd

#endif  // SCHEDD_TESTS_NATIVE_GUIDE_EXAMPLES_H_
