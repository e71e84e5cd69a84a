// SPDX-License-Identifier: Apache-2.0
//
// schedctl audit: who changed what, and who was refused it.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/format.h"

namespace schedd::client {
namespace {

struct AuditOptions {
  int limit = 50;
  bool refused = false;
};

bool IsRefusal(const v1::AuditEntry& entry) {
  const auto code = static_cast<absl::StatusCode>(entry.status_code());
  return code == absl::StatusCode::kPermissionDenied || code == absl::StatusCode::kUnauthenticated;
}

// "OK", "ABORTED"; of a call that schedd did not live to answer "unknown".
Cell Result(const v1::AuditEntry& entry) {
  if (!entry.has_status_code()) return {"unknown", Color::kWarning};
  const std::string text =
      absl::StatusCodeToString(static_cast<absl::StatusCode>(entry.status_code()));
  if (entry.status_code() == 0) return {text, Color::kGood};
  // A newer schedd may have codes that we do not know.
  return {text.empty() ? absl::StrCat(entry.status_code()) : text,
          IsRefusal(entry) ? Color::kBad : Color::kWarning};
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

// Columns of `wide` stand before the last one, which may be long.
std::vector<Table::Column> AuditColumns(bool wide) {
  std::vector<Table::Column> columns = {
      {"TIME"}, {"WHO"}, {"CALL"}, {"RESOURCE"}, {"RESULT"}, {"GENERATION", Table::Align::kRight}};
  if (wide) columns.insert(columns.end(), {{"ENTRY"}, {"ROLES"}, {"ERROR"}, {"REQUEST"}});
  columns.push_back({"REASON"});
  return columns;
}

std::vector<Cell> AuditRow(const v1::AuditEntry& entry, const Session& session) {
  std::vector<Cell> cells = {
      LocalTime(entry.event_time(), session.environment().zone),
      entry.principal(),
      LastSegment(entry.method()),
      OrDash(entry.resource_name()),
      Result(entry),
      entry.policy_generation() == 0 ? "-" : absl::StrCat(entry.policy_generation())};
  if (session.wide()) {
    cells.insert(cells.end(), {LastSegment(entry.name()), OrDash(entry.role()),
                               OrDash(entry.error_reason()), OrDash(entry.request_json())});
  }
  cells.emplace_back(OrDash(entry.reason()));
  return cells;
}

absl::Status Audit(Session& session, const AuditOptions& options) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto entries = session.WaitFor("the audit log", [&] {
    return options.refused ? (*client)->ListAllAuditEntries(options.limit, IsRefusal)
                           : (*client)->ListAllAuditEntries(options.limit);
  });
  if (!entries.ok()) return entries.status();
  if (session.structured()) return session.PrintList("auditEntries", *entries);
  Table table(AuditColumns(session.wide()));
  for (const v1::AuditEntry& entry : *entries) table.AddRow(AuditRow(entry, session));
  session.Print(table);
  if (entries->empty()) session.Say("no entries");
  return absl::OkStatus();
}

}  // namespace

void AddAuditCommand(CommandTable& table) {
  auto options = table.MakeOptions<AuditOptions>();
  CLI::App* command = table.AddCommand(
      &table.root(), "audit", "List the calls that changed something or were refused, newest first",
      "schedctl audit --limit 10 -o wide\n"
      "schedctl audit --refused");
  command->add_option("--limit", options->limit, "Only the newest so many; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--refused", options->refused,
                    "Only calls that were refused because the caller may not make them");
  table.SetBody(command, [options](Session& session) { return Audit(session, *options); });
}

}  // namespace schedd::client
