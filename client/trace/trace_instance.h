// SPDX-License-Identifier: Apache-2.0
//
// A private instance of the kernel's tracing, with the scheduler's events: made, read page by page,
// removed.
//
// Owns the directory instances/schedd-PID of tracefs: it goes with the object, and what a recorder
// that was killed has left goes when the next one is made. Other users of tracing are not touched.
// One thread. Needs root. Errors: FAILED_PRECONDITION without tracefs, PERMISSION_DENIED, and what
// the kernel says.
#ifndef SCHEDD_CLIENT_TRACE_TRACE_INSTANCE_H_
#define SCHEDD_CLIENT_TRACE_TRACE_INSTANCE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/trace/event_format.h"
#include "client/trace/ring_page.h"
#include "server/base/unique_fd.h"

namespace schedd::client {

class TraceInstance {
 public:
  // Of the host whose files begin at `root`; nothing is recorded yet.
  static absl::StatusOr<std::unique_ptr<TraceInstance>> Create(const std::string& root,
                                                               const std::vector<int>& cpus);
  ~TraceInstance();
  TraceInstance(const TraceInstance&) = delete;
  TraceInstance& operator=(const TraceInstance&) = delete;

  absl::Status Start();
  absl::Status Stop();

  // The next page of a CPU into `page`; empty when there is nothing now.
  absl::Status ReadPage(int cpu, std::string* page);
  const SchedEventDecoder& decoder() const { return *decoder_; }
  const RingPageLayout& layout() const { return layout_; }

  // What the kernel had no room for since Start().
  int64_t LostEvents() const;

 private:
  TraceInstance(std::string tracing, std::string directory)
      : tracing_(std::move(tracing)), directory_(std::move(directory)) {}
  absl::Status SetUp(const std::vector<int>& cpus);
  absl::Status ReadFormats();

  std::string tracing_;    // where tracefs is
  std::string directory_;  // ours in it
  std::map<int, UniqueFd> pages_;
  std::unique_ptr<SchedEventDecoder> decoder_;
  RingPageLayout layout_;
  size_t page_bytes_ = 0;
};

// Removes the instances below `tracing` whose recorder is dead. Gives their number.
int RemoveDeadInstances(const std::string& tracing);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_TRACE_TRACE_INSTANCE_H_
