// SPDX-License-Identifier: Apache-2.0
//
// Which fault is injected at this moment: for tests of a real daemon on a real kernel.
//
// A file of the test's choice holds the name of the fault ("busy", see Fault), padded with spaces;
// other words, and none, are no fault. It is mapped, so that looking costs no system call and
// follows what is written to it at once. Write into it without truncating it: in a shell,
//     printf '%-16s' busy 1<>FILE
#ifndef SCHEDD_FAULTS_FAULT_SWITCH_H_
#define SCHEDD_FAULTS_FAULT_SWITCH_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd {

// What goes wrong on the scheduling thread for as long as it is switched on.
enum class Fault {
  kNone,
  kBusy,     // "busy": it loops and does nothing else, not even its heartbeat
  kDeaf,     // "deaf": its heart beats, but it reads no event, until the rings are full
  kAsleep,   // "asleep": wake-ups are lost; it sleeps for as long as it meant to
  kStale,    // "stale": it submits decisions for waits that are over, tasks and CPUs there are not
  kFlood,    // "flood": the same, so many that the decision ring is full, and does not commit
  kVersion,  // "version": the shared memory says that it is of another version
};

// The fault of that name; kNone for a word that is none.
Fault ParseFault(absl::string_view word);

class FaultSwitch {
 public:
  virtual ~FaultSwitch() = default;
  // Any thread. Cannot fail.
  virtual Fault Now() const = 0;
};

// The file `path` is made if it is not there. Errors: those of opening and mapping it.
absl::StatusOr<std::unique_ptr<FaultSwitch>> OpenFaultFile(const std::string& path);

}  // namespace schedd

#endif  // SCHEDD_FAULTS_FAULT_SWITCH_H_
