// SPDX-License-Identifier: Apache-2.0
//
// docs/tuning.md, made from the table of parameters.
//
// A pure function; any thread; never fails.
#ifndef SCHEDD_TOOLS_MANUAL_TUNING_PAGE_H_
#define SCHEDD_TOOLS_MANUAL_TUNING_PAGE_H_

#include <string>

namespace schedd::manual {

// The whole page, Markdown.
std::string TuningPage();

}  // namespace schedd::manual

#endif  // SCHEDD_TOOLS_MANUAL_TUNING_PAGE_H_
