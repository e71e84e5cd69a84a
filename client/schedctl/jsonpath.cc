// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/jsonpath.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/schedctl/format.h"

namespace schedd::client {
namespace {

using Json = nlohmann::ordered_json;

// One step of a path.
struct Step {
  enum class Kind { kName, kIndex, kEach };
  Kind kind;
  std::string name;
  int64_t index = 0;
};

using Path = std::vector<Step>;

struct Node {
  enum class Kind { kText, kPath, kRange };
  Kind kind;
  std::string text;
  Path path;
  std::vector<Node> body;  // of a range
};

bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; }

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text), rest_(text) {}

  absl::StatusOr<std::vector<Node>> Parse() {
    std::vector<Node> nodes;
    const absl::Status status = ParseNodes(/*in_range=*/false, &nodes);
    if (!status.ok()) return status;
    return nodes;
  }

 private:
  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "jsonpath: ", what, " at character ", text_.size() - rest_.size() + 1, " of '", text_,
        "'; write {.a.b[0].c}, {.a[*].b}, {range .a[*]}…{end}, {\"\\n\"} and text between them"));
  }

  absl::Status ParseNodes(bool in_range, std::vector<Node>* nodes) {
    while (!rest_.empty()) {
      const size_t brace = rest_.find('{');
      if (brace != 0) {
        nodes->push_back({Node::Kind::kText, std::string(rest_.substr(0, brace)), {}, {}});
        rest_.remove_prefix(std::min(brace, rest_.size()));
        continue;
      }
      rest_.remove_prefix(1);
      SkipBlanks();
      if (ConsumeWord("end")) {
        if (!in_range) return Error("{end} without {range}");
        return Close();
      }
      const absl::Status status = ParseExpression(nodes);
      if (!status.ok()) return status;
    }
    return in_range ? Error("{range} without {end}") : absl::OkStatus();
  }

  // What stands in braces; the opening one is behind us.
  absl::Status ParseExpression(std::vector<Node>* nodes) {
    Node node{Node::Kind::kPath, "", {}, {}};
    absl::Status status;
    if (absl::StartsWith(rest_, "\"") || absl::StartsWith(rest_, "'")) {
      node.kind = Node::Kind::kText;
      status = ParseQuoted(&node.text);
    } else {
      if (ConsumeWord("range")) node.kind = Node::Kind::kRange;
      status = ParsePath(&node.path);
    }
    if (status.ok()) status = Close();
    if (status.ok() && node.kind == Node::Kind::kRange) {
      status = ParseNodes(/*in_range=*/true, &node.body);
    }
    if (status.ok()) nodes->push_back(std::move(node));
    return status;
  }

  absl::Status ParsePath(Path* path) {
    if (!absl::ConsumePrefix(&rest_, "$")) absl::ConsumePrefix(&rest_, "@");
    if (absl::StartsWith(rest_, "..")) return Error("'..' is not supported");
    // The present value itself is {.}, {$} or {@}.
    if (absl::StartsWith(rest_, ".}")) rest_.remove_prefix(1);
    while (!rest_.empty() && rest_[0] != '}' && rest_[0] != ' ') {
      const absl::Status status = ParseStep(path);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ParseStep(Path* path) {
    if (absl::ConsumePrefix(&rest_, ".")) {
      if (absl::StartsWith(rest_, "[")) return ParseStep(path);  // ".a.[0]", as kubectl takes it
      size_t length = 0;
      while (length < rest_.size() && IsNameCharacter(rest_[length])) ++length;
      if (length == 0) return Error("a name must follow the dot");
      path->push_back({Step::Kind::kName, std::string(rest_.substr(0, length))});
      rest_.remove_prefix(length);
      return absl::OkStatus();
    }
    if (absl::ConsumePrefix(&rest_, "[")) return ParseBracket(path);
    return Error("a path is made of .name and [N]");
  }

  absl::Status ParseBracket(Path* path) {
    Step step{Step::Kind::kEach, ""};
    if (absl::StartsWith(rest_, "'") || absl::StartsWith(rest_, "\"")) {
      step.kind = Step::Kind::kName;
      const absl::Status status = ParseQuoted(&step.name);
      if (!status.ok()) return status;
    } else if (!absl::ConsumePrefix(&rest_, "*")) {
      step.kind = Step::Kind::kIndex;
      const size_t end = rest_.find_first_not_of("-0123456789");
      if (!absl::SimpleAtoi(rest_.substr(0, end), &step.index)) {
        return Error("in brackets stands a number, * or a quoted name (no filter, no slice)");
      }
      rest_.remove_prefix(std::min(end, rest_.size()));
    }
    if (!absl::ConsumePrefix(&rest_, "]")) return Error("']' is missing (no slice, no union)");
    path->push_back(std::move(step));
    return absl::OkStatus();
  }

  absl::Status ParseQuoted(std::string* out) {
    const char quote = rest_[0];
    size_t i = 1;
    for (; i < rest_.size() && rest_[i] != quote; ++i) {
      if (rest_[i] != '\\') {
        *out += rest_[i];
        continue;
      }
      if (++i == rest_.size()) break;
      *out += rest_[i] == 'n' ? '\n' : rest_[i] == 't' ? '\t' : rest_[i];
    }
    if (i >= rest_.size()) return Error("the closing quote is missing");
    rest_.remove_prefix(i + 1);
    return absl::OkStatus();
  }

  absl::Status Close() {
    SkipBlanks();
    if (absl::ConsumePrefix(&rest_, "}")) return absl::OkStatus();
    return Error("'}' is missing");
  }

  bool ConsumeWord(absl::string_view word) {
    if (!absl::StartsWith(rest_, word)) return false;
    if (rest_.size() > word.size() && IsNameCharacter(rest_[word.size()])) return false;
    rest_.remove_prefix(word.size());
    SkipBlanks();
    return true;
  }

  void SkipBlanks() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  const absl::string_view text_;
  absl::string_view rest_;
};

std::string NamesIn(const Json& object) {
  std::vector<std::string> names;
  for (const auto& item : object.items()) names.push_back(item.key());
  return absl::StrJoin(names, ", ");
}

absl::Status Take(const Json& value, const Step& step, std::vector<const Json*>* out) {
  if (value.is_null()) return absl::OkStatus();
  if (step.kind == Step::Kind::kName) {
    if (value.is_array()) {
      return absl::InvalidArgumentError(absl::StrCat("jsonpath: \"", step.name,
                                                     "\" is asked of a list; write [*] or [0] "
                                                     "before it"));
    }
    if (!value.is_object() || !value.contains(step.name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("jsonpath: there is no \"", step.name, "\" here",
                       value.is_object() ? absl::StrCat("; there are: ", NamesIn(value))
                                         : ", but a single value"));
    }
    out->push_back(&value.at(step.name));
    return absl::OkStatus();
  }
  if (!value.is_array()) {
    return absl::InvalidArgumentError("jsonpath: brackets are for a list, and this is none");
  }
  if (step.kind == Step::Kind::kEach) {
    for (const Json& item : value) out->push_back(&item);
    return absl::OkStatus();
  }
  const auto size = static_cast<int64_t>(value.size());
  const int64_t index = step.index < 0 ? step.index + size : step.index;
  if (index < 0 || index >= size) {
    return absl::NotFoundError(absl::StrCat("jsonpath: there is no item [", step.index,
                                            "], the list has ", size,
                                            size == 1 ? " item" : " items"));
  }
  out->push_back(&value.at(static_cast<size_t>(index)));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<const Json*>> Select(const Json& root, const Path& path) {
  std::vector<const Json*> values = {&root};
  for (const Step& step : path) {
    std::vector<const Json*> next;
    for (const Json* value : values) {
      const absl::Status status = Take(*value, step, &next);
      if (!status.ok()) return status;
    }
    values = std::move(next);
  }
  return values;
}

std::string Text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return Printable(value.get_ref<const std::string&>());
  return value.dump();
}

absl::Status Append(const std::vector<Node>& nodes, const Json& value, std::string* out) {
  for (const Node& node : nodes) {
    if (node.kind == Node::Kind::kText) {
      absl::StrAppend(out, node.text);
      continue;
    }
    auto selected = Select(value, node.path);
    if (!selected.ok()) return selected.status();
    if (node.kind == Node::Kind::kPath) {
      absl::StrAppend(out, absl::StrJoin(*selected, " ", [](std::string* o, const Json* item) {
                        absl::StrAppend(o, Text(*item));
                      }));
      continue;
    }
    for (const Json* item : *selected) {
      const absl::Status status = Append(node.body, *item, out);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace

struct JsonPath::Program {
  std::vector<Node> nodes;
};

absl::StatusOr<JsonPath> JsonPath::Parse(absl::string_view text) {
  auto nodes = Parser(text).Parse();
  if (!nodes.ok()) return nodes.status();
  if (nodes->empty()) {
    return absl::InvalidArgumentError(
        "jsonpath: the template is empty; write for example -o jsonpath='{.state}'");
  }
  JsonPath path;
  path.program_ = std::make_shared<const Program>(Program{*std::move(nodes)});
  return path;
}

absl::StatusOr<std::string> JsonPath::Evaluate(absl::string_view json) const {
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return absl::InvalidArgumentError("jsonpath: this is not JSON");
  std::string out;
  const absl::Status status = Append(program_->nodes, document, &out);
  if (!status.ok()) return status;
  return out;
}

}  // namespace schedd::client
