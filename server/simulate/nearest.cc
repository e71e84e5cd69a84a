// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/nearest.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace schedd {
namespace {

// Nobody mistypes a longer word by accident; and Distance() is quadratic.
constexpr size_t kLongest = 64;
constexpr size_t kFewNames = 12;

// Letters wrong, missing or added.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t wrong = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({wrong, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& names) {
  if (names.empty()) return "; there are none";
  const std::string* best = nullptr;
  size_t fewest = 0;
  for (const std::string& name : names) {
    if (word.size() > kLongest || name.size() > kLongest) continue;
    const size_t distance = Distance(word, name);
    const size_t allowed = (std::max(word.size(), name.size()) + 2) / 3;
    if (distance <= allowed && (best == nullptr || distance < fewest)) {
      best = &name;
      fewest = distance;
    }
  }
  if (best != nullptr) return absl::StrCat("; did you mean '", *best, "'?");
  if (names.size() > kFewNames) return "";
  return absl::StrCat("; there are: ", absl::StrJoin(names, ", "));
}

}  // namespace schedd
