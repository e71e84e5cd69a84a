// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/encoded_tasks.h"

#include <google/protobuf/unknown_field_set.h>

#include "server/rpc/convert.h"

namespace schedd::rpc {
namespace {

// Tag and length of an element, at most.
constexpr size_t kElementOverhead = 8;

}  // namespace

bool EncodedTasks::Add(const TaskInfo& info, size_t most, google::protobuf::Message* message) {
  const std::string& task = Encode(info);
  if (bytes_ + task.size() + kElementOverhead > most) return false;
  bytes_ += task.size() + kElementOverhead;
  // A field that a message does not know is sent as it is.
  message->GetReflection()->MutableUnknownFields(message)->AddLengthDelimited(number_, task);
  return true;
}

const std::string& EncodedTasks::Encode(const TaskInfo& info) {
  if (mask_->all()) {
    return info.encoding.Get([&info] { return ToProto(info).SerializeAsString(); });
  }
  v1::Task task = ToProto(info);
  mask_->Trim(&task);
  task.SerializeToString(&trimmed_);
  return trimmed_;
}

}  // namespace schedd::rpc
