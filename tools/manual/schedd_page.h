// SPDX-License-Identifier: Apache-2.0
//
// schedd(8), made from the table of its options.
//
// A pure function; any thread; never fails.
#ifndef SCHEDD_TOOLS_MANUAL_SCHEDD_PAGE_H_
#define SCHEDD_TOOLS_MANUAL_SCHEDD_PAGE_H_

#include <string>

namespace schedd::manual {

// The whole page, man(7).
std::string ScheddPage();

}  // namespace schedd::manual

#endif  // SCHEDD_TOOLS_MANUAL_SCHEDD_PAGE_H_
