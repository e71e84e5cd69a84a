// SPDX-License-Identifier: Apache-2.0
#include "server/text/text_file.h"

#include <google/protobuf/io/tokenizer.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace schedd {
namespace {

// Messages in messages: the parser calls itself, and so do those who read what it made.
constexpr int kDeepest = 50;

class ErrorList : public google::protobuf::io::ErrorCollector {
 public:
  explicit ErrorList(absl::string_view path) : path_(path) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    errors_.push_back(absl::StrCat(Place(path_, line, column), ": ", message));
  }

  std::string text() const { return absl::StrJoin(errors_, "\n"); }

 private:
  const absl::string_view path_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::StatusOr<std::string> ReadTextFile(absl::string_view what, const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  // Reading a directory succeeds in opening and fails here.
  if (!file || file.bad() || (text.fail() && errno == EISDIR)) {
    const int error = errno;
    const std::string message =
        absl::StrCat("cannot read the ", what, " ", path, ": ", std::strerror(error));
    return error == EACCES ? absl::PermissionDeniedError(message) : absl::NotFoundError(message);
  }
  return text.str();
}

absl::Status ParseText(absl::string_view path, const std::string& text, absl::string_view hint,
                       google::protobuf::Message* message,
                       google::protobuf::TextFormat::ParseInfoTree* places) {
  ErrorList errors(path);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.SetRecursionLimit(kDeepest);
  parser.WriteLocationsTo(places);
  if (parser.ParseFromString(text, message)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(errors.text(), "\n", hint));
}

std::string Place(absl::string_view path, int line, int column) {
  return absl::StrCat(path, ":", line + 1, ":", column + 1);
}

}  // namespace schedd
