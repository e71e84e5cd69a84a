// SPDX-License-Identifier: Apache-2.0
//
// How long a task may run before it has to let others.
//
// Pure functions, any thread, nanoseconds. They take any parameters, contradictory ones too: the
// result is at least 1.
#ifndef SCHEDD_POLICY_SLICE_H_
#define SCHEDD_POLICY_SLICE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "server/policy/parameters.h"

namespace schedd {

// `slice_ns` within [min_slice, max_slice]; min_slice wins should they cross.
constexpr int64_t ClampSlice(const PolicyParameters& parameters, int64_t slice_ns) {
  return std::max<int64_t>(
      {1, parameters.min_slice_ns, std::min(slice_ns, parameters.max_slice_ns)});
}

// The slice of a task for which an operator set `override_ns` (0: nobody did), while `waiting`
// tasks wait for `cpus` CPUs. Up to one waiting task a CPU gets base_slice; beyond that it shrinks
// in proportion, so that a round takes no longer.
constexpr int64_t SliceFor(const PolicyParameters& parameters, int64_t override_ns, size_t waiting,
                           size_t cpus) {
  if (override_ns > 0) return ClampSlice(parameters, override_ns);
  if (waiting <= cpus) return ClampSlice(parameters, parameters.base_slice_ns);
  // Divided first: a product could overflow, and a nanosecond is nothing here.
  const int64_t share_ns =
      parameters.base_slice_ns / static_cast<int64_t>(waiting) * static_cast<int64_t>(cpus);
  return ClampSlice(parameters, share_ns);
}

}  // namespace schedd

#endif  // SCHEDD_POLICY_SLICE_H_
