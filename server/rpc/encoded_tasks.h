// SPDX-License-Identifier: Apache-2.0
//
// Tasks in a message that is to be sent, as bytes: what it costs to encode a task is paid once for
// all lists and streams that show it (TaskInfo::encoding), and not by each of its readers.
//
// Used by one call or stream; not for several threads at once. Cannot fail.
#ifndef SCHEDD_RPC_ENCODED_TASKS_H_
#define SCHEDD_RPC_ENCODED_TASKS_H_

#include <google/protobuf/message.h>

#include <cstddef>
#include <string>

#include "server/control/task_info.h"
#include "server/rpc/field_mask.h"

namespace schedd::rpc {

class EncodedTasks {
 public:
  // For the repeated field `number`, of type v1.Task. `mask` outlives it.
  EncodedTasks(const ReadMask* mask, int number) : mask_(mask), number_(number) {}

  // Adds a task as the mask wants it, unless the message would then have more than `most` bytes in
  // tasks. Here the field goes on looking empty, to the receiver it does not. False: it did not.
  bool Add(const TaskInfo& info, size_t most, google::protobuf::Message* message);

  // Tasks are added to another message from now on.
  void Restart() { bytes_ = 0; }

 private:
  const std::string& Encode(const TaskInfo& info);

  const ReadMask* const mask_;
  const int number_;
  size_t bytes_ = 0;
  std::string trimmed_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_ENCODED_TASKS_H_
