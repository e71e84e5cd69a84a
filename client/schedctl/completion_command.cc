// SPDX-License-Identifier: Apache-2.0
//
// schedctl completion: a script for a shell, made from the command table. It knows commands,
// options and values that are always the same; for names of tasks, overrides, policies and
// parameters it runs the hidden command "schedctl names", which asks schedd.
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

// Sets `choices`, and `live` to kinds of "schedctl names" or to nothing.
std::string Assignment(const Candidates* candidates) {
  const Candidates none;
  if (candidates == nullptr) candidates = &none;
  return absl::StrCat("choices='", absl::StrJoin(candidates->words, " "), "' live='",
                      candidates->live, "'");
}

// The ways to write an option before its value, as patterns of "<place> <word>": an option of the
// root holds everywhere.
std::string Patterns(const Place& place, const CLI::Option& option) {
  const std::string path = place.path.empty() ? "*" : absl::StrCat("'", place.path, "'");
  std::vector<std::string> patterns;
  for (const std::string& name : option.get_lnames()) {
    patterns.push_back(absl::StrCat(path, "' --", name, "'"));
  }
  for (const std::string& name : option.get_snames()) {
    patterns.push_back(absl::StrCat(path, "' -", name, "'"));
  }
  return absl::StrJoin(patterns, "|");
}

// What may come as an argument of a command: of several arguments all kinds, as which of them it is
// may depend on the word itself.
Candidates ArgumentCandidates(const CommandTable& table, const CLI::App& app) {
  Candidates all;
  for (const CLI::Option* option : DescribedOptions(app)) {
    const Candidates* candidates = table.FindCandidates(option);
    if (option->nonpositional() || candidates == nullptr) continue;
    all.words.insert(all.words.end(), candidates->words.begin(), candidates->words.end());
    absl::StrAppend(&all.live, all.live.empty() ? "" : " ", candidates->live);
  }
  return all;
}

// The shell code that bash and zsh share: sets `choices` or `live` from the words before the
// cursor, which `before` expands to, the last of them, `previous`, and the one that is being
// typed, `current`. (Neither `words` nor
// `path`: those are zsh's own.)
std::string WordsCode(const CommandTable& table, absl::string_view before,
                      absl::string_view previous, absl::string_view current) {
  std::vector<Place> places;
  AppendPlaces(table.root(), "", &places);
  std::vector<std::string> paths;
  std::string cases, values, arguments;
  for (const Place& place : places) {
    if (!place.path.empty()) paths.push_back(place.path);
    absl::StrAppend(&cases, "    '", place.path, "') choices='",
                    absl::StrJoin(Words(*place.app), " "), "' ;;\n");
    for (const CLI::Option* option : DescribedOptions(*place.app)) {
      if (option->get_expected_min() == 0 || !option->nonpositional()) continue;
      absl::StrAppend(&values, "    ", Patterns(place, *option), ") ",
                      Assignment(table.FindCandidates(option)), " ;;\n");
    }
    if (const Candidates candidates = ArgumentCandidates(table, *place.app);
        !candidates.words.empty() || !candidates.live.empty()) {
      absl::StrAppend(&arguments, "    '", place.path, " '[!-]*|'", place.path, " ') ",
                      Assignment(&candidates), " ;;\n");
    }
  }
  return absl::StrCat("  local place='' word choices='' live=''\n  for word in ", before,
                      "; do\n    case \"$place/$word\" in\n      ", absl::StrJoin(paths, "|"),
                      ") place=\"$place/$word\" ;;\n    esac\n  done\n  case \"$place\" in\n",
                      cases, "  esac\n  case \"$place ", current, "\" in\n", arguments,
                      "  esac\n  case \"$place ", previous, "\" in\n", values, "  esac\n");
}

// bash takes "name=value" for three words.
constexpr char kBashBegin[] =
    R"sh(# bash completion of schedctl; to use it: source <(schedctl completion bash)
_schedctl() {
  local i=$((COMP_CWORD - 1)) current="${COMP_WORDS[COMP_CWORD]}" previous prefix='' at=()
  if [ "$current" = = ]; then i=$COMP_CWORD current=''; fi
  previous="${COMP_WORDS[i]}"
  if [ "$previous" = = ]; then
    previous="${COMP_WORDS[i-1]}"
    [[ $previous == -* ]] || prefix="$previous="
  fi
)sh";

