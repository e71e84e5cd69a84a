// SPDX-License-Identifier: Apache-2.0
#include "tools/manual/schedd_page.h"

#include "absl/strings/str_cat.h"
#include "server/base/version.h"
#include "server/daemon/config.h"
#include "server/daemon/exit_code.h"
#include "tools/manual/roff.h"

namespace schedd::manual {
namespace {

void AppendOptions(RoffPage& page) {
  page.Section("OPTIONS");
  for (const daemon::Option& option : daemon::Options()) {
    const bool is_switch = option.kind == daemon::Option::Kind::kSwitch;
    const std::string preset =
        option.default_value.empty() ? "none" : std::string(option.default_value);
    page.Item(is_switch ? absl::StrCat("--", option.name, ", --no-", option.name)
                        : absl::StrCat("--", option.name, " ", option.metavar),
              absl::StrCat(option.help, " Default: ", preset, ". Allowed: ", option.range, "."));
  }
  page.Item("--config FILE", "Read options from this file.");
  page.Item("--check-config",
            "Say whether the flags and the file are right, and end: 0 if they are, 2 if not.");
  page.Item("--version", "Print the version and end.");
  page.Item("-h, --help", "Print the options and end.");
}

void AppendFiles(RoffPage& page) {
  page.Section("FILES");
  page.Item("/run/schedd/schedd.sock", "The API; mode 0660, removed at the end.");
  page.Item("/run/schedd/schedd.lock", "Held while schedd runs, with its process ID.");
  page.Item("/sys/fs/bpf/schedd/",
            "The dispatcher, while it is attached: what the next schedd adopts.");
  page.Item("/var/lib/schedd/schedd.db", "What callers changed, kept between runs.");
  page.Item("/var/lib/schedd/audit.db", "The audit log: who changed what, or was refused it.");
  page.Item("/var/lib/schedd/dumps/", "The kernel's debug dumps of the newest ejections.");
}

}  // namespace

std::string ScheddPage() {
  RoffPage page("schedd", 8, absl::StrCat("schedd ", kVersion),
                "a CPU scheduler in user space, driven over gRPC");
  page.Section("SYNOPSIS");
  page.Paragraph("`schedd` [OPTION…]");
  page.Section("DESCRIPTION");
  page.Paragraph(
      "`schedd` loads a small BPF dispatcher into the kernel's sched_ext and decides in its own "
      "process which task runs next. With no flags it attaches to this kernel and serves its API "
      "on unix:///run/schedd/schedd.sock, which `schedctl`(1) uses. It needs root and a kernel "
      "with CONFIG_SCHED_CLASS_EXT=y. When it is stopped, slow or gone, tasks run on in the "
      "kernel's own order.");
  AppendOptions(page);
  page.Section("CONFIGURATION FILE");
  page.Paragraph(
      "Holds the same options, one `name: value` a line (protobuf text format), with _ for -. "
      "Flags overrule it.");
  page.Lines({"# /etc/schedd/schedd.conf", "max_tasks: 32768", "watchdog_timeout: \"10s\"",
              "set: \"base_slice=5ms\""});
  page.Section("SIGNALS");
  page.Item("SIGTERM, SIGINT",
            "End: streams and calls are ended, and the dispatcher is detached, within 2 s.");
  page.Item("SIGUSR1",
            "End, and leave the dispatcher to the next schedd: what `schedd --replace` sends.");
  page.Item("SIGHUP", "Read the file of `--roles-file` again; a wrong one changes nothing.");
  page.Section("EXIT STATUS");
  for (const daemon::ExitCodeDoc& doc : daemon::ExitCodeDocs()) {
    page.Item(absl::StrCat(static_cast<int>(doc.code)), doc.meaning);
  }
  AppendFiles(page);
  page.Section("SEE ALSO");
  page.Paragraph("`schedctl`(1)");
  return page.text();
}

}  // namespace schedd::manual
