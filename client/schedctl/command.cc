// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/command.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace schedd::client {

CLI::App* CommandTable::AddGroup(const std::string& name, const std::string& summary) {
  CLI::App* group = root_.add_subcommand(name, summary);
  group->require_subcommand(0, 1);
  return group;
}

CLI::App* CommandTable::AddCommand(CLI::App* parent, const std::string& name,
                                   const std::string& summary, const std::string& example) {
  CLI::App* command = parent->add_subcommand(name, summary);
  std::string footer = "Example:";
  for (absl::string_view line : absl::StrSplit(example, '\n')) {
    absl::StrAppend(&footer, "\n  ", line);
  }
  command->footer(footer);
  return command;
}

const CommandBody* CommandTable::ParsedBody() const {
  const CLI::App* command = &root_;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  const auto found = bodies_.find(command);
  return found == bodies_.end() ? nullptr : &found->second;
}

const Candidates* CommandTable::FindCandidates(const CLI::Option* option) const {
  const auto found = candidates_.find(option);
  return found == candidates_.end() ? nullptr : &found->second;
}

std::vector<const CLI::App*> VisibleCommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<const CLI::Option*> VisibleOptions(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return !option->get_group().empty() && !option->get_lnames().empty();
  });
}

std::string CommandPath(const CLI::App& app) {
  if (app.get_parent() == nullptr) return "";
  const std::string parent = CommandPath(*app.get_parent());
  return parent.empty() ? app.get_name() : absl::StrCat(parent, " ", app.get_name());
}

std::vector<const CLI::Option*> DescribedOptions(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return !option->get_group().empty() && !option->check_lname("help");
  });
}

std::string OptionSyntax(const CLI::Option& option) {
  std::string name = option.get_name(/*positional=*/!option.nonpositional(), /*all_options=*/true);
  name = absl::StrReplaceAll(name, {{",", ", "}});
  if (option.get_expected_min() > 0 && option.nonpositional()) {
    // Without the checks that CLI11 adds ("INT:NONNEGATIVE").
    const std::string type = option.get_type_name();
    absl::StrAppend(&name, " ", type.substr(0, type.find(':')));
  }
  return name;
}

std::string OptionMeaning(const CLI::Option& option) {
  const std::string preset = option.get_default_str();
  return absl::StrCat(option.get_description(),
                      preset.empty() ? "" : absl::StrCat(" (default ", preset, ")"));
}

std::vector<std::string> ExampleLines(const CLI::App& command) {
  std::vector<std::string> lines;
  const std::string footer = command.get_footer();
  for (absl::string_view line : absl::StrSplit(footer, '\n')) {
    if (absl::ConsumePrefix(&line, "  ")) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace schedd::client
