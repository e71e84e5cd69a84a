// SPDX-License-Identifier: Apache-2.0
//
// A client of a fake schedd that tries again without a pause.
//
// Base class of the tests of the client. One thread; the fake server has its own.
#ifndef SCHEDD_TESTS_UNIT_CLIENT_LIB_CLIENT_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_CLIENT_LIB_CLIENT_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>

#include "absl/time/time.h"
#include "client/lib/client.h"
#include "tests/unit/client/fake_server.h"

namespace schedd::client {

class ClientTest : public testing::Test {
 protected:
  ClientTest() : client_(*Client::Connect(server_.endpoint(), Fast())) {}

  // Retries at once.
  static ClientOptions Fast() {
    ClientOptions options;
    options.retry_pause = absl::ZeroDuration();
    return options;
  }

  FakeServer server_;
  std::unique_ptr<Client> client_;
};

}  // namespace schedd::client

#endif  // SCHEDD_TESTS_UNIT_CLIENT_LIB_CLIENT_FIXTURE_H_
