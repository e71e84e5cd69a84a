// SPDX-License-Identifier: Apache-2.0
//
// Who may call what: the one table.
//
// A constant; any thread. A method that is not in it may be called by nobody. What is served and
// what stands here are compared by tests/unit/rpc/method_rules_test.cc.
#ifndef SCHEDD_RPC_METHOD_RULES_H_
#define SCHEDD_RPC_METHOD_RULES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/rpc/roles.h"

namespace schedd::rpc {

struct MethodRule {
  enum class Kind {
    kOpen,     // whoever gets through, also without a role: nothing asks for `allowed`
    kRead,     // changes nothing
    kMutates,  // each call goes into the audit log
  };
  absl::string_view method;  // "/schedd.v1.TaskService/GetTask"
  Kind kind;
  RoleSet allowed;  // one of these is needed
};

absl::Span<const MethodRule> MethodRules();

// nullptr: there is none.
const MethodRule* FindMethodRule(absl::string_view method);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_METHOD_RULES_H_
