// SPDX-License-Identifier: Apache-2.0
//
// schedctl reference (hidden): the commands and options as Markdown, from which docs/schedctl.md is
// made.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/schedctl/command.h"
#include "client/schedctl/exit_code.h"

namespace schedd::client {
namespace {

// A '|' would end the cell of a table.
std::string CellText(const std::string& text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

std::string OptionTable(const CLI::App& app) {
  std::string rows;
  for (const CLI::Option* option : DescribedOptions(app)) {
    absl::StrAppend(&rows, "| `", CellText(OptionSyntax(*option)), "` | ",
                    CellText(OptionMeaning(*option)), " |\n");
  }
  return rows.empty() ? "" : absl::StrCat("\n| Option | Meaning |\n|---|---|\n", rows);
}

std::string Examples(const CLI::App& command) {
  return absl::StrCat("\n```sh\n", absl::StrJoin(ExampleLines(command), "\n"), "\n```\n");
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
