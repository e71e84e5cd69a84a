// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/unit/rpc/certificates.h"

namespace schedd::rpc {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TlsFilesTest : public ::testing::Test {
 protected:
  std::string Refusal(const TlsFiles& files) {
    const absl::Status status = CheckTlsFiles(files);
    EXPECT_FALSE(status.ok());
    return std::string(status.message());
  }

  const Authority authority_;
  const TlsFiles good_ = authority_.Issue("server", "IP:127.0.0.1");
};

TEST_F(TlsFilesTest, GoodOnesPass) {
  EXPECT_TRUE(CheckTlsFiles(good_).ok()) << CheckTlsFiles(good_);
}

TEST_F(TlsFilesTest, WhatIsMissingIsNamed) {
  for (std::string TlsFiles::* path :
       {&TlsFiles::certificate, &TlsFiles::key, &TlsFiles::authorities}) {
    TlsFiles files = good_;
    files.*path = authority_.Path("missing");
    EXPECT_THAT(Refusal(files), AllOf(HasSubstr("missing"), HasSubstr("No such file")));
  }
}

TEST_F(TlsFilesTest, WhatIsNoPemIsNamed) {
  const std::string nonsense = authority_.Path("nonsense");
  std::ofstream(nonsense) << "nonsense\n";
  for (std::string TlsFiles::* path :
       {&TlsFiles::certificate, &TlsFiles::key, &TlsFiles::authorities}) {
    TlsFiles files = good_;
    files.*path = nonsense;
    EXPECT_THAT(Refusal(files), AllOf(HasSubstr(nonsense), HasSubstr("PEM")));
  }
}

TEST_F(TlsFilesTest, TheKeyIsThatOfTheCertificate) {
  TlsFiles files = good_;
  files.key = authority_.Issue("other", "").key;
  EXPECT_THAT(Refusal(files), HasSubstr("not the key of"));
}

TEST_F(TlsFilesTest, AKeyForEverybodyIsRefused) {
  ASSERT_EQ(chmod(good_.key.c_str(), 0644), 0);
  EXPECT_THAT(Refusal(good_), HasSubstr("chmod o="));
  ASSERT_EQ(chmod(good_.key.c_str(), 0640), 0);
  EXPECT_TRUE(CheckTlsFiles(good_).ok());
}

TEST_F(TlsFilesTest, AnExpiredCertificateIsRefused) {
  EXPECT_THAT(Refusal(authority_.Issue("old", "IP:127.0.0.1", -1)), HasSubstr("expired"));
}

}  // namespace
}  // namespace schedd::rpc
