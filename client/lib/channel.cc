// SPDX-License-Identifier: Apache-2.0
#include "client/lib/channel.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace schedd::client {
namespace {

namespace tls = grpc::experimental;

// New files of a long-lived client count after so many seconds.
constexpr unsigned kFilesInterval = 10;

// The server has this SPIFFE ID, and no other URI.
class SpiffeVerifier : public tls::ExternalCertificateVerifier {
 public:
  explicit SpiffeVerifier(std::string id) : id_(std::move(id)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)> /*callback*/, grpc::Status* sync_status) override {
    const std::vector<grpc::string_ref> uris = request->uri_names();
    if (uris.size() != 1 || uris[0] != grpc::string_ref(id_)) {
      *sync_status = grpc::Status(
          grpc::StatusCode::UNAUTHENTICATED,
          absl::StrCat("the server's certificate is not that of ", id_,
                       uris.empty() ? std::string(" (it has no URI)")
                                    : absl::StrCat(" but of ", absl::string_view(uris[0].data(),
                                                                                 uris[0].size()))));
    }
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest* /*request*/) override {}

 private:
  const std::string id_;
};

bool NamesSpiffeId(const TlsOptions& options) {
  return absl::StartsWith(options.server_name, "spiffe://");
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const TlsOptions& options) {
  tls::TlsChannelCredentialsOptions credentials;
  credentials.set_certificate_provider(std::make_shared<tls::FileWatcherCertificateProvider>(
      options.key, options.certificate, options.authorities, kFilesInterval));
  credentials.watch_root_certs();
  credentials.watch_identity_key_cert_pairs();
  if (NamesSpiffeId(options)) {
    credentials.set_certificate_verifier(
        tls::ExternalCertificateVerifier::Create<SpiffeVerifier>(options.server_name));
    credentials.set_check_call_host(false);
  }
  return tls::TlsCredentials(credentials);
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const Endpoint& endpoint, const TlsOptions& tls) {
  grpc::ChannelArguments arguments;
  // A daemon that restarts is back within milliseconds; gRPC's own first pause is a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  // Despite its name the time that one attempt to connect may take: a busy machine needs a while.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Otherwise the receive window grows and a slow reader gets updates that are seconds old.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // The daemon is named directly; a web proxy of the environment has no part in it.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Two clients of one endpoint do not share a connection, nor its back-off.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  if (!endpoint.unix_path.empty() || !tls.enabled()) {
    return grpc::CreateCustomChannel(endpoint.target, grpc::InsecureChannelCredentials(),
                                     arguments);
  }
  if (!tls.server_name.empty() && !NamesSpiffeId(tls)) {
    arguments.SetSslTargetNameOverride(tls.server_name);
  }
  return grpc::CreateCustomChannel(endpoint.target, MakeCredentials(tls), arguments);
}

}  // namespace schedd::client
