// SPDX-License-Identifier: Apache-2.0
//
// The scheduler's tracepoints as the kernel writes them: where their fields are, and one decoded.
//
// Pure functions on bytes; any thread. What the kernel says of an event (its "format" file) is
// believed for offsets, and each access is checked against the event's size. Errors:
// INVALID_ARGUMENT for a format that lacks what is needed.
#ifndef SCHEDD_CLIENT_TRACE_EVENT_FORMAT_H_
#define SCHEDD_CLIENT_TRACE_EVENT_FORMAT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd::client {

// events/sched/NAME/format.
struct EventFormat {
  struct Field {
    size_t offset = 0;
    size_t size = 0;
    bool elsewhere = false;  // __data_loc: holds where in the event the value is
  };
  int id = 0;
  std::map<std::string, Field, std::less<>> fields;
};

absl::StatusOr<EventFormat> ParseEventFormat(absl::string_view text);

// What is said of a task in an event.
struct SeenTask {
  int32_t tid = 0;
  int32_t prio = 0;
  absl::string_view comm;  // in the event
};

struct SchedEvent {
  enum class Kind { kSwitchPreempted, kSwitchSleeps, kSwitchEnded, kWaking, kNewTask };
  Kind kind = Kind::kWaking;
  int32_t current_tid = 0;    // whom the CPU was running
  bool in_interrupt = false;  // not that task but an interrupt did it
  SeenTask before;            // of a switch: whom the CPU leaves
  SeenTask task;              // whom it turns to, who is woken, who is new
};

class SchedEventDecoder {
 public:
  // The formats of sched_switch, sched_waking and sched_wakeup_new.
  static absl::StatusOr<SchedEventDecoder> Create(absl::string_view switch_format,
                                                  absl::string_view waking_format,
                                                  absl::string_view new_format);

  // nullopt: another event, or too short for what it should be.
  std::optional<SchedEvent> Decode(absl::string_view event) const;

 private:
  SchedEventDecoder() = default;
  std::optional<SchedEvent> DecodeSwitch(absl::string_view event) const;
  std::optional<SchedEvent> DecodeWaking(absl::string_view event, const EventFormat& format) const;

  EventFormat switch_;
  EventFormat waking_;
  EventFormat new_;
};

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_TRACE_EVENT_FORMAT_H_
