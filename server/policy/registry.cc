// SPDX-License-Identifier: Apache-2.0
#include "server/policy/registry.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/policy/fifo.h"
#include "server/policy/vruntime.h"

namespace schedd {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Policy> (*make)(uint32_t capacity, uint32_t nr_cpus);
};

constexpr Entry kPolicies[] = {
    {kDefaultPolicy,
     [](uint32_t capacity, uint32_t nr_cpus) -> std::unique_ptr<Policy> {
       return std::make_unique<VruntimePolicy>(capacity, nr_cpus);
     }},
    {"fifo",
     [](uint32_t capacity, uint32_t /*nr_cpus*/) -> std::unique_ptr<Policy> {
       return std::make_unique<FifoPolicy>(capacity);
     }},
};

}  // namespace

std::vector<std::string> PolicyNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kPolicies) names.emplace_back(entry.name);
  return names;
}

absl::StatusOr<std::unique_ptr<Policy>> MakePolicy(std::string_view name, uint32_t capacity,
                                                   uint32_t nr_cpus) {
  if (capacity == 0 || nr_cpus == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a policy needs room for at least one task and one CPU; asked for ", capacity,
                     " tasks and ", nr_cpus, " CPUs"));
  }
  for (const Entry& entry : kPolicies) {
    if (entry.name == name) return entry.make(capacity, nr_cpus);
  }
  return absl::InvalidArgumentError(absl::StrCat("no policy is named \"", std::string(name),
                                                 "\"; choose one of ",
                                                 absl::StrJoin(PolicyNames(), ", ")));
}

}  // namespace schedd
