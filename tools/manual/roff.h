// SPDX-License-Identifier: Apache-2.0
//
// Writes a man page in the language of man(7).
//
// A value that grows; one thread; never fails. Texts are plain: what means something to roff is
// escaped here, words between backticks become bold. Text that is not ASCII stays UTF-8.
#ifndef SCHEDD_TOOLS_MANUAL_ROFF_H_
#define SCHEDD_TOOLS_MANUAL_ROFF_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace schedd::manual {

class RoffPage {
 public:
  // `name` as in "schedctl", `section` 1 to 8, `source` "schedctl 0.1.0", `summary` the line of
  // whatis(1), without a full stop.
  RoffPage(absl::string_view name, int section, absl::string_view source,
           absl::string_view summary);

  void Section(absl::string_view title);
  void Subsection(absl::string_view title);
  void Paragraph(absl::string_view text);
  // A bold term, its text indented below it.
  void Item(absl::string_view term, absl::string_view text);
  // Lines as they are.
  void Lines(const std::vector<std::string>& lines);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// The text with its special characters escaped, bold where backticks say so.
std::string RoffText(absl::string_view text);

}  // namespace schedd::manual

#endif  // SCHEDD_TOOLS_MANUAL_ROFF_H_
