// SPDX-License-Identifier: Apache-2.0
//
// What an operator should know before changing a parameter: the text of docs/tuning.md.
//
// Constant data: one row for each of the table in server/control/parameter_specs.h, in its order (a
// test compares). Not there, since the daemon does not need it. Any thread. Texts are Markdown
// without line breaks.
#ifndef SCHEDD_TOOLS_MANUAL_PARAMETER_ADVICE_H_
#define SCHEDD_TOOLS_MANUAL_PARAMETER_ADVICE_H_

#include <span>

#include "absl/strings/string_view.h"

namespace schedd::manual {

struct ParameterAdvice {
  absl::string_view field_path;  // as in ParameterSpec
  absl::string_view meaning;     // what it does, beyond the one sentence of the spec
  absl::string_view raise;       // when a greater value helps, and what it costs
  absl::string_view lower;       // when a smaller one does, and what that costs
  absl::string_view look_at;     // the figures that show the effect
  absl::string_view rules;       // what else it must respect; empty: only its own range
  absl::string_view situation;   // of the example: one sentence
  absl::string_view example;     // command lines, valid from the defaults; one a line
};

std::span<const ParameterAdvice> ParameterAdvices();

}  // namespace schedd::manual

#endif  // SCHEDD_TOOLS_MANUAL_PARAMETER_ADVICE_H_
