// SPDX-License-Identifier: Apache-2.0
//
// schedctl's options of every command, and the list of its commands.
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/lib/endpoint.h"
#include "client/lib/tls_options.h"
#include "client/schedctl/command.h"
#include "client/schedctl/exit_code.h"
#include "client/schedctl/jsonpath.h"
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

// Empty when the output can be had, else what is wrong.
std::string CheckOutput(const std::string& output) {
  absl::string_view path = output;
  if (absl::ConsumePrefix(&path, "jsonpath=")) {
    return std::string(JsonPath::Parse(path).status().message());
  }
  for (absl::string_view known : {"table", "wide", "json", "yaml"}) {
    if (output == known) return "";
  }
  return absl::StrCat(output, " not in {table,wide,json,yaml,jsonpath=TEMPLATE}");
}

void AddTlsOptions(CLI::App& root, GlobalOptions& options) {
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
}

void AddGlobalOptions(CommandTable& table, GlobalOptions& options) {
  CLI::App& root = table.root();
  root.description("schedctl watches and controls schedd, the CPU scheduler of this machine.");
  root.footer(RootFooter());
  root.fallthrough();
  root.set_help_flag("-h,--help", "Show this help");
  root.set_version_flag("--version", absl::StrCat("schedctl ", kVersion),
                        "Show the version of schedctl");
  root.add_option("--endpoint", options.endpoint,
                  absl::StrCat("Where schedd listens: unix:///path or host:port; default ",
                               kEndpointVariable, " or ", kDefaultEndpoint));
  AddTlsOptions(root, options);
  table.SetCandidates(
      root.add_option("-o,--output", options.output,
                      "Output: table, wide, json, yaml, or jsonpath=TEMPLATE for single values")
          ->check(CheckOutput)
          ->type_name("FORMAT"),
      {{"table", "wide", "json", "yaml", "jsonpath="}, ""});
  root.add_option("--timeout", options.timeout, "Longest wait for an answer")
      ->type_name("DURATION")
      ->capture_default_str();
  root.add_flag("--no-headers", options.no_headers, "Tables without their first line");
  root.add_flag("-q,--quiet", options.quiet, "No messages but errors");
}

}  // namespace

void BuildCommandLine(CommandTable& table, GlobalOptions& options) {
  AddGlobalOptions(table, options);
  table.root().require_subcommand(0, 1);
  AddStatusCommand(table);
  AddTaskCommands(table);
  AddPolicyCommands(table);
  AddSchedulerCommands(table);
  AddAuditCommand(table);
  AddSimulateCommand(table);
  AddTraceCommands(table);
  AddDoctorCommand(table);
  AddVersionCommand(table);
  AddCompletionCommand(table);
  AddReferenceCommand(table);
  AddNamesCommand(table);
}

}  // namespace schedd::client
