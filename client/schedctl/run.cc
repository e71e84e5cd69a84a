// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/lib/errors.h"
#include "client/schedctl/command.h"
#include "client/schedctl/exit_code.h"
#include "client/schedctl/session.h"
#include "client/schedctl/suggest.h"

namespace schedd::client {
namespace {

// The option named `name` ("--filter", "-o") that holds in `app`: its own or one of those above.
const CLI::Option* FindOption(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      if (option->check_name(name)) return option;
    }
  }
  return nullptr;
}

// Whether the value of these short options is the next word: "-o json", "-qo json". In "-ojson" it
// is here already.
bool ValueFollows(const CLI::App* app, const std::string& word) {
  for (size_t i = 1; i < word.size(); ++i) {
    const CLI::Option* option = FindOption(app, absl::StrCat("-", word.substr(i, 1)));
    if (option == nullptr) return false;
    if (option->get_expected_min() > 0) return i + 1 == word.size();
  }
  return false;
}

// What is wrong with the first word that names nothing; empty when all do. CLI11 finds such words,
// too, but says neither what they were taken for nor what was probably meant.
std::string UnknownWord(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* app = &root;
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string& word = arguments[i];
    if (absl::StartsWith(word, "--")) {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = FindOption(app, name);
      if (option == nullptr) {
        std::vector<std::string> known;
        for (const CLI::App* a = app; a != nullptr; a = a->get_parent()) {
          for (const CLI::Option* o : VisibleOptions(*a))
            known.push_back("--" + o->get_lnames()[0]);
        }
        return absl::StrCat("there is no option \"", name, "\" here", DidYouMean(name, known));
      }
      if (option->get_expected_min() > 0 && name == word) ++i;  // its value
    } else if (absl::StartsWith(word, "-")) {
      if (ValueFollows(app, word)) ++i;
    } else if (const auto commands = VisibleCommands(*app); !commands.empty()) {
      const auto all = app->get_subcommands([](const CLI::App*) { return true; });
      const auto next = std::find_if(all.begin(), all.end(), [&](const CLI::App* command) {
        return command->get_name() == word;
      });
      if (next == all.end()) {
        std::vector<std::string> known;
        for (const CLI::App* command : commands) known.push_back(command->get_name());
        const std::string path = CommandPath(*app);
        return absl::StrCat("there is no command \"", path.empty() ? "" : path + " ", word, "\"",
                            DidYouMean(word, known));
      }
      app = *next;
    }
  }
  return "";
}

int Fail(const Environment& environment, const std::string& help, const std::string& what) {
  *environment.err << "schedctl: " << what << "\n"
                   << "See: schedctl " << help << (help.empty() ? "" : " ") << "--help"
                   << std::endl;
  return kExitUsage;
}

int Report(const Environment& environment, const absl::Status& status) {
  if (status.ok()) return kExitOk;
  const std::string reason = ErrorReason(status);
  *environment.err << "schedctl: " << std::string(status.message())
                   << (reason.empty() ? "" : absl::StrCat(" (", reason, ")")) << "\n";
  for (const std::string& line : FieldViolations(status)) {
    // The sentence often says it already.
    if (!absl::StrContains(status.message(), line)) *environment.err << "  " << line << "\n";
  }
  environment.err->flush();
  return ExitCodeOf(status.code());
}

// The deepest command that the words name: the one whose help fits.
const CLI::App* DeepestParsed(const CLI::App& root) {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

}  // namespace

int RunSchedctl(const std::vector<std::string>& arguments, const Environment& environment) {
  CLI::App root("", "schedctl");
  GlobalOptions options;
  CommandTable table(root, environment);
  BuildCommandLine(table, options);

  if (const std::string unknown = UnknownWord(root, arguments); !unknown.empty()) {
    return Fail(environment, "", unknown);
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants it
    root.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    *environment.out << root.help() << std::endl;
    return kExitOk;
  } catch (const CLI::CallForVersion& version) {
    *environment.out << version.what() << std::endl;
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    return Fail(environment, CommandPath(*DeepestParsed(root)), error.what());
  }

  const CommandBody* body = table.ParsedBody();
  if (body == nullptr) {
    *environment.out << root.help() << std::endl;
    return kExitOk;
  }
  Session session(environment, options);
  const int exit_code = Report(environment, (*body)(session));
  session.Close(exit_code);
  return exit_code;
}

}  // namespace schedd::client
