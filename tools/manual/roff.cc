// SPDX-License-Identifier: Apache-2.0
#include "tools/manual/roff.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace schedd::manual {
namespace {

// Each line of a text: one that began with a dot would be a request. (An apostrophe, too, but that
// is escaped already.)
std::string Guarded(absl::string_view text) {
  return absl::StrJoin(absl::StrSplit(text, '\n'), "\n",
                       [](std::string* out, absl::string_view line) {
                         absl::StrAppend(out, absl::StartsWith(line, ".") ? "\\&" : "", line);
                       });
}

std::string Quoted(absl::string_view text) { return absl::StrCat("\"", RoffText(text), "\""); }

}  // namespace

std::string RoffText(absl::string_view text) {
  std::string out;
  bool bold = false;
  for (char c : text) {
    switch (c) {
      case '`':
        bold = !bold;
        out += bold ? "\\fB" : "\\fR";
        break;
      case '\\':
        out += "\\e";
        break;
      case '-':  // else a typographic hyphen, which nobody can copy into a shell
        out += "\\-";
        break;
      case '"':  // inside the quotes of a request's argument as well
        out += "\\(dq";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return bold ? out + "\\fR" : out;
}

RoffPage::RoffPage(absl::string_view name, int section, absl::string_view source,
                   absl::string_view summary) {
  // No date: the same source makes the same page at any time.
  text_ = absl::StrCat(".TH ", Quoted(absl::AsciiStrToUpper(name)), " ", section, " \"\" ",
                       Quoted(source), " \"schedd\"\n");
  Section("NAME");
  absl::StrAppend(&text_, RoffText(name), " \\- ", RoffText(summary), "\n");
}

void RoffPage::Section(absl::string_view title) {
  absl::StrAppend(&text_, ".SH ", Quoted(title), "\n");
}

void RoffPage::Subsection(absl::string_view title) {
  absl::StrAppend(&text_, ".SS ", Quoted(title), "\n");
}

void RoffPage::Paragraph(absl::string_view text) {
  // The macro says nothing new below a title, and checkers mind.
  const size_t last = text_.rfind('\n', text_.size() - 2) + 1;
  const absl::string_view before = absl::string_view(text_).substr(last, 3);
  if (before != ".SH" && before != ".SS") absl::StrAppend(&text_, ".PP\n");
  absl::StrAppend(&text_, Guarded(RoffText(text)), "\n");
}

void RoffPage::Item(absl::string_view term, absl::string_view text) {
  absl::StrAppend(&text_, ".TP\n\\fB", RoffText(term), "\\fR\n", Guarded(RoffText(text)), "\n");
}

void RoffPage::Lines(const std::vector<std::string>& lines) {
  absl::StrAppend(&text_, ".PP\n.RS 4\n.EX\n", Guarded(RoffText(absl::StrJoin(lines, "\n"))),
                  "\n.EE\n.RE\n");
}

}  // namespace schedd::manual
