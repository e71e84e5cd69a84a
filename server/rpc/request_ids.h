// SPDX-License-Identifier: Apache-2.0
//
// Makes changes safe to repeat (AIP-155): a request that comes again with the same ID is answered
// as before, and changes nothing.
//
// Owned by the Server, any thread; one request that runs makes another one with its ID wait. Only
// changes that were made are remembered, for kKept each and kMost of them, and not over a restart
// of the daemon: then an etag or a chosen name keeps a repeated change out. Fails with
// INVALID_ARGUMENT (INVALID_REQUEST_ID, REQUEST_ID_REUSED) or RESOURCE_EXHAUSTED
// TOO_MANY_REQUEST_IDS, and then nothing was done.
#ifndef SCHEDD_RPC_REQUEST_IDS_H_
#define SCHEDD_RPC_REQUEST_IDS_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace schedd::rpc {

class RequestIds {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kKept{10};
  static constexpr size_t kMost = 10'000;

  explicit RequestIds(std::function<TimePoint()> now = std::chrono::steady_clock::now)
      : now_(std::move(now)) {}

  // What `work` gave for this ID and request the first time, or gives now. `request` is all that
  // makes it the same request: its method and its fields. An error is not remembered, nor is a
  // request that only checks (`is_check`), which runs in any case.
  absl::StatusOr<std::string> Run(const std::string& id, const std::string& request, bool is_check,
                                  const std::function<absl::StatusOr<std::string>()>& work);

 private:
  struct Entry {
    size_t request_hash = 0;
    bool done = false;
    std::string reply;
  };

  // Waits while a request with this ID runs. True: it is new, and the caller's to run; else `reply`
  // is what the first one was answered.
  absl::StatusOr<bool> Begin(const std::string& id, size_t request_hash, std::string& reply);
  void Forget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<TimePoint()> now_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::pair<TimePoint, std::string>> done_ ABSL_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_REQUEST_IDS_H_
