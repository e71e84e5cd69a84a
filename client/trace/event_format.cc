// SPDX-License-Identifier: Apache-2.0
#include "client/trace/event_format.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace schedd::client {
namespace {

// The kernel's common_flags: TRACE_FLAG_HARDIRQ, TRACE_FLAG_SOFTIRQ, TRACE_FLAG_NMI.
constexpr uint64_t kInterruptFlags = 0x08 | 0x10 | 0x40;
// prev_state of sched_switch: EXIT_DEAD and EXIT_ZOMBIE; all that can be but the next; "R+".
constexpr uint64_t kStateEnded = 0x10 | 0x20;
constexpr uint64_t kStateMask = 0xff;
constexpr uint64_t kStatePreempted = 0x100;
// The kernel's limit is 16.
constexpr size_t kMostCommBytes = 64;

// "name" of "unsigned char name[16]".
absl::string_view FieldName(absl::string_view declaration) {
  declaration = declaration.substr(0, declaration.find('['));
  const size_t blank = declaration.rfind(' ');
  return blank == absl::string_view::npos ? declaration : declaration.substr(blank + 1);
}

// "\tfield:int prio;\toffset:28;\tsize:4;\tsigned:1;"
bool AddField(absl::string_view line, EventFormat* format) {
  EventFormat::Field field;
  absl::string_view declaration;
  for (absl::string_view part : absl::StrSplit(line, ';')) {
    part = absl::StripAsciiWhitespace(part);
    if (absl::ConsumePrefix(&part, "field:")) {
      field.elsewhere = absl::ConsumePrefix(&part, "__data_loc ");
      // "__data_loc char[] comm": the brackets stand before the name.
      declaration = part;
    } else if (absl::ConsumePrefix(&part, "offset:")) {
      if (!absl::SimpleAtoi(part, &field.offset)) return false;
    } else if (absl::ConsumePrefix(&part, "size:")) {
      if (!absl::SimpleAtoi(part, &field.size)) return false;
    }
  }
  const absl::string_view name =
      field.elsewhere ? declaration.substr(declaration.rfind(' ') + 1) : FieldName(declaration);
  format->fields[std::string(name)] = field;
  return true;
}

absl::Status NeedFields(const EventFormat& format, absl::string_view event,
                        std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (format.fields.find(name) == format.fields.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the kernel's event ", event, " has no field ", name));
    }
  }
  return absl::OkStatus();
}

// Reads fields of one event; ok() turns false at the first that lies outside of it.
class FieldReader {
 public:
  FieldReader(absl::string_view event, const EventFormat& format)
      : event_(event), format_(format) {}

  bool ok() const { return ok_; }

  uint64_t Number(absl::string_view name) {
    const absl::string_view bytes = Bytes(name);
    uint64_t value = 0;
    if (bytes.size() > sizeof(value)) ok_ = false;
    if (ok_) std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

  int32_t Int(absl::string_view name) { return static_cast<int32_t>(Number(name)); }

  absl::string_view Text(absl::string_view name) {
    const auto field = format_.fields.find(name);
    absl::string_view bytes;
    if (field != format_.fields.end() && field->second.elsewhere) {
      const uint64_t where = Number(name);
      bytes = Part(where & 0xffff, (where >> 16) & 0xffff);
    } else {
      bytes = Bytes(name);
    }
    return bytes.substr(0, std::min(bytes.find('\0'), kMostCommBytes));
  }

 private:
  absl::string_view Bytes(absl::string_view name) {
    const auto field = format_.fields.find(name);
    if (field == format_.fields.end()) {
      ok_ = false;
      return "";
    }
    return Part(field->second.offset, field->second.size);
  }

  absl::string_view Part(size_t offset, size_t size) {
    if (offset > event_.size() || size > event_.size() - offset) {
      ok_ = false;
      return "";
    }
    return event_.substr(offset, size);
  }

  absl::string_view event_;
  const EventFormat& format_;
  bool ok_ = true;
};

SchedEvent::Kind KindOfSwitch(uint64_t prev_state) {
  if ((prev_state & kStatePreempted) != 0) return SchedEvent::Kind::kSwitchPreempted;
  if ((prev_state & kStateEnded) != 0) return SchedEvent::Kind::kSwitchEnded;
  if ((prev_state & kStateMask) != 0) return SchedEvent::Kind::kSwitchSleeps;
  return SchedEvent::Kind::kSwitchPreempted;
}

}  // namespace

