// SPDX-License-Identifier: Apache-2.0
#include "client/trace/ring_page.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/match.h"
#include "client/trace/event_format.h"

namespace schedd::client {
namespace {

// include/linux/ring_buffer.h: the low 5 bits of an event's first word say what it is, the others
// are the time since the event before.
constexpr uint32_t kTypeBits = 5;
constexpr uint32_t kMostDataType = 28;  // up to here: data of so many words; 0: a word has the size
constexpr uint32_t kPadding = 29;
constexpr uint32_t kTimeExtend = 30;
constexpr uint32_t kTimeStamp = 31;
constexpr uint32_t kDeltaBits = 27;
constexpr size_t kWord = 4;
// Of a time stamp the kernel writes 59 bits; the others are those of the page.
constexpr uint64_t kStampMask = (uint64_t{1} << 59) - 1;
// In the commit word beside the number of bytes.
constexpr uint64_t kMissedEvents = uint64_t{1} << 31;
constexpr uint64_t kCommitMask = (uint64_t{1} << 20) - 1;

uint64_t Number(absl::string_view bytes, size_t offset, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + offset, size);
  return value;
}

// Walks over the data of a page.
class Walker {
 public:
  Walker(absl::string_view data, uint64_t time_ns, RingPage* page)
      : data_(data), time_ns_(time_ns), page_(page) {}

  void Walk() {
    while (!data_.empty()) {
      if (!Step()) return;
    }
  }

 private:
  bool Step();
  bool StepData(uint32_t type);
  bool StepPadding(uint32_t delta);

  bool Damaged() {
    page_->damaged = true;
    return false;
  }
  uint32_t Word() {
    const auto word = static_cast<uint32_t>(Number(data_, 0, kWord));
    data_.remove_prefix(kWord);
    return word;
  }

  absl::string_view data_;
  uint64_t time_ns_;
  RingPage* page_;
};

bool Walker::Step() {
  if (data_.size() < kWord) return Damaged();
  const uint32_t head = Word();
  const uint32_t type = head & ((1U << kTypeBits) - 1);
  const uint32_t delta = head >> kTypeBits;
  if (type == kPadding) return StepPadding(delta);
  if (type == kTimeExtend || type == kTimeStamp) {
    if (data_.size() < kWord) return Damaged();
    const uint64_t time = (uint64_t{Word()} << kDeltaBits) + delta;
    time_ns_ = type == kTimeExtend ? time_ns_ + time : (time_ns_ & ~kStampMask) | time;
    return true;
  }
  time_ns_ += delta;
  return StepData(type);
}

bool Walker::StepData(uint32_t type) {
  size_t size = size_t{type} * kWord;
  if (type == 0) {
    if (data_.size() < kWord) return Damaged();
    const uint32_t with_itself = Word();  // the size counts its own word
    if (with_itself < kWord) return Damaged();
    size = with_itself - kWord;
  }
  static_assert(kMostDataType == kPadding - 1, "all other types are data");
  if (size > data_.size()) return Damaged();
  page_->events.push_back({static_cast<int64_t>(time_ns_), data_.substr(0, size)});
  const size_t whole_words = (size + kWord - 1) / kWord * kWord;
  data_.remove_prefix(std::min(whole_words, data_.size()));
  return true;
}

// An event that was taken back; without a time, the rest of the page.
bool Walker::StepPadding(uint32_t delta) {
  if (delta == 0) return false;
  if (data_.size() < kWord) return Damaged();
  const size_t size = Word();
  if (size < kWord || size - kWord > data_.size()) return Damaged();
  time_ns_ += delta;
  data_.remove_prefix(size - kWord);
  return true;
}

}  // namespace

absl::StatusOr<RingPageLayout> ParseRingPageLayout(absl::string_view header_page) {
  // An event's format but for the ID.
  auto format = ParseEventFormat("ID: 1\n" + std::string(header_page));
  if (!format.ok()) return format.status();
  const auto timestamp = format->fields.find("timestamp");
  const auto commit = format->fields.find("commit");
  const auto data = format->fields.find("data");
  const auto end = format->fields.end();
  if (timestamp == end || timestamp->second.offset != 0 || timestamp->second.size != 8 ||
      commit == end || commit->second.size > 8 || data == end ||
      data->second.offset < commit->second.offset + commit->second.size) {
    return absl::InvalidArgumentError("the kernel's trace pages have an unknown form");
  }
  return RingPageLayout{commit->second.offset, commit->second.size, data->second.offset};
}

RingPage ParseRingPage(absl::string_view page, const RingPageLayout& layout) {
  RingPage result;
  if (page.size() < layout.data_offset || page.size() < sizeof(uint64_t)) {
    result.damaged = true;
    return result;
  }
  const uint64_t time_ns = Number(page, 0, sizeof(uint64_t));
  const uint64_t commit = Number(page, layout.commit_offset, layout.commit_size);
  absl::string_view data = page.substr(layout.data_offset);
  result.lost_before = (commit & kMissedEvents) != 0;
  const size_t size = commit & kCommitMask;
  if (size > data.size()) {
    result.damaged = true;
  } else {
    data = data.substr(0, size);
  }
  Walker(data, time_ns, &result).Walk();
  return result;
}

}  // namespace schedd::client
