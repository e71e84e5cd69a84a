// SPDX-License-Identifier: Apache-2.0
//
// One run of one command: the global options, the connection, and the ways to print.
//
// Lives on the stack of RunSchedctl; commands get a reference. One thread, but for the notice
// "waiting for …", which a helper thread prints (if it cannot be started there is no notice).
// Connecting happens at the first use of client().
// Printing cannot fail but for a message that has no JSON.
#ifndef SCHEDD_CLIENT_SCHEDCTL_SESSION_H_
#define SCHEDD_CLIENT_SCHEDCTL_SESSION_H_

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/lib/client.h"
#include "client/schedctl/document.h"
#include "client/schedctl/environment.h"
#include "client/schedctl/exit_code.h"
#include "client/schedctl/last_resort.h"
#include "client/schedctl/table.h"

namespace schedd::client {

// The options that every command has, as they were typed.
struct GlobalOptions {
  std::string endpoint;
  TlsOptions tls;
  std::string output = "table";
  std::string timeout = "10s";
  bool no_headers = false;
  bool quiet = false;
};

class Session {
 public:
  // What takes longer than it may by so much hangs.
  static constexpr absl::Duration kHangTime = absl::Seconds(5);

  Session(const Environment& environment, const GlobalOptions& options)
      : environment_(environment), options_(options) {}

  const Environment& environment() const { return environment_; }
  const GlobalOptions& options() const { return options_; }
  absl::Time Now() const { return environment_.now(); }

  // The connection; made when first asked for. INVALID_ARGUMENT for a bad --endpoint or --timeout.
  absl::StatusOr<Client*> client();

  // --output asks for a document (json, yaml, jsonpath=…), for all columns (wide).
  bool structured() const { return !wide() && options_.output != "table"; }
  bool wide() const { return options_.output == "wide"; }

  // Runs `call`; after notice_after says on stderr that it waits for `what`. A call that hangs
  // beyond its own time limit ends the process (last_resort.h).
  template <typename Call>
  auto WaitFor(absl::string_view what, const Call& call) {
    const std::unique_ptr<Notice> notice = StartNotice(what);
    const LastResort last_resort(hang_limit_, kExitNoAnswer);
    return call();
  }

  // Closes the connection before an exit with `exit_code`; exits here if that hangs.
  void Close(int exit_code);

  // The notice by itself, for streams: ends with the object.
  class Notice {
   public:
    virtual ~Notice() = default;
  };
  std::unique_ptr<Notice> StartNotice(absl::string_view what);

  // Data, on stdout.
  void Print(absl::string_view text);
  void Print(const Table& table);
  // In the document style asked for.
  absl::Status PrintDocument(const google::protobuf::Message& message);
  absl::Status PrintDocumentLine(const google::protobuf::Message& message);
  absl::Status PrintJson(absl::string_view json);
  template <typename Message>
  absl::Status PrintList(absl::string_view key, const std::vector<Message>& messages) {
    std::vector<const google::protobuf::Message*> pointers;
    for (const Message& message : messages) pointers.push_back(&message);
    return PrintListOf(key, pointers);
  }

  // What a command that changes something did: the document if one is asked for; nothing but `name`
  // with --quiet; otherwise the sentence.
  absl::Status PrintResult(const google::protobuf::Message& message, absl::string_view name,
                           absl::string_view sentence);

  // Runs `print` and returns what it would have printed as data, documents on one line each.
  absl::StatusOr<std::string> Collect(const std::function<absl::Status()>& print);

  // A message for people, on stderr; not with --quiet.
  void Say(absl::string_view text);

 private:
  absl::Status PrintListOf(absl::string_view key,
                           const std::vector<const google::protobuf::Message*>& messages);
  // Prints what `make` makes in the style asked for, JSON on one line if `line`.
  absl::Status PrintStyled(
      bool line, const std::function<absl::StatusOr<std::string>(DocumentStyle style)>& make);

  const Environment& environment_;
  const GlobalOptions& options_;
  std::unique_ptr<Client> client_;
  // Set with client_: longer than any call may take.
  absl::Duration hang_limit_ = kHangTime;
  // While Collect() runs: where data goes.
  std::string* collected_ = nullptr;
};

// What a command does once its options are parsed.
using CommandBody = std::function<absl::Status(Session&)>;

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_SESSION_H_
