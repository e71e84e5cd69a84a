// SPDX-License-Identifier: Apache-2.0
//
// schedctl completion: a script for a shell, made from the command table. It knows commands,
// options and the values of
// --output; it does not ask schedd.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/schedctl/command.h"

namespace schedd::client {
namespace {

// A place on the command line: the commands before it, and what may come there.
struct Place {
  std::string path;  // "/task/list", empty for the root
  const CLI::App* app;
};

void AppendPlaces(const CLI::App& app, const std::string& path, std::vector<Place>* places) {
  places->push_back({path, &app});
  for (const CLI::App* command : VisibleCommands(app)) {
    AppendPlaces(*command, absl::StrCat(path, "/", command->get_name()), places);
  }
}

std::vector<std::string> Words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* command : VisibleCommands(app)) words.push_back(command->get_name());
  // Options of the root hold everywhere.
  for (const CLI::App* a = &app; a != nullptr; a = a->get_parent()) {
    for (const CLI::Option* option : VisibleOptions(*a)) {
      const std::string word = absl::StrCat("--", option->get_lnames()[0]);
      if (a == &app || word != "--help") words.push_back(word);
    }
  }
  return words;
}

constexpr char kOutputs[] = "table wide json yaml";

// The shell code that bash and zsh share: sets `choices` from the words before the cursor, which
// `before` expands to. (Not `words`: that is zsh's own.)
std::string WordsCode(const CLI::App& root, absl::string_view before) {
  std::vector<Place> places;
  AppendPlaces(root, "", &places);
  std::vector<std::string> paths;
  std::string cases;
  for (const Place& place : places) {
    if (!place.path.empty()) paths.push_back(place.path);
    absl::StrAppend(&cases, "    '", place.path, "') choices='",
                    absl::StrJoin(Words(*place.app), " "), "' ;;\n");
  }
  return absl::StrCat("  local path='' word choices=''\n  for word in ", before,
                      "; do\n    case \"$path/$word\" in\n      ", absl::StrJoin(paths, "|"),
                      ") path=\"$path/$word\" ;;\n    esac\n  done\n  case \"$path\" in\n", cases,
                      "  esac\n");
}

std::string Bash(const CLI::App& root) {
  return absl::StrCat(
      "# bash completion of schedctl; to use it: source <(schedctl completion bash)\n"
      "_schedctl() {\n",
      WordsCode(root, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\""),
      "  case \"${COMP_WORDS[COMP_CWORD-1]}\" in\n    -o|--output) choices='", kOutputs,
      "' ;;\n  esac\n"
      "  COMPREPLY=($(compgen -W \"$choices\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "}\n"
      "complete -o default -F _schedctl schedctl\n");
}

std::string Zsh(const CLI::App& root) {
  return absl::StrCat(
      "#compdef schedctl\n"
      "# zsh completion of schedctl; to use it: source <(schedctl completion zsh)\n"
      "_schedctl() {\n"
      "  local -a before=(\"${(@)words[2,CURRENT-1]}\")\n",
      WordsCode(root, "\"${(@)before}\""),
      "  case \"${before[-1]}\" in\n    -o|--output) choices='", kOutputs,
      "' ;;\n  esac\n"
      "  compadd -- ${=choices}\n"
      "}\n"
      "compdef _schedctl schedctl\n");
}

// Inside single quotes of fish.
std::string FishText(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// True on a command line that stands at `app`: its commands were typed, none of those below it.
std::string FishCondition(const CLI::App& app) {
  std::vector<std::string> terms;
  for (const CLI::App* a = &app; a->get_parent() != nullptr; a = a->get_parent()) {
    terms.insert(terms.begin(), absl::StrCat("__fish_seen_subcommand_from ", a->get_name()));
  }
  std::vector<std::string> below;
  for (const CLI::App* command : VisibleCommands(app)) below.push_back(command->get_name());
  if (!below.empty()) {
    terms.push_back(absl::StrCat("not __fish_seen_subcommand_from ", absl::StrJoin(below, " ")));
  }
  return terms.empty() ? "true" : absl::StrJoin(terms, "; and ");
}

std::string Fish(const CLI::App& root) {
  std::string out =
      "# fish completion of schedctl; to use it: schedctl completion fish | source\n"
      "complete -c schedctl -f\n";
  std::vector<Place> places;
  AppendPlaces(root, "", &places);
  for (const Place& place : places) {
    const std::string condition = FishText(FishCondition(*place.app));
    for (const CLI::App* command : VisibleCommands(*place.app)) {
      absl::StrAppend(&out, "complete -c schedctl -n ", condition, " -a ", command->get_name(),
                      " -d ", FishText(command->get_description()), "\n");
    }
    for (const CLI::Option* option : VisibleOptions(*place.app)) {
      const bool is_root = place.app->get_parent() == nullptr;
      absl::StrAppend(&out, "complete -c schedctl", is_root ? "" : absl::StrCat(" -n ", condition),
                      " -l ", option->get_lnames()[0], option->get_expected_min() > 0 ? " -r" : "",
                      option->check_lname("output") ? absl::StrCat(" -a '", kOutputs, "'") : "",
                      " -d ", FishText(option->get_description()), "\n");
    }
  }
  return out;
}

}  // namespace

void AddCompletionCommand(CommandTable& table) {
  auto shell = table.MakeOptions<std::string>();
  CLI::App* command = table.AddCommand(
      &table.root(), "completion", "Print a completion script for a shell",
      "source <(schedctl completion bash)\n"
      "schedctl completion bash > /usr/share/bash-completion/completions/schedctl");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  table.SetBody(command, [shell, &root = table.root()](Session& session) {
    session.Print(*shell == "bash" ? Bash(root) : *shell == "zsh" ? Zsh(root) : Fish(root));
    return absl::OkStatus();
  });
}

}  // namespace schedd::client
