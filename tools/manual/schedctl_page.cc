// SPDX-License-Identifier: Apache-2.0
#include "tools/manual/schedctl_page.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/exit_code.h"
#include "client/schedctl/version.h"
#include "tools/manual/roff.h"

namespace schedd::manual {
namespace {

using client::CommandPath;
using client::DescribedOptions;
using client::OptionMeaning;
using client::OptionSyntax;

// "schedctl task boost [OPTION…]", "schedctl task get TASK [OPTION…]".
std::string Synopsis(const CLI::App& command) {
  std::string line = absl::StrCat("schedctl ", CommandPath(command));
  for (const CLI::Option* option : DescribedOptions(command)) {
    if (option->nonpositional()) continue;
    const std::string name = absl::AsciiStrToUpper(OptionSyntax(*option));
    const std::string words = option->get_expected_max() > 1 ? absl::StrCat(name, "…") : name;
    absl::StrAppend(&line, " ", option->get_required() ? words : absl::StrCat("[", words, "]"));
  }
  return absl::StrCat(line, " [OPTION…]");
}

void AppendOptions(const CLI::App& app, RoffPage& page) {
  for (const CLI::Option* option : DescribedOptions(app)) {
    const std::string syntax = OptionSyntax(*option);
    page.Item(option->nonpositional() ? syntax : absl::AsciiStrToUpper(syntax),
              OptionMeaning(*option));
  }
}

void AppendCommands(const CLI::App& app, RoffPage& page) {
  for (const CLI::App* command : client::VisibleCommands(app)) {
    if (!client::VisibleCommands(*command).empty()) {
      AppendCommands(*command, page);
      continue;
    }
    page.Subsection(Synopsis(*command));
    page.Paragraph(absl::StrCat(command->get_description(), "."));
    AppendOptions(*command, page);
    page.Lines(client::ExampleLines(*command));
  }
}

void AppendOutput(RoffPage& page) {
  page.Section("OUTPUT");
  page.Paragraph(
      "Data goes to standard output, messages to standard error. Tables are for people and may "
      "change; scripts use one of the others:");
  page.Item("-o json",
            "The API's messages in proto3's JSON: names in lowerCamelCase, 64-bit "
            "integers as texts, durations as \"0.005s\". With a watch one line an "
            "update.");
  page.Item("-o yaml", "The same document as YAML.");
  page.Item("-o jsonpath=TEMPLATE",
            "Single values of that document. A template is text with expressions in braces: "
            "`{.a.b}`, `{.a[0].b}` ([-1] is the last item), `{.a[*].b}`, `{['a']}`, `{range "
            ".a[*]}`…`{end}` and quoted text such as `{\"\\n\"}`. Filters, slices, unions and `..` "
            "are refused.");
}

void AppendEnvironment(RoffPage& page) {
  page.Section("ENVIRONMENT");
  page.Item("SCHEDD_ENDPOINT", "Where schedd listens, unless `--endpoint` says so.");
  page.Item("NO_COLOR", "If not empty: no colours. Without it they appear on a terminal only.");
}

}  // namespace

std::string SchedctlPage() {
  CLI::App root("", "schedctl");
  const client::Environment environment;
  client::GlobalOptions options;
  client::CommandTable table(root, environment);
  client::BuildCommandLine(table, options);

  RoffPage page("schedctl", 1, absl::StrCat("schedctl ", client::kVersion),
                "watch and control schedd, the CPU scheduler of this machine");
  page.Section("SYNOPSIS");
  page.Paragraph("`schedctl` [OPTION…] COMMAND [ARGUMENT…]");
  page.Section("DESCRIPTION");
  page.Paragraph(
      "`schedctl` shows and changes what `schedd`(8) does. It talks to the daemon over gRPC and "
      "needs no rights of its own but to use the daemon's socket. Reads are tried again while the "
      "daemon restarts; commands that change something are sent once. An error is one sentence, "
      "with the API's reason in brackets: (ETAG_MISMATCH).");
  page.Section("OPTIONS");
  AppendOptions(root, page);
  page.Section("COMMANDS");
  AppendCommands(root, page);
  AppendOutput(page);
  AppendEnvironment(page);
  page.Section("EXIT STATUS");
  for (const client::ExitCode& code : client::ExitCodes()) {
    page.Item(absl::StrCat(code.code), code.meaning);
  }
  page.Section("SEE ALSO");
  page.Paragraph("`schedd`(8)");
  return page.text();
}

}  // namespace schedd::manual