// Names come from outside: never expanded (as compgen -W would), and quoted for the command line.
constexpr char kBashEnd[] = R"sh(  COMPREPLY=()
  if [ -n "$live" ]; then
    [[ $COMP_LINE =~ --endpoint[=\ ]+([^ ]+) ]] && at=(--endpoint "${BASH_REMATCH[1]}")
    while IFS=$'\t' read -r word _; do
      [[ $word == "$prefix$current"* ]] && COMPREPLY+=("$(printf '%q' "${word#"$prefix"}")")
    done < <(schedctl names $live "${at[@]}" --timeout 1s 2>/dev/null)
  else
    COMPREPLY=($(compgen -W "$choices" -- "$current"))
  fi
  if [[ ${#COMPREPLY[@]} = 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _schedctl schedctl
)sh";

std::string Bash(const CommandTable& table) {
  return absl::StrCat(
      kBashBegin, WordsCode(table, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"", "$previous", "$current"),
      kBashEnd);
}

constexpr char kZshBegin[] = R"sh(#compdef schedctl
# zsh completion of schedctl; to use it: source <(schedctl completion zsh)
_schedctl() {
  local -a before=("${(@)words[2,CURRENT-1]}") at shown
  local previous="${before[-1]}" current="${words[CURRENT]}"
)sh";

constexpr char kZshEnd[] = R"sh(  if [[ -z "$live" ]]; then
    compadd -S '' -- ${(M)${=choices}:#*=}
    compadd -- ${${=choices}:#*=}
    return
  fi
  [[ "${(j: :)words}" =~ '--endpoint[= ]+([^ ]+)' ]] && at=(--endpoint "$match[1]")
  shown=("${(@f)$(schedctl names ${=live} $at --timeout 1s 2>/dev/null)}")
  local -a names=("${(@)shown%%$'\t'*}")
  shown=("${(@)shown//$'\t'/  }")
  if [[ "$live" = *parameters ]]; then
    compadd -S '' -l -d shown -a names
  else
    compadd -l -d shown -a names
  fi
}
compdef _schedctl schedctl
)sh";

std::string Zsh(const CommandTable& table) {
  return absl::StrCat(kZshBegin, WordsCode(table, "\"${(@)before}\"", "$previous", "$current"),
                      kZshEnd);
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

// " -a …" for what is offered as a value.
std::string FishCandidates(const Candidates* candidates) {
  if (candidates == nullptr) return "";
  return absl::StrCat(" -a ", candidates->live.empty()
                                  ? FishText(absl::StrJoin(candidates->words, " "))
                                  : absl::StrCat("'(__schedctl_names ", candidates->live, ")'"));
}

constexpr char kFishBegin[] =
    R"sh(# fish completion of schedctl; to use it: schedctl completion fish | source
function __schedctl_names
    set -l at (string match -r -g -- '--endpoint[= ]+(\S+)' (commandline -pc))
    test -n "$at"; and set at --endpoint $at
    schedctl names $argv[1] $at --timeout 1s 2>/dev/null
end
complete -c schedctl -f
)sh";

std::string FishOption(const CommandTable& table, const CLI::Option& option) {
  const Candidates* candidates = table.FindCandidates(&option);
  std::string line;
  for (const std::string& name : option.get_lnames()) absl::StrAppend(&line, " -l ", name);
  for (const std::string& name : option.get_snames()) absl::StrAppend(&line, " -s ", name);
  return absl::StrCat(line, option.get_expected_min() > 0 ? " -r" : "", FishCandidates(candidates),
                      " -d ", FishText(option.get_description()), "\n");
}

std::string Fish(const CommandTable& table) {
  std::string out = kFishBegin;
  std::vector<Place> places;
  AppendPlaces(table.root(), "", &places);
  for (const Place& place : places) {
    const std::string condition = FishText(FishCondition(*place.app));
    for (const CLI::App* command : VisibleCommands(*place.app)) {
      absl::StrAppend(&out, "complete -c schedctl -n ", condition, " -a ", command->get_name(),
                      " -d ", FishText(command->get_description()), "\n");
    }
    const std::string begin =
        absl::StrCat("complete -c schedctl",
                     place.app->get_parent() == nullptr ? "" : absl::StrCat(" -n ", condition));
    for (const CLI::Option* option : VisibleOptions(*place.app)) {
      absl::StrAppend(&out, begin, FishOption(table, *option));
    }
    for (const CLI::Option* option : DescribedOptions(*place.app)) {
      const Candidates* candidates = table.FindCandidates(option);
      if (option->nonpositional() || candidates == nullptr) continue;
      absl::StrAppend(&out, begin, FishCandidates(candidates), "\n");
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
  table.SetCandidates(command->add_option("shell", *shell, "bash, zsh or fish")
                          ->required()
                          ->check(CLI::IsMember({"bash", "zsh", "fish"})),
                      {{"bash", "zsh", "fish"}, ""});
  table.SetBody(command, [shell, &table](Session& session) {
    session.Print(*shell == "bash" ? Bash(table) : *shell == "zsh" ? Zsh(table) : Fish(table));
    return absl::OkStatus();
  });
}

}  // namespace schedd::client
