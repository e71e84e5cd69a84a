// SPDX-License-Identifier: Apache-2.0
//
// All methods of all services that the server has, read from the descriptors that are linked in.
#ifndef SCHEDD_TESTS_UNIT_RPC_LINKED_METHODS_H_
#define SCHEDD_TESTS_UNIT_RPC_LINKED_METHODS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace schedd::rpc {

struct LinkedMethod {
  std::string path;  // "/schedd.v1.TaskService/GetTask"
  bool streams = false;
};

inline std::vector<LinkedMethod> LinkedMethods() {
  // gRPC's own health service has no descriptor.
  std::vector<LinkedMethod> methods = {{"/grpc.health.v1.Health/Check", false},
                                       {"/grpc.health.v1.Health/Watch", true}};
  std::vector<std::string> files;
  google::protobuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  for (const std::string& name : files) {
    const google::protobuf::FileDescriptor* file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor* service = file->service(s);
      for (int m = 0; m < service->method_count(); ++m) {
        methods.push_back({absl::StrCat("/", service->full_name(), "/", service->method(m)->name()),
                           service->method(m)->server_streaming()});
      }
    }
  }
  return methods;
}

}  // namespace schedd::rpc

#endif  // SCHEDD_TESTS_UNIT_RPC_LINKED_METHODS_H_
