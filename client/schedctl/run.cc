// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/lib/endpoint.h"
#include "client/lib/errors.h"
#include "client/lib/tls_options.h"
#include "client/schedctl/command.h"
#include "client/schedctl/exit_code.h"
#include "client/schedctl/session.h"
#include "client/schedctl/suggest.h"
#include "client/schedctl/version.h"

namespace schedd::client {
namespace {

std::string RootFooter() {
  std::string footer = "Example:\n  schedctl task list --sort run --limit 10\n\nExit codes:";
  for (const ExitCode& code : ExitCodes()) {
    absl::StrAppend(&footer, "\n  ", code.code < 10 ? " " : "", code.code, "  ", code.meaning);
  }
  return footer;
}

void AddGlobalOptions(CLI::App& root, GlobalOptions& options) {
  root.description("schedctl watches and controls schedd, the CPU scheduler of this machine.");
  root.footer(RootFooter());
  root.fallthrough();
  root.set_help_flag("-h,--help", "Show this help");
  root.set_version_flag("--version", absl::StrCat("schedctl ", kVersion),
                        "Show the version of schedctl");
  root.add_option("--endpoint", options.endpoint,
                  absl::StrCat("Where schedd listens: unix:///path or host:port; default ",
                               kEndpointVariable, " or ", kDefaultEndpoint));
  const auto add_file = [&root](const char* flag, std::string& path, const char* what,
                                const char* variable) {
    root.add_option(flag, path, absl::StrCat(what, "; default ", variable))->type_name("FILE");
  };
  add_file("--tls-cert", options.tls.certificate, "Own certificate, for host:port",
           kTlsCertVariable);
  add_file("--tls-key", options.tls.key, "Key of --tls-cert", kTlsKeyVariable);
  add_file("--tls-ca", options.tls.authorities, "Authorities of schedd's certificate",
           kTlsCaVariable);
  root.add_option("--tls-server-name", options.tls.server_name,
                  absl::StrCat("SPIFFE ID or host name that schedd's certificate must have; "
                               "default ",
                               kTlsServerVariable, " or the endpoint's host"))
      ->type_name("NAME");
  root.add_option("-o,--output", options.output, "Output: table, wide, json or yaml")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml"}))
      ->type_name("FORMAT");
  root.add_option("--timeout", options.timeout, "Longest wait for an answer")
      ->type_name("DURATION")
      ->capture_default_str();
  root.add_flag("--no-headers", options.no_headers, "Tables without their first line");
  root.add_flag("-q,--quiet", options.quiet, "No messages but errors");
}

void BuildCommands(CommandTable& table) {
  table.root().require_subcommand(0, 1);
  AddStatusCommand(table);
  AddTaskCommands(table);
  AddPolicyCommands(table);
  AddSchedulerCommands(table);
  AddDoctorCommand(table);
  AddVersionCommand(table);
  AddCompletionCommand(table);
  AddReferenceCommand(table);
}

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
  AddGlobalOptions(root, options);
  CommandTable table(root, environment);
  BuildCommands(table);

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
