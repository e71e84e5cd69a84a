// SPDX-License-Identifier: Apache-2.0
//
// What schedctl takes from the process around it, so that a test can give it something else.
//
// A plain value; main.cc fills it from the real process. The streams outlive it. One thread.
#ifndef SCHEDD_CLIENT_SCHEDCTL_ENVIRONMENT_H_
#define SCHEDD_CLIENT_SCHEDCTL_ENVIRONMENT_H_

#include <functional>
#include <iosfwd>
#include <string>

#include "absl/time/time.h"

namespace schedd::client {

struct Environment {
  std::ostream* out = nullptr;  // data
  std::ostream* err = nullptr;  // messages
  bool terminal = false;        // out is a terminal: redraw instead of append
  bool color = false;           // out shows colours and nobody set NO_COLOR
  int rows = 0;                 // height of the terminal, 0: unknown
  absl::TimeZone zone;          // for times shown to people
  std::function<absl::Time()> now;
  // A call that takes longer says on err what it waits for.
  absl::Duration notice_after = absl::Seconds(2);
  // Where the files of the machine are that doctor looks at: a path before "/sys", "/proc",
  // "/boot".
  std::string root;
};

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_ENVIRONMENT_H_
