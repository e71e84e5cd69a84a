// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/metrics_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace schedd::metrics {
namespace {

using ::testing::HasSubstr;

TEST(MetricsAddressTest, AnyNumericAddressIsTaken) {
  const std::pair<const char*, TcpAddress> cases[] = {
      {"127.0.0.1:9464", {"127.0.0.1", 9464}},
      {"0.0.0.0:1", {"0.0.0.0", 1}},
      {"192.168.1.5:65535", {"192.168.1.5", 65535}},
      {"localhost:9464", {"127.0.0.1", 9464}},
      {"[::1]:9464", {"::1", 9464}},
      {"[::]:9464", {"::", 9464}},
      {"127.0.0.1:0", {"127.0.0.1", 0}},
  };
  for (const auto& [text, expected] : cases) {
    const auto address = ParseMetricsAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(*address, expected) << text;
  }
}

struct BadAddress {
  const char* text;
  const char* why;
};

class BadAddressTest : public ::testing::TestWithParam<BadAddress> {};

TEST_P(BadAddressTest, IsRefusedWithWhyAndWhatIsAllowed) {
  const auto address = ParseMetricsAddress(GetParam().text);
  ASSERT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(address.status().message());
  EXPECT_THAT(message, HasSubstr(absl::StrCat("'", GetParam().text, "'")));
  EXPECT_THAT(message, HasSubstr(GetParam().why));
  EXPECT_THAT(message, HasSubstr("127.0.0.1:PORT"));
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, BadAddressTest,
    ::testing::Values(
        BadAddress{"", "no port"}, BadAddress{"9464", "no port"},
        BadAddress{"127.0.0.1", "no port"}, BadAddress{"127.0.0.1:", "port must be"},
        BadAddress{"127.0.0.1:http", "port must be"}, BadAddress{"127.0.0.1:65536", "port must be"},
        BadAddress{"127.0.0.1:-1", "port must be"}, BadAddress{"127.0.0.1: 80", "port must be"},
        BadAddress{"127.0.0.1:+80", "port must be"},
        BadAddress{"127.0.0.1:99999999999", "port must be"}, BadAddress{":9464", "no host"},
        BadAddress{"[]:9464", "no host"}, BadAddress{"::1:9464", "in brackets"},
        BadAddress{"[::1:9464", "in brackets"}, BadAddress{"[127.0.0.1]:9464", "in brackets"},
        BadAddress{"[localhost]:9464", "in brackets"}, BadAddress{"example.org:9464", "numeric"},
        BadAddress{"127.1:9464", "numeric"}, BadAddress{"http://127.0.0.1:9464", "numeric"},
        BadAddress{"127.0.0.1:80,127.0.0.1:81", "numeric"},
        BadAddress{"unix:///run/x.sock", "port must be"}));

}  // namespace
}  // namespace schedd::metrics
