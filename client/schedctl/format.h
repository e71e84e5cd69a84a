// SPDX-License-Identifier: Apache-2.0
//
// Values as people read and write them: durations, times, counts, enum names.
//
// Pure functions on values; any thread. Units are in the names. Failure: INVALID_ARGUMENT with a
// sentence that shows how the value is written.
#ifndef SCHEDD_CLIENT_SCHEDCTL_FORMAT_H_
#define SCHEDD_CLIENT_SCHEDCTL_FORMAT_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace schedd::client {

// "5ms", "1.5s", "1h30m", "-1s"; a number needs a unit; no infinity.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

// The value of an option that is a duration; `option` is named in the error.
absl::Status FillDuration(absl::string_view option, absl::string_view text,
                          google::protobuf::Duration* out);

google::protobuf::Duration ToProto(absl::Duration duration);
absl::Duration FromProto(const google::protobuf::Duration& duration);
absl::Time FromProto(const google::protobuf::Timestamp& time);

// All digits, "10ms": for values that somebody set.
std::string ExactDuration(absl::Duration duration);

// Three digits, "1.23ms", and above a minute two units, "4m05s", "3h12m", "5d03h": for
// measurements.
std::string ShortDuration(absl::Duration duration);
std::string ShortNanos(int64_t nanos);

// "2026-11-22 20:31:05", or "-" when the time is not set.
std::string LocalTime(const google::protobuf::Timestamp& time, absl::TimeZone zone);

// "1,234,567".
std::string Count(int64_t count);

// "84.0 %", of a whole that may be zero.
std::string Share(int64_t part, int64_t whole);

// Name of an enum value without the enum's prefix, in lower case: "running", "ext-only".
std::string EnumText(const google::protobuf::EnumDescriptor* type, int number);

// The value of such a name. Letter case and - or _ do not matter; the full name is taken, too.
// nullptr: no such value.
const google::protobuf::EnumValueDescriptor* FindEnumValue(
    const google::protobuf::EnumDescriptor* type, absl::string_view text);

// All such names but UNSPECIFIED, "idle-bypass, all-decisions".
std::string EnumChoices(const google::protobuf::EnumDescriptor* type);

// Text from outside (names of tasks, of cgroups) made safe for a terminal: control characters as
// \xNN.
std::string Printable(absl::string_view text);

// The path of a control group as the API has it, also when it was copied from the file system:
// "/a" for "/sys/fs/cgroup/a".
std::string ApiCgroupPath(absl::string_view path);

// What follows the last '/' of a resource name.
std::string LastSegment(absl::string_view name);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_FORMAT_H_
