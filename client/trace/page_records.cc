// SPDX-License-Identifier: Apache-2.0
#include "client/trace/page_records.h"

#include <algorithm>

namespace schedd::client {
namespace {

using sim::v1::TraceEvents;
using sim::v1::TraceRecord;

sim::v1::TraceEventKind KindOf(const SchedEvent& event) {
  switch (event.kind) {
    case SchedEvent::Kind::kSwitchPreempted:
      return sim::v1::TRACE_EVENT_KIND_SWITCH_PREEMPTED;
    case SchedEvent::Kind::kSwitchSleeps:
      return sim::v1::TRACE_EVENT_KIND_SWITCH_SLEEPS;
    case SchedEvent::Kind::kSwitchEnded:
      return sim::v1::TRACE_EVENT_KIND_SWITCH_ENDED;
    case SchedEvent::Kind::kNewTask:
      return sim::v1::TRACE_EVENT_KIND_NEW_TASK;
    case SchedEvent::Kind::kWaking:
      break;
  }
  // The idle task's own wakings are by what ended its sleep.
  return event.in_interrupt || event.current_tid == 0 ? sim::v1::TRACE_EVENT_KIND_WOKEN_BY_INTERRUPT
                                                      : sim::v1::TRACE_EVENT_KIND_WOKEN_BY_TASK;
}

// A byte of a name that is no UTF-8 would make the record unreadable.
std::string Ascii(absl::string_view comm) {
  std::string text(comm);
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; }, '?');
  return text;
}

bool IsSwitch(const SchedEvent& event) {
  return event.kind != SchedEvent::Kind::kWaking && event.kind != SchedEvent::Kind::kNewTask;
}

}  // namespace

void PageRecords::SeeTask(const SeenTask& seen, std::vector<TraceRecord>* records) {
  if (seen.tid <= 0) return;  // idle
  const auto [place, first] = known_.try_emplace(seen.tid);
  Known& known = place->second;
  const std::string comm = Ascii(seen.comm);
  // Another priority is not written again: one that a lock lends comes and goes many times a
  // second.
  if (!first && known.comm == comm) return;
  known = {comm, first ? seen.prio : known.prio};
  sim::v1::TraceTask* task = records->emplace_back().mutable_task();
  task->set_tid(seen.tid);
  task->set_comm(comm);
  task->set_prio(seen.prio);
  add_facts_(task);
}

void PageRecords::AddEvent(int64_t time_ns, const SchedEvent& event, TraceEvents* events) {
  int64_t& last_ns = last_ns_[events->cpu()];
  events->add_delta_ns(std::max<int64_t>(time_ns - last_ns, 0));
  events->add_kinds(KindOf(event));
  events->add_tids(std::max(event.task.tid, 0));
  last_ns = std::max(last_ns, time_ns);
}

std::vector<TraceRecord> PageRecords::Convert(int cpu, const RingPage& page,
                                              const SchedEventDecoder& decoder) {
  std::vector<TraceRecord> records;
  TraceRecord events_record;
  TraceEvents* events = events_record.mutable_events();
  events->set_cpu(cpu);
  if (page.damaged) ++damaged_pages_;
  for (const RingEvent& raw : page.events) {
    const auto event = decoder.Decode(raw.data);
    if (!event.has_value()) continue;
    if (events->kinds().empty()) {
      const auto [last, first] = last_ns_.try_emplace(cpu, start_ns_);
      if (page.lost_before) last->second = std::max(last->second, raw.time_ns);
      events->set_lost_before(page.lost_before);
      events->set_start_ns(last->second);
      events->set_running_tid(event->current_tid);
    }
    if (IsSwitch(*event)) SeeTask(event->before, &records);
    SeeTask(event->task, &records);
    AddEvent(raw.time_ns, *event, events);
  }
  if (!events->kinds().empty()) records.push_back(std::move(events_record));
  return records;
}

}  // namespace schedd::client
