// SPDX-License-Identifier: Apache-2.0
//
// schedctl as a function: the arguments in, the output in the environment's streams, the exit code
// back.
//
// One thread. Every failure is a sentence on environment.err and a code of exit_code.h; nothing
// throws.
#ifndef SCHEDD_CLIENT_SCHEDCTL_RUN_H_
#define SCHEDD_CLIENT_SCHEDCTL_RUN_H_

#include <string>
#include <vector>

#include "client/schedctl/environment.h"

namespace schedd::client {

// `arguments` without the name of the program.
int RunSchedctl(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_RUN_H_
