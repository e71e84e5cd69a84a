// SPDX-License-Identifier: Apache-2.0
//
// A page of the kernel's trace ring buffer, as per_cpu/cpuN/trace_pipe_raw gives it, taken apart.
//
// Pure functions; any thread; the events point into the page. The binary form is read, not the
// text of trace_pipe: it has nanoseconds instead of microseconds, no comm can be mistaken for a
// field, and the kernel formats nothing. Errors: INVALID_ARGUMENT for a header that lacks fields.
// Damaged bytes end the list of events early, and damaged is set.
#ifndef SCHEDD_CLIENT_TRACE_RING_PAGE_H_
#define SCHEDD_CLIENT_TRACE_RING_PAGE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd::client {

// events/header_page: where things are.
struct RingPageLayout {
  size_t commit_offset = 8;
  size_t commit_size = 8;
  size_t data_offset = 16;
};
absl::StatusOr<RingPageLayout> ParseRingPageLayout(absl::string_view header_page);

struct RingEvent {
  int64_t time_ns = 0;
  absl::string_view data;
};

struct RingPage {
  std::vector<RingEvent> events;
  bool lost_before = false;  // the kernel overwrote what came before the first
  bool damaged = false;
};

RingPage ParseRingPage(absl::string_view page, const RingPageLayout& layout);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_TRACE_RING_PAGE_H_
