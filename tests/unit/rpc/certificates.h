// SPDX-License-Identifier: Apache-2.0
//
// Certificates for tests, made with the openssl command.
//
// Owned by a test and used on its thread; the files go with it. A command that fails fails the
// test.
#ifndef SCHEDD_TESTS_UNIT_RPC_CERTIFICATES_H_
#define SCHEDD_TESTS_UNIT_RPC_CERTIFICATES_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/rpc/tls_files.h"

namespace schedd::rpc {

// An authority, and what it signs, in a directory of its own.
class Authority {
 public:
  Authority() {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    Run(
        absl::StrCat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 "
                     "-subj /CN=authority -keyout ",
                     Path("ca.key"), " -out ", pem()));
  }
  ~Authority() { std::filesystem::remove_all(directory_); }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  std::string pem() const { return Path("ca.pem"); }
  std::string Path(const std::string& name) const { return absl::StrCat(directory_, "/", name); }

  // `alternatives` as in "URI:spiffe://test/x,IP:127.0.0.1"; empty: none. Negative days: it has
  // expired. `authorities` of the result is this one.
  TlsFiles Issue(const std::string& name, const std::string& alternatives, int days = 1) const {
    const std::string base = Path(name);
    Run(absl::StrCat("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=",
                     name, " -keyout ", base, ".key -out ", base, ".csr",
                     alternatives.empty() ? "" : " -addext subjectAltName=" + alternatives));
    Run(absl::StrCat("openssl x509 -req -in ", base, ".csr -CA ", pem(), " -CAkey ", Path("ca.key"),
                     " -CAcreateserial -copy_extensions copy -days ", days, " -out ", base,
                     ".pem"));
    return {absl::StrCat(base, ".pem"), absl::StrCat(base, ".key"), pem()};
  }

 private:
  static void Run(const std::string& command) {
    EXPECT_EQ(system((command + " 2>/dev/null").c_str()), 0) << command;
  }

  std::string directory_ = "/tmp/certificates_XXXXXX";
};

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace schedd::rpc

#endif  // SCHEDD_TESTS_UNIT_RPC_CERTIFICATES_H_
