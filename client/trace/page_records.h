// SPDX-License-Identifier: Apache-2.0
//
// Turns the kernel's pages of events into records of a recording.
//
// Knows of each CPU what it runs, of each task what was written of it. A value of one recorder; one
// thread. Cannot fail: what is damaged counts as lost.
#ifndef SCHEDD_CLIENT_TRACE_PAGE_RECORDS_H_
#define SCHEDD_CLIENT_TRACE_PAGE_RECORDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "client/trace/event_format.h"
#include "client/trace/ring_page.h"
#include "schedd/sim/v1/trace.pb.h"

namespace schedd::client {

class PageRecords {
 public:
  // Adds what /proc says of a task that is seen for the first time.
  using AddFacts = std::function<void(sim::v1::TraceTask* task)>;

  PageRecords(int64_t start_ns, AddFacts add_facts)
      : start_ns_(start_ns), add_facts_(std::move(add_facts)) {}

  // The records of a page of `cpu`: its new tasks, then its events. None for an empty page.
  std::vector<sim::v1::TraceRecord> Convert(int cpu, const RingPage& page,
                                            const SchedEventDecoder& decoder);

  int64_t tasks() const { return static_cast<int64_t>(known_.size()); }
  int64_t damaged_pages() const { return damaged_pages_; }

 private:
  struct Known {
    std::string comm;
    int32_t prio = 0;
  };
  void SeeTask(const SeenTask& seen, std::vector<sim::v1::TraceRecord>* records);
  void AddEvent(int64_t time_ns, const SchedEvent& event, sim::v1::TraceEvents* events);

  int64_t start_ns_;
  AddFacts add_facts_;
  std::map<int, int64_t> last_ns_;  // of each CPU that had events
  std::unordered_map<int32_t, Known> known_;
  int64_t damaged_pages_ = 0;
};

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_TRACE_PAGE_RECORDS_H_
