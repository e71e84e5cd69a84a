// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/dispatcher_parts.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bpf/dispatcher.skel.h"

namespace schedd {
namespace {

absl::StatusOr<UniqueFd> Duplicate(int fd, const char* what) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot keep ", what));
  return copy;
}

absl::StatusOr<bpf_map_info> Describe(int fd, const char* what) {
  bpf_map_info info = {};
  uint32_t size = sizeof(info);
  if (bpf_map_get_info_by_fd(fd, &info, &size) == 0) return info;
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ask about the map ", what));
}

}  // namespace

const std::array<const char*, DispatcherParts::kParts> DispatcherParts::kNames = {
    "header", "slots", "cpus", "events", "decisions", "exit_dump", "doorbell", "nets", "commit"};

absl::StatusOr<std::unique_ptr<DispatcherParts>> DispatcherParts::Of(const dispatcher* skeleton) {
  const auto& maps = skeleton->maps;
  const std::array<int, kParts> fds = {bpf_map__fd(maps.header),
                                       bpf_map__fd(maps.slots),
                                       bpf_map__fd(maps.cpus),
                                       bpf_map__fd(maps.events),
                                       bpf_map__fd(maps.decisions),
                                       bpf_map__fd(maps.exit_dump),
                                       bpf_map__fd(maps.doorbell),
                                       bpf_map__fd(maps.nets),
                                       bpf_program__fd(skeleton->progs.schedd_commit)};
  std::unique_ptr<DispatcherParts> parts(new DispatcherParts);
  for (size_t part = 0; part < kParts; ++part) {
    absl::StatusOr<UniqueFd> fd = Duplicate(fds[part], kNames[part]);
    if (!fd.ok()) return fd.status();
    parts->fds_[part] = *std::move(fd);
  }
  if (absl::Status status = parts->Map(); !status.ok()) return status;
  return parts;
}

absl::StatusOr<std::unique_ptr<DispatcherParts>> DispatcherParts::Open(const PinDirectory& pins) {
  std::unique_ptr<DispatcherParts> parts(new DispatcherParts);
  for (size_t part = 0; part < kParts; ++part) {
    absl::StatusOr<UniqueFd> fd = pins.Get(kNames[part]);
    if (!fd.ok()) return fd.status();
    parts->fds_[part] = *std::move(fd);
  }
  if (absl::Status status = parts->Map(); !status.ok()) return status;
  if (parts->memory_.header->abi_version != SCHEDD_ABI_VERSION) {
    return absl::FailedPreconditionError(
        absl::StrCat("the dispatcher has ABI version ", parts->memory_.header->abi_version,
                     ", this daemon has ", static_cast<int>(SCHEDD_ABI_VERSION)));
  }
  return parts;
}

absl::Status DispatcherParts::Pin(const PinDirectory& pins) const {
  for (size_t part = 0; part < kParts; ++part) {
    if (absl::Status status = pins.Pin(fds_[part].get(), kNames[part]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status DispatcherParts::Map() {
  constexpr std::array<size_t, kMapped> kSizes = {
      sizeof(schedd_header),     sizeof(schedd_slot),          sizeof(schedd_cpu),
      sizeof(schedd_event_ring), sizeof(schedd_decision_ring), SCHEDD_DUMP_LEN};
  std::array<uint32_t, kMapped> counts = {};
  for (size_t part = 0; part < kMapped; ++part) {
    const absl::StatusOr<bpf_map_info> info = Describe(fds_[part].get(), kNames[part]);
    if (!info.ok()) return info.status();
    if (info->value_size != kSizes[part]) {
      return absl::FailedPreconditionError(
          absl::StrCat("the dispatcher's map ", kNames[part], " is laid out by another version"));
    }
    counts[part] = info->max_entries;
    absl::StatusOr<Mapping> mapping = Mapping::Create(fds_[part].get(), kSizes[part] * counts[part],
                                                      0, Mapping::Access::kReadWrite, kNames[part]);
    if (!mapping.ok()) return mapping.status();
    mappings_[part] = *std::move(mapping);
  }
  const absl::StatusOr<bpf_map_info> bell = Describe(fds_[kDoorbell].get(), kNames[kDoorbell]);
  if (!bell.ok()) return bell.status();
  absl::StatusOr<std::unique_ptr<Doorbell>> doorbell =
      Doorbell::Create(fds_[kDoorbell].get(), bell->max_entries);
  if (!doorbell.ok()) return doorbell.status();
  doorbell_ = *std::move(doorbell);
  memory_ = {
      .header = mappings_[kHeader].as<schedd_header>(),
      .slots = {mappings_[kSlots].as<schedd_slot>(), counts[kSlots]},
      .cpus = {mappings_[kCpus].as<schedd_cpu>(), counts[kCpus]},
      .events = {mappings_[kEvents].as<schedd_event_ring>(), counts[kEvents]},
      .decisions = mappings_[kDecisions].as<schedd_decision_ring>(),
  };
  return absl::OkStatus();
}

}  // namespace schedd
