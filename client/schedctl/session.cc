// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/session.h"

#include <condition_variable>
#include <mutex>
#include <ostream>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/schedctl/format.h"
#include "client/schedctl/jsonpath.h"

namespace schedd::client {
namespace {

constexpr char kJsonPathPrefix[] = "jsonpath=";

// Prints `text` to `err` unless it is destroyed before `delay` is over.
class DelayedNotice : public Session::Notice {
 public:
  DelayedNotice(std::ostream& err, absl::Duration delay, std::string text)
      : thread_([this, &err, delay, text = std::move(text)](std::stop_token stop) {
          std::unique_lock lock(mutex_);
          if (wake_.wait_for(lock, stop, absl::ToChronoNanoseconds(delay), [] { return false; }))
            return;
          if (!stop.stop_requested()) err << text << std::flush;
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  // Last: its destructor stops and joins before the rest goes.
  std::jthread thread_;
};

}  // namespace

absl::StatusOr<Client*> Session::client() {
  if (client_ != nullptr) return client_.get();
  auto timeout = ParseDuration(options_.timeout);
  if (!timeout.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--timeout: ", timeout.status().message()));
  }
  if (*timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--timeout must be longer than 0, not ", options_.timeout));
  }
  ClientOptions client_options;
  client_options.deadline = *timeout;
  client_options.tls = options_.tls;
  auto client = Client::Connect(options_.endpoint, client_options);
  if (!client.ok()) return client.status();
  client_ = *std::move(client);
  // A list is one call for each page, so two limits; a third would be patience with what hangs.
  hang_limit_ = 2 * *timeout + kHangTime;
  return client_.get();
}

void Session::Close(int exit_code) {
  const LastResort last_resort(kHangTime, exit_code);
  client_.reset();
}

std::unique_ptr<Session::Notice> Session::StartNotice(absl::string_view what) {
  if (options_.quiet) return nullptr;
  std::string text = absl::StrCat("schedctl: waiting for ", what);
  if (client_ != nullptr) absl::StrAppend(&text, " from ", client_->endpoint());
  try {
    return std::make_unique<DelayedNotice>(*environment_.err, environment_.notice_after,
                                           absl::StrCat(text, " …\n"));
  } catch (const std::system_error&) {
    return nullptr;
  }
}

void Session::Print(absl::string_view text) {
  if (collected_ != nullptr) {
    absl::StrAppend(collected_, text);
    return;
  }
  // Flushed: a reader of a pipe sees each update when it happens.
  environment_.out->write(text.data(), static_cast<std::streamsize>(text.size()));
  environment_.out->flush();
}

void Session::Print(const Table& table) {
  Print(table.Render({.headers = !options_.no_headers, .color = environment_.color}));
}

absl::Status Session::PrintStyled(
    bool line, const std::function<absl::StatusOr<std::string>(DocumentStyle)>& make) {
  absl::string_view output = options_.output;
  if (!absl::ConsumePrefix(&output, kJsonPathPrefix)) {
    const bool one_line = line || collected_ != nullptr;
    auto text = make(output == "yaml" ? DocumentStyle::kYaml
                     : one_line       ? DocumentStyle::kJsonLine
                                      : DocumentStyle::kJson);
    if (text.ok()) Print(*text);
    return text.status();
  }
  auto path = JsonPath::Parse(output);
  if (!path.ok()) return path.status();
  auto json = make(DocumentStyle::kJsonNulls);
  if (!json.ok()) return json.status();
  auto text = path->Evaluate(*json);
  if (text.ok()) Print(absl::StrCat(*text, absl::EndsWith(*text, "\n") ? "" : "\n"));
  return text.status();
}

absl::Status Session::PrintDocument(const google::protobuf::Message& message) {
  return PrintStyled(/*line=*/false,
                     [&](DocumentStyle style) { return ToDocument(message, style); });
}

absl::Status Session::PrintDocumentLine(const google::protobuf::Message& message) {
  return PrintStyled(/*line=*/true,
                     [&](DocumentStyle style) { return ToDocument(message, style); });
}

absl::Status Session::PrintJson(absl::string_view json) {
  return PrintStyled(/*line=*/false, [&](DocumentStyle style) { return Restyle(json, style); });
}

absl::Status Session::PrintListOf(absl::string_view key,
                                  const std::vector<const google::protobuf::Message*>& messages) {
  return PrintStyled(/*line=*/false,
                     [&](DocumentStyle style) { return ToDocument(key, messages, style); });
}

absl::StatusOr<std::string> Session::Collect(const std::function<absl::Status()>& print) {
  std::string text;
  collected_ = &text;
  const absl::Status status = print();
  collected_ = nullptr;
  if (!status.ok()) return status;
  return text;
}

absl::Status Session::PrintResult(const google::protobuf::Message& message, absl::string_view name,
                                  absl::string_view sentence) {
  if (structured()) return PrintDocument(message);
  if (!options_.quiet) {
    Print(absl::StrCat(sentence, "\n"));
  } else if (!name.empty()) {
    Print(absl::StrCat(name, "\n"));
  }
  return absl::OkStatus();
}

void Session::Say(absl::string_view text) {
  if (!options_.quiet) *environment_.err << "schedctl: " << text << std::endl;
}

}  // namespace schedd::client
