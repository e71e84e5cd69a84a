// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/request_ids.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/control/error.h"

namespace schedd::rpc {
namespace {

constexpr char kField[] = "request_id";

// 8-4-4-4-12 hexadecimal digits, not all of them 0.
bool IsUuid(const std::string& text) {
  constexpr size_t kLength = 36;
  if (text.size() != kLength) return false;
  bool all_zero = true;
  for (size_t i = 0; i < kLength; ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
    all_zero = all_zero && (hyphen || text[i] == '0');
  }
  return !all_zero;
}

absl::Status NotUuid(const std::string& id) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidRequestId,
                   absl::StrCat("\"", id,
                                "\" is no request_id: give a random UUID, for example that of "
                                "uuidgen, or leave it out"),
                   {{"field", kField}});
}

absl::Status Reused(const std::string& id) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kRequestIdReused,
                   absl::StrCat("request_id ", id,
                                " was that of another request less than 10 minutes ago: give each "
                                "request a new one, and the same one only to its repetitions"),
                   {{"field", kField}});
}

absl::Status TooMany() {
  return MakeError(absl::StatusCode::kResourceExhausted, reason::kTooManyRequestIds,
                   absl::StrCat("there were ", RequestIds::kMost,
                                " requests with a request_id in the last 10 minutes, the most that "
                                "are remembered: leave it out, or wait"),
                   {{"field", kField}});
}

}  // namespace

absl::StatusOr<std::string> RequestIds::Run(
    const std::string& id, const std::string& request, bool is_check,
    const std::function<absl::StatusOr<std::string>()>& work) {
  if (!IsUuid(id)) return NotUuid(id);
  if (is_check) return work();
  const std::string key = absl::AsciiStrToLower(id);
  std::string reply;
  const absl::StatusOr<bool> is_new = Begin(key, absl::HashOf(request), reply);
  if (!is_new.ok()) return is_new.status();
  if (!*is_new) return reply;
  absl::StatusOr<std::string> result = work();
  const absl::MutexLock lock(&mutex_);
  if (!result.ok()) {
    entries_.erase(key);
    return result;
  }
  Entry& entry = entries_[key];
  entry.done = true;
  entry.reply = *result;
  done_.emplace_back(now_(), key);
  return result;
}

absl::StatusOr<bool> RequestIds::Begin(const std::string& id, size_t request_hash,
                                       std::string& reply) {
  const auto is_idle = [this, &id]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = entries_.find(id);
    return found == entries_.end() || found->second.done;
  };
  const absl::MutexLock lock(&mutex_, absl::Condition(&is_idle));
  Forget();
  const auto found = entries_.find(id);
  if (found == entries_.end()) {
    if (entries_.size() >= kMost) return TooMany();
    entries_[id].request_hash = request_hash;
    return true;
  }
  if (found->second.request_hash != request_hash) return Reused(id);
  reply = found->second.reply;
  return false;
}

void RequestIds::Forget() {
  const TimePoint now = now_();
  while (!done_.empty() && now - done_.front().first >= kKept) {
    entries_.erase(done_.front().second);
    done_.pop_front();
  }
}

}  // namespace schedd::rpc
