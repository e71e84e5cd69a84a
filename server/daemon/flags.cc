// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/flags.h"

#include <CLI/CLI.hpp>
#include <deque>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/version.h"
#include "server/daemon/exit_code.h"

namespace schedd::daemon {
namespace {

constexpr char kSummary[] =
    "schedd, a Linux CPU scheduler in user space, driven over gRPC.\n"
    "With no flags it attaches to this kernel and serves the API on "
    "unix:///run/schedd/schedd.sock.";
constexpr size_t kHelpColumn = 30;
constexpr size_t kHelpWidth = 100 - kHelpColumn;

// Breaks a text into lines that fit beside the flags' names.
std::string Wrap(absl::string_view text) {
  std::string wrapped;
  size_t column = 0;
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    if (column > 0 && column + 1 + word.size() > kHelpWidth) {
      wrapped.push_back('\n');
      column = 0;
    } else if (column > 0) {
      wrapped.push_back(' ');
      ++column;
    }
    absl::StrAppend(&wrapped, word);
    column += word.size();
  }
  return wrapped;
}

std::string Describe(const Option& option) {
  return Wrap(absl::StrCat(
      option.help, " Default: ", option.default_value.empty() ? "none" : option.default_value,
      ". Allowed: ", option.range, "."));
}

std::string Footer() {
  std::string footer =
      "\nA configuration file holds the same options, one \"name: value\" a line, with _ for -:\n"
      "  max_tasks: 4096\n  set: \"base_slice=5ms\"\nFlags overrule it. docs/configuration.md has "
      "more.\n\nExit codes:\n";
  for (const ExitCodeDoc& doc : ExitCodeDocs()) {
    absl::StrAppend(&footer, "  ", static_cast<int>(doc.code), "  ", doc.meaning, "\n");
  }
  return footer;
}

// What CLI11 writes to for one option of the table.
struct Slot {
  const Option* option = nullptr;
  std::vector<std::string> texts;
  bool on = false;
  CLI::Option* flag = nullptr;
};

void AddFlag(CLI::App& app, const Option& option, Slot& slot) {
  slot.option = &option;
  const std::string name = absl::StrCat("--", option.name);
  if (option.kind == Option::Kind::kSwitch) {
    slot.flag = app.add_flag(absl::StrCat(name, ",!--no-", option.name), slot.on, Describe(option));
    return;
  }
  slot.flag = app.add_option(name, slot.texts, Describe(option));
  slot.flag->type_name(std::string(option.metavar))->allow_extra_args(false)->type_size(1);
  if (option.kind == Option::Kind::kValue) slot.flag->expected(1);
}

void Collect(const Slot& slot, std::vector<Setting>* settings) {
  if (slot.flag->count() == 0) return;
  const std::string name(slot.option->name);
  const std::string where = absl::StrCat("--", name);
  if (slot.option->kind == Option::Kind::kSwitch) {
    settings->push_back({name, slot.on ? "true" : "false", where});
    return;
  }
  for (const std::string& text : slot.texts) settings->push_back({name, text, where});
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(kSummary, "schedd");
  app.get_formatter()->column_width(kHelpColumn);
  app.footer(Footer());
  app.set_help_flag("-h,--help", "Print this and end.");
  bool version = false;
  bool check = false;
  app.add_flag("--version", version, "Print the version and end.");
  app.add_option("--config", line.config_path,
                 Wrap("Read options from this file (protobuf text format). Default: none."))
      ->type_name("FILE");
  app.add_flag(
      "--check-config", check,
      Wrap("Say whether the flags and the file are right, and end: 0 if they are, 2 if not."));
  std::deque<Slot> slots;  // CLI11 keeps references
  for (const Option& option : Options()) AddFlag(app, option, slots.emplace_back());

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.action = CommandLine::Action::kPrint;
    line.text = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), "; see schedd --help"));
  }
  if (version) {
    line.action = CommandLine::Action::kPrint;
    line.text = absl::StrCat("schedd ", kVersion, "\n");
    return line;
  }
  if (check) line.action = CommandLine::Action::kCheckConfig;
  for (const Slot& slot : slots) Collect(slot, &line.settings);
  return line;
}

}  // namespace schedd::daemon
