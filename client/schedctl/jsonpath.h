// SPDX-License-Identifier: Apache-2.0
//
// -o jsonpath=TEMPLATE: single values out of a document, as kubectl prints them.
//
//     {.counters.eventCount}                      one value
//     {.tasks[*].comm}                            of each item, with blanks between them
//     {range .tasks[*]}{.tid}{"\t"}{.comm}{"\n"}{end}
//
// A template is text with expressions in braces: a path of .name, ['name'], [N] (from the end when
// negative) and [*], where a leading $ or @ may stand for the present value; a text in quotes, with
// \n, \t, \\ and the quote escaped; {range PATH} … {end}, which may be nested. Filters, slices,
// unions and .. are not there. A value, parsed once; any thread may evaluate it.
#ifndef SCHEDD_CLIENT_SCHEDCTL_JSONPATH_H_
#define SCHEDD_CLIENT_SCHEDCTL_JSONPATH_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd::client {

class JsonPath {
 public:
  // INVALID_ARGUMENT with the place and with what may be written.
  static absl::StatusOr<JsonPath> Parse(absl::string_view text);

  // The template filled from a JSON text. null is an empty text, and so is whatever is asked of it;
  // lists and objects are JSON on one line; control characters are \xNN. INVALID_ARGUMENT for a
  // name that is not there, NOT_FOUND for an item that is not.
  absl::StatusOr<std::string> Evaluate(absl::string_view json) const;

 private:
  struct Program;

  std::shared_ptr<const Program> program_;
};

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_JSONPATH_H_
