// SPDX-License-Identifier: Apache-2.0
//
// The known name that somebody most likely meant.
//
// A pure function; any thread; never fails.
#ifndef SCHEDD_SIMULATE_NEAREST_H_
#define SCHEDD_SIMULATE_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace schedd {

// "; did you mean 'x'?" for the name with the fewest wrong, missing or added letters, the first of
// equals; "; there are: x, y" for a few names that are all far away; else "; there are none", or
// empty.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& names);

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_NEAREST_H_
