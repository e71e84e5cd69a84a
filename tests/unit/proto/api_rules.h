// SPDX-License-Identifier: Apache-2.0
//
// The rules of the API as a function of its descriptors: what Google's AIPs say, as far as schedd
// keeps to them.
//
// It knows no name of any service or message, so what is added is covered without a change here.
// Pure; any thread.
#ifndef SCHEDD_TESTS_UNIT_PROTO_API_RULES_H_
#define SCHEDD_TESTS_UNIT_PROTO_API_RULES_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace schedd {

// One rule that one element breaks.
struct Violation {
  std::string element;  // full name, "schedd.v1.Task.weight"
  std::string rule;     // what must hold, with the AIP's number
};

// Of all that the files define. Comments are checked, so the descriptors need their source
// information.
std::vector<Violation> CheckApi(const std::vector<const google::protobuf::FileDescriptor*>& files);

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_PROTO_API_RULES_H_
