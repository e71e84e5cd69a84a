// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/tls_files.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace schedd::rpc {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

absl::Status Refuse(const std::string& path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", why));
}

// The bits of its mode.
absl::StatusOr<mode_t> ReadMode(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) == 0) return info.st_mode;
  const std::string message = absl::StrCat("cannot read ", path, ": ", std::strerror(errno));
  return errno == EACCES ? absl::PermissionDeniedError(message)
                         : absl::InvalidArgumentError(message);
}

absl::StatusOr<Bio> Open(const std::string& path) {
  const absl::StatusOr<mode_t> mode = ReadMode(path);
  if (!mode.ok()) return mode.status();
  Bio file(BIO_new_file(path.c_str(), "r"));
  if (file == nullptr) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  return file;
}

absl::StatusOr<Certificate> ReadCertificate(const std::string& path) {
  const absl::StatusOr<Bio> file = Open(path);
  if (!file.ok()) return file.status();
  Certificate certificate(PEM_read_bio_X509(file->get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return Refuse(path, "it holds no certificate in PEM form");
  return certificate;
}

// A key with a passphrase would ask on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

absl::StatusOr<Key> ReadKey(const std::string& path) {
  const absl::StatusOr<Bio> file = Open(path);
  if (!file.ok()) return file.status();
  Key key(PEM_read_bio_PrivateKey(file->get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return Refuse(path, "it holds no private key in PEM form without a passphrase");
  }
  return key;
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files) {
  const absl::StatusOr<Certificate> certificate = ReadCertificate(files.certificate);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<Key> key = ReadKey(files.key);
  if (!key.ok()) return key.status();
  const absl::StatusOr<mode_t> mode = ReadMode(files.key);
  if (!mode.ok()) return mode.status();
  if ((*mode & S_IRWXO) != 0) {
    return absl::PermissionDeniedError(absl::StrCat(
        files.key, ": a private key that everybody may use is none: chmod o= ", files.key));
  }
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    return Refuse(files.key, absl::StrCat("it is not the key of ", files.certificate));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate->get())) < 0) {
    return Refuse(files.certificate, "it has expired: have a new one made");
  }
  return ReadCertificate(files.authorities).status();
}

}  // namespace schedd::rpc
