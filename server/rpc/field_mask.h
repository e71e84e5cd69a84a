// SPDX-License-Identifier: Apache-2.0
//
// read_mask of List and Watch methods: which fields of a message a caller wants.
//
// An immutable value, built once for a call; any thread. Create() fails with INVALID_ARGUMENT,
// reason UNKNOWN_FIELD, and names the paths that are allowed.
#ifndef SCHEDD_RPC_FIELD_MASK_H_
#define SCHEDD_RPC_FIELD_MASK_H_

#include <google/protobuf/field_mask.pb.h>

#include <string>

#include "absl/status/statusor.h"

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

namespace schedd::rpc {

class ReadMask {
 public:
  // An empty mask, or one with "*", wants everything. `field` names the mask in errors.
  static absl::StatusOr<ReadMask> Create(const google::protobuf::FieldMask& mask,
                                         const google::protobuf::Descriptor& type,
                                         const std::string& field);

  bool all() const { return mask_.paths_size() == 0; }

  // Clears what is not wanted. `message` is of the type given to Create().
  void Trim(google::protobuf::Message* message) const;

 private:
  google::protobuf::FieldMask mask_;  // canonical; empty: everything
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_FIELD_MASK_H_
