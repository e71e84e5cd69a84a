// SPDX-License-Identifier: Apache-2.0
#include "server/faults/fault_switch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

constexpr size_t kWordBytes = 16;

constexpr std::pair<absl::string_view, Fault> kWords[] = {
    {"busy", Fault::kBusy},   {"deaf", Fault::kDeaf},   {"asleep", Fault::kAsleep},
    {"stale", Fault::kStale}, {"flood", Fault::kFlood}, {"version", Fault::kVersion},
};

class FaultFile : public FaultSwitch {
 public:
  explicit FaultFile(const char* word) : word_(word) {}
  ~FaultFile() override { munmap(const_cast<char*>(word_), kWordBytes); }
  FaultFile(const FaultFile&) = delete;
  FaultFile& operator=(const FaultFile&) = delete;

  // A word that is just being written is, at worst, none for a moment.
  Fault Now() const override {
    std::array<char, kWordBytes> copy;
    for (size_t i = 0; i < kWordBytes; ++i) copy[i] = __atomic_load_n(word_ + i, __ATOMIC_RELAXED);
    return ParseFault(absl::string_view(copy.data(), copy.size()));
  }

 private:
  const char* const word_;
};

}  // namespace

Fault ParseFault(absl::string_view word) {
  const absl::string_view name = absl::StripAsciiWhitespace(word.substr(0, word.find('\0')));
  for (const auto& [known, fault] : kWords) {
    if (known == name) return fault;
  }
  return Fault::kNone;
}

absl::StatusOr<std::unique_ptr<FaultSwitch>> OpenFaultFile(const std::string& path) {
  const auto failed = [&path] {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot use the file of faults ", path));
  };
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return failed();
  struct stat info = {};
  const bool long_enough =
      fstat(fd, &info) == 0 &&
      (info.st_size >= static_cast<off_t>(kWordBytes) || ftruncate(fd, kWordBytes) == 0);
  void* const word =
      long_enough ? mmap(nullptr, kWordBytes, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
  const absl::Status status = word == MAP_FAILED ? failed() : absl::OkStatus();
  close(fd);
  if (!status.ok()) return status;
  return std::make_unique<FaultFile>(static_cast<const char*>(word));
}

}  // namespace schedd
