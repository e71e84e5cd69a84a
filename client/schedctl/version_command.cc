// SPDX-License-Identifier: Apache-2.0
//
// schedctl version: of schedctl, and of the schedd it talks to.
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/format.h"
#include "client/schedctl/version.h"

namespace schedd::client {
namespace {

struct VersionOptions {
  bool client_only = false;
};

// The own version is shown even when schedd cannot be asked; the exit code says that it could not.
absl::Status Run(Session& session, const VersionOptions& options) {
  absl::Status asked;
  nlohmann::ordered_json document = {{"clientVersion", kVersion}};
  std::string text = absl::StrCat("schedctl ", kVersion, "\n");
  if (!options.client_only) {
    auto client = session.client();
    if (!client.ok()) return client.status();
    auto scheduler = session.WaitFor("the version", [&] { return (*client)->GetScheduler(); });
    asked = scheduler.status();
    if (scheduler.ok()) {
      document["serverVersion"] = scheduler->daemon_version();
      document["kernelRelease"] = scheduler->kernel_release();
      absl::StrAppend(&text, "schedd   ", Printable(scheduler->daemon_version()), "\nkernel   ",
                      Printable(scheduler->kernel_release()), "\n");
    }
  }
  if (session.structured()) {
    const absl::Status printed = session.PrintJson(document.dump());
    if (!printed.ok()) return printed;
  } else {
    session.Print(text);
  }
  return asked;
}

}  // namespace

void AddVersionCommand(CommandTable& table) {
  auto options = table.MakeOptions<VersionOptions>();
  CLI::App* command = table.AddCommand(&table.root(), "version",
                                       "Show the versions of schedctl, schedd and the kernel",
                                       "schedctl version --client");
  command->add_flag("--client", options->client_only, "Only schedctl's; do not ask schedd");
  table.SetBody(command, [options](Session& session) { return Run(session, *options); });
}

}  // namespace schedd::client
