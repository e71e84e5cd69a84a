// SPDX-License-Identifier: Apache-2.0
//
// schedctl(1), made from the table of its commands.
//
// A pure function; any thread; never fails.
#ifndef SCHEDD_TOOLS_MANUAL_SCHEDCTL_PAGE_H_
#define SCHEDD_TOOLS_MANUAL_SCHEDCTL_PAGE_H_

#include <string>

namespace schedd::manual {

// The whole page, man(7). All commands are on one page, as in systemctl(1): a search for an option
// finds it.
std::string SchedctlPage();

}  // namespace schedd::manual

#endif  // SCHEDD_TOOLS_MANUAL_SCHEDCTL_PAGE_H_
