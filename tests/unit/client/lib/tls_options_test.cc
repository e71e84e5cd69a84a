// SPDX-License-Identifier: Apache-2.0
#include "client/lib/tls_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace schedd::client {
namespace {

using ::testing::HasSubstr;

constexpr char kThere[] = "/proc/self/stat";

class TlsOptionsTest : public ::testing::Test {
 protected:
  absl::StatusOr<TlsOptions> Choose(const TlsOptions& options) {
    return ChooseTls(options, [this](const char* name) -> const char* {
      const auto found = environment_.find(name);
      return found == environment_.end() ? nullptr : found->second.c_str();
    });
  }

  std::map<std::string, std::string> environment_;
};

TEST_F(TlsOptionsTest, NothingMeansNoTls) {
  const auto options = Choose({});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_FALSE(options->enabled());
}

TEST_F(TlsOptionsTest, TheEnvironmentFillsWhatIsNotGiven) {
  environment_ = {{"SCHEDD_TLS_CERT", "/other"},
                  {"SCHEDD_TLS_KEY", kThere},
                  {"SCHEDD_TLS_CA", kThere},
                  {"SCHEDD_TLS_SERVER_NAME", "spiffe://a/b"}};
  const auto options =
      Choose({.certificate = kThere, .key = "", .authorities = "", .server_name = ""});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->enabled());
  EXPECT_EQ(options->certificate, kThere);
  EXPECT_EQ(options->key, kThere);
  EXPECT_EQ(options->authorities, kThere);
  EXPECT_EQ(options->server_name, "spiffe://a/b");
}

TEST_F(TlsOptionsTest, TwoOfThreeAreTooFew) {
  for (const char* missing : {"CERT", "KEY", "CA"}) {
    environment_.clear();
    for (const char* name : {"CERT", "KEY", "CA"}) {
      if (name != std::string(missing)) environment_[std::string("SCHEDD_TLS_") + name] = kThere;
    }
    const auto options = Choose({});
    EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument) << missing;
    EXPECT_THAT(std::string(options.status().message()),
                HasSubstr(std::string("(or SCHEDD_TLS_") + missing + ") is missing"));
  }
}

TEST_F(TlsOptionsTest, AFileThatCannotBeReadIsNamed) {
  const auto options =
      Choose({.certificate = kThere, .key = "/nowhere", .authorities = kThere, .server_name = ""});
  EXPECT_THAT(std::string(options.status().message()),
              HasSubstr("--tls-key (or SCHEDD_TLS_KEY): cannot read /nowhere: No such file"));
}

}  // namespace
}  // namespace schedd::client
