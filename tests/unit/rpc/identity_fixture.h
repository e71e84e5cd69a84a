// SPDX-License-Identifier: Apache-2.0
//
// A server on a unix socket and, with certificates, on TCP; and any method of it, called with an
// empty request.
#ifndef SCHEDD_TESTS_UNIT_RPC_IDENTITY_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_RPC_IDENTITY_FIXTURE_H_

#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/synchronization/notification.h"
#include "tests/unit/rpc/certificates.h"
#include "tests/unit/rpc/server_fixture.h"

namespace schedd::rpc {

class IdentityFixture : public ServerFixture {
 protected:
  void SetUp() override {
    options_.tls = authority_.Issue("server", "IP:127.0.0.1");
    options_.tls_interval = absl::Seconds(1);
    ServerFixture::SetUp();
    server_.reset();
    options_.addresses.push_back(*ParseListenAddress("127.0.0.1:0"));
    Start();
    ASSERT_EQ(server_->addresses().size(), 2u);
  }

  // With that certificate, trusting files.authorities.
  std::shared_ptr<grpc::Channel> TlsChannel(const TlsFiles& files) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ReadAll(files.authorities);
    if (!files.certificate.empty()) {
      options.pem_cert_chain = ReadAll(files.certificate);
      options.pem_private_key = ReadAll(files.key);
    }
    return TcpChannel(grpc::SslCredentials(options));
  }

  std::shared_ptr<grpc::Channel> TcpChannel(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    own.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return grpc::CreateCustomChannel(server_->addresses().at(1), credentials, own);
  }

  // An empty request changes nothing: methods that want a name refuse it. A stream that does not
  // end is given up.
  static grpc::Status CallEmpty(const std::shared_ptr<grpc::Channel>& channel,
                                const std::string& method,
                                std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    grpc::Slice nothing;
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer reply;
    grpc::Status status;
    absl::Notification done;
    stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &reply,
                   [&](const grpc::Status& result) {
                     status = result;
                     done.Notify();
                   });
    done.WaitForNotification();
    return status;
  }

  static constexpr char kRead[] = "/schedd.v1.PolicyService/ListParameterSpecs";
  static constexpr char kChange[] = "/schedd.v1.SchedulerService/DetachScheduler";

  const Authority authority_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_TESTS_UNIT_RPC_IDENTITY_FIXTURE_H_