absl::StatusOr<EventFormat> ParseEventFormat(absl::string_view text) {
  EventFormat format;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::string_view rest = absl::StripAsciiWhitespace(line);
    if (absl::StartsWith(rest, "field:")) {
      if (!AddField(rest, &format)) {
        return absl::InvalidArgumentError(
            absl::StrCat("the kernel describes an event in an unknown way: ", rest));
      }
    } else if (absl::ConsumePrefix(&rest, "ID:") && !absl::SimpleAtoi(rest, &format.id)) {
      return absl::InvalidArgumentError(absl::StrCat("the kernel's event has the ID ", rest));
    }
  }
  if (format.id <= 0) return absl::InvalidArgumentError("the kernel's event has no ID");
  return format;
}

absl::StatusOr<SchedEventDecoder> SchedEventDecoder::Create(absl::string_view switch_format,
                                                            absl::string_view waking_format,
                                                            absl::string_view new_format) {
  SchedEventDecoder decoder;
  struct Part {
    const char* name;
    absl::string_view text;
    EventFormat* format;
  };
  for (const Part& part : {Part{"sched_switch", switch_format, &decoder.switch_},
                           Part{"sched_waking", waking_format, &decoder.waking_},
                           Part{"sched_wakeup_new", new_format, &decoder.new_}}) {
    auto format = ParseEventFormat(part.text);
    if (!format.ok()) return format.status();
    *part.format = *std::move(format);
    absl::Status status =
        NeedFields(*part.format, part.name, {"common_type", "common_flags", "common_pid"});
    if (status.ok() && part.format == &decoder.switch_) {
      status = NeedFields(*part.format, part.name,
                          {"prev_comm", "prev_pid", "prev_prio", "prev_state", "next_comm",
                           "next_pid", "next_prio"});
    } else if (status.ok()) {
      status = NeedFields(*part.format, part.name, {"comm", "pid", "prio"});
    }
    if (!status.ok()) return status;
  }
  return decoder;
}

std::optional<SchedEvent> SchedEventDecoder::Decode(absl::string_view event) const {
  FieldReader fields(event, switch_);
  const auto type = static_cast<int>(fields.Number("common_type"));
  if (!fields.ok()) return std::nullopt;
  if (type == switch_.id) return DecodeSwitch(event);
  if (type == waking_.id) return DecodeWaking(event, waking_);
  if (type == new_.id) return DecodeWaking(event, new_);
  return std::nullopt;
}

std::optional<SchedEvent> SchedEventDecoder::DecodeSwitch(absl::string_view event) const {
  FieldReader fields(event, switch_);
  SchedEvent result;
  result.kind = KindOfSwitch(fields.Number("prev_state"));
  result.before = {fields.Int("prev_pid"), fields.Int("prev_prio"), fields.Text("prev_comm")};
  result.task = {fields.Int("next_pid"), fields.Int("next_prio"), fields.Text("next_comm")};
  result.current_tid = result.before.tid;
  if (!fields.ok()) return std::nullopt;
  return result;
}

std::optional<SchedEvent> SchedEventDecoder::DecodeWaking(absl::string_view event,
                                                          const EventFormat& format) const {
  FieldReader fields(event, format);
  SchedEvent result;
  result.kind = &format == &new_ ? SchedEvent::Kind::kNewTask : SchedEvent::Kind::kWaking;
  result.current_tid = fields.Int("common_pid");
  result.in_interrupt = (fields.Number("common_flags") & kInterruptFlags) != 0;
  result.task = {fields.Int("pid"), fields.Int("prio"), fields.Text("comm")};
  if (!fields.ok()) return std::nullopt;
  return result;
}

}  // namespace schedd::client
