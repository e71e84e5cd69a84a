// SPDX-License-Identifier: Apache-2.0
//
// The process around RunSchedctl: streams, terminal, time zone.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "client/schedctl/run.h"

int main(int argc, char** argv) {
  schedd::client::Environment environment;
  environment.out = &std::cout;
  environment.err = &std::cerr;
  environment.terminal = isatty(STDOUT_FILENO) != 0;
  const char* no_color = std::getenv("NO_COLOR");
  environment.color = environment.terminal && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (environment.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    environment.rows = size.ws_row;
  }
  environment.zone = absl::LocalTimeZone();
  environment.now = absl::Now;
  return schedd::client::RunSchedctl(std::vector<std::string>(argv + 1, argv + argc), environment);
}
