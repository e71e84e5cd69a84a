// SPDX-License-Identifier: Apache-2.0
//
// Numbers the changes of what is in force, and makes etags of the numbers.
//
// Owned by Control, used on its sequence. One counter for policies and overrides: each accepted
// change gets the next number. With a store (state_store.h) it goes on over restarts. An override
// that meets a task later, when the task appears, does not: that is still the change that was
// numbered before. Cannot fail.
#ifndef SCHEDD_CONTROL_GENERATION_H_
#define SCHEDD_CONTROL_GENERATION_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace schedd {

class GenerationCounter {
 public:
  // `run` tells one history of changes from another, so that an etag of another one never matches:
  // a start of the daemon, or the first one when it keeps its changes.
  explicit GenerationCounter(int64_t run, int64_t current = 1) : run_(run), current_(current) {}

  // Of the newest change; 1 is the configuration that the first daemon began with.
  int64_t current() const { return current_; }
  // What Next() will return: a change is stored under it before it is made.
  int64_t upcoming() const { return current_ + 1; }
  int64_t Next() { return ++current_; }

  std::string Etag(int64_t generation) const {
    return absl::StrCat(absl::Hex(run_), "-", generation);
  }

 private:
  const int64_t run_;
  int64_t current_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_GENERATION_H_
