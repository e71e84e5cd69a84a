// SPDX-License-Identifier: Apache-2.0
//
// schedctl doctor: the findings as a table or a document. Ends with exit code 1 when something
// FAILs.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/doctor.h"

namespace schedd::client {
namespace {

Color ColorOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return Color::kGood;
    case Verdict::kWarn:
      return Color::kWarning;
    case Verdict::kFail:
      break;
  }
  return Color::kBad;
}

int64_t Number(const std::vector<Finding>& findings, Verdict verdict) {
  return std::count_if(findings.begin(), findings.end(),
                       [verdict](const Finding& finding) { return finding.verdict == verdict; });
}

void PrintTable(Session& session, const std::vector<Finding>& findings) {
  Table table({{"CHECK"}, {"RESULT"}, {"DETAIL"}});
  for (const Finding& finding : findings) {
    table.AddRow({finding.check, Cell(VerdictText(finding.verdict), ColorOf(finding.verdict)),
                  finding.detail});
    if (!finding.action.empty()) table.AddRow({"", "", absl::StrCat("to do: ", finding.action)});
  }
  session.Print(table);
}

absl::Status PrintDocument(Session& session, const std::vector<Finding>& findings) {
  nlohmann::ordered_json document = {{"checks", nlohmann::ordered_json::array()},
                                     {"warnCount", Number(findings, Verdict::kWarn)},
                                     {"failCount", Number(findings, Verdict::kFail)}};
  for (const Finding& finding : findings) {
    document["checks"].push_back({{"check", finding.check},
                                  {"result", VerdictText(finding.verdict)},
                                  {"detail", finding.detail},
                                  {"action", finding.action}});
  }
  return session.PrintJson(
      document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

absl::Status Run(Session& session) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  std::vector<Finding> findings = ExamineMachine(session.environment().root);
  findings.push_back(
      ExamineDaemon(session.WaitFor("an answer", [&] { return (*client)->GetScheduler(); })));
  if (session.structured()) {
    const absl::Status printed = PrintDocument(session, findings);
    if (!printed.ok()) return printed;
  } else {
    PrintTable(session, findings);
  }
  const int64_t failed = Number(findings, Verdict::kFail);
  if (failed == 0) return absl::OkStatus();
  return absl::UnknownError(absl::StrCat(failed, failed == 1 ? " check fails" : " checks fail",
                                         ": schedd cannot attach on this machine"));
}

}  // namespace

void AddDoctorCommand(CommandTable& table) {
  table.SetBody(table.AddCommand(&table.root(), "doctor",
                                 "Check whether this machine can run schedd, and say what to do",
                                 "schedctl doctor -o json"),
                Run);
}

}  // namespace schedd::client
