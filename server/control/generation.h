// SPDX-License-Identifier: Apache-2.0
//
// Numbers the changes of what is in force, and makes etags of the numbers.
//
// Owned by Control, used on its sequence. One counter for policies and overrides: each accepted
// change gets the next number. An override that meets a task later, when the task appears, does
// not: that is still the change that was numbered before. Cannot fail.
#ifndef SCHEDD_CONTROL_GENERATION_H_
#define SCHEDD_CONTROL_GENERATION_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace schedd {

class GenerationCounter {
 public:
  // `start` tells one run of the daemon from another, so that an etag of a former run never
  // matches.
  explicit GenerationCounter(absl::Time start) : run_(absl::ToUnixNanos(start)) {}

  // Of the newest change; 1 is the configuration that the daemon began with.
  int64_t current() const { return current_; }
  int64_t Next() { return ++current_; }

  std::string Etag(int64_t generation) const {
    return absl::StrCat(absl::Hex(run_), "-", generation);
  }

 private:
  const int64_t run_;
  int64_t current_ = 1;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_GENERATION_H_
