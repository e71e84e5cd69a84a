// SPDX-License-Identifier: Apache-2.0
//
// Keeps the kernel's debug dumps of the newest ejections as files.
//
// Owned by SchedulerControl, used on the sequence; blocks for a file write, which happens only when
// the scheduler was ejected. Fails with the file system's error; what was there before stays.
#ifndef SCHEDD_CONTROL_DUMP_STORE_H_
#define SCHEDD_CONTROL_DUMP_STORE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace schedd {

class DumpStore {
 public:
  // Empty `directory`: keeps nothing. The directory is made when the first dump comes.
  DumpStore(std::string directory, size_t max_dumps);

  // Writes a file named after `time`, deletes the oldest beyond max_dumps, and returns its path; an
  // empty path when nothing is kept.
  absl::StatusOr<std::string> Write(absl::Time time, absl::string_view dump);

 private:
  // `written` stays even when its name is not the newest: the clock may have been set back.
  absl::Status DeleteOldest(const std::string& written);

  const std::string directory_;
  const size_t max_dumps_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_DUMP_STORE_H_
