// SPDX-License-Identifier: Apache-2.0
//
// manual PAGE: prints a page that is made from a table of the program. Exit code 2: no such page.
#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "tools/manual/schedctl_page.h"
#include "tools/manual/schedd_page.h"
#include "tools/manual/tuning_page.h"

namespace {

struct Page {
  absl::string_view name;
  std::string (*make)();
};

constexpr Page kPages[] = {
    {"schedctl.1", schedd::manual::SchedctlPage},
    {"schedd.8", schedd::manual::ScheddPage},
    {"tuning", schedd::manual::TuningPage},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Page& page : kPages) {
    if (argc != 2 || page.name != argv[1]) continue;
    std::fputs(page.make().c_str(), stdout);
    return 0;
  }
  std::fputs("usage: manual schedctl.1|schedd.8|tuning\n", stderr);
  return 2;
}
