// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean …": the known word that somebody most likely meant.
//
// A pure function; any thread; never fails.
#ifndef SCHEDD_CLIENT_SCHEDCTL_SUGGEST_H_
#define SCHEDD_CLIENT_SCHEDCTL_SUGGEST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace schedd::client {

// The candidate with the fewest typing errors (a letter missing, added, wrong, or two swapped) that
// has at most one for each three letters, or that begins with the word; the first of equals. Empty
// when none is near.
std::string Closest(absl::string_view word, const std::vector<std::string>& candidates);

// "; did you mean \"x\"?" or empty, to follow a sentence.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_SUGGEST_H_
