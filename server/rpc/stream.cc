// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/stream.h"

#include "absl/strings/str_cat.h"
#include "server/control/error.h"
#include "server/rpc/status.h"

namespace schedd::rpc {
namespace {

absl::Status Draining() {
  return MakeError(absl::StatusCode::kUnavailable, reason::kDraining,
                   "schedd is shutting down; try again when it has been started anew");
}

absl::Status TooMany(absl::string_view whose, int limit) {
  return MakeError(absl::StatusCode::kResourceExhausted, reason::kTooManyStreams,
                   absl::StrCat(whose, " at most ", limit, " streams: end one first"),
                   {{"maximum", absl::StrCat(limit)}});
}

}  // namespace

absl::Status StreamRegistry::Add(StreamId id, const std::string& caller, Stream* stream) {
  if (draining_) return Draining();
  if (size() >= limits_.total) return TooMany("schedd serves", limits_.total);
  const auto count = by_caller_.find(caller);
  if (count != by_caller_.end() && count->second >= limits_.per_caller) {
    return TooMany("one caller may have", limits_.per_caller);
  }
  ++by_caller_[caller];
  streams_[id] = {caller, stream};
  return absl::OkStatus();
}

void StreamRegistry::Remove(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const auto count = by_caller_.find(found->second.caller);
  if (--count->second == 0) by_caller_.erase(count);
  streams_.erase(found);
}

void StreamRegistry::Drain() {
  draining_ = true;
  // A stream that ends at once takes itself out of the map.
  for (auto next = streams_.begin(); next != streams_.end();) {
    Stream* const stream = (next++)->second.stream;
    stream->End(Draining());
  }
}

void StreamRegistry::Abort() {
  for (const auto& [id, entry] : streams_) entry.stream->Abort();
}

}  // namespace schedd::rpc
