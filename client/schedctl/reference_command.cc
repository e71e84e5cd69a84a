// SPDX-License-Identifier: Apache-2.0
//
// schedctl reference (hidden): the commands and options as Markdown, from which docs/schedctl.md is
// made.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/schedctl/command.h"
#include "client/schedctl/exit_code.h"

namespace schedd::client {
namespace {

// A '|' would end the cell of a table.
std::string CellText(const std::string& text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

std::string OptionRow(const CLI::Option& option) {
  std::string name = option.get_name(/*positional=*/option.nonpositional() ? false : true,
                                     /*all_options=*/true);
  name = absl::StrReplaceAll(name, {{",", ", "}});
  if (option.get_expected_min() > 0 && option.nonpositional()) {
    // Without the checks that CLI11 adds ("INT:NONNEGATIVE").
    const std::string type = option.get_type_name();
    absl::StrAppend(&name, " ", type.substr(0, type.find(':')));
  }
  return absl::StrCat("| `", CellText(name), "` | ", CellText(option.get_description()),
                      option.get_default_str().empty()
                          ? ""
                          : absl::StrCat(" (default ", option.get_default_str(), ")"),
                      " |\n");
}

std::string OptionTable(const CLI::App& app) {
  std::string rows;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty() || option->check_lname("help")) continue;
    absl::StrAppend(&rows, OptionRow(*option));
  }
  return rows.empty() ? "" : absl::StrCat("\n| Option | Meaning |\n|---|---|\n", rows);
}

std::string Examples(const CLI::App& command) {
  std::string text = "\n```sh\n";
  for (absl::string_view line : absl::StrSplit(command.get_footer(), '\n')) {
    if (absl::ConsumePrefix(&line, "  ")) absl::StrAppend(&text, line, "\n");
  }
  return text + "```\n";
}

void AppendCommands(const CLI::App& app, std::string* out) {
  for (const CLI::App* command : VisibleCommands(app)) {
    if (!VisibleCommands(*command).empty()) {
      AppendCommands(*command, out);
      continue;
    }
    absl::StrAppend(out, "\n### schedctl ", CommandPath(*command), "\n\n",
                    command->get_description(), ".\n", Examples(*command), OptionTable(*command));
  }
}

std::string Reference(const CLI::App& root) {
  std::string text = absl::StrCat("## Options of every command\n", OptionTable(root),
                                  "\n## Exit codes\n\n| Code | Meaning |\n|---|---|\n");
  for (const ExitCode& code : ExitCodes()) {
    absl::StrAppend(&text, "| ", code.code, " | ", code.meaning, " |\n");
  }
  absl::StrAppend(&text, "\n## Commands\n");
  AppendCommands(root, &text);
  return text;
}

}  // namespace

void AddReferenceCommand(CommandTable& table) {
  CLI::App* command =
      table.AddCommand(&table.root(), "reference", "Print the reference part of docs/schedctl.md",
                       "schedctl reference");
  command->group("");
  table.SetBody(command, [&root = table.root()](Session& session) {
    session.Print(Reference(root));
    return absl::OkStatus();
  });
}

}  // namespace schedd::client
