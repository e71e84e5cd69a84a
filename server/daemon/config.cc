// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/config.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "server/metrics/metrics_address.h"
#include "server/policy/registry.h"

namespace schedd::daemon {
namespace {

absl::Status Allowed(absl::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat("allowed is ", allowed));
}

absl::Status ParseBool(absl::string_view text, bool* value) {
  if (text != "true" && text != "false") return Allowed("true or false");
  *value = text == "true";
  return absl::OkStatus();
}

absl::Status ParseInt(absl::string_view text, int64_t min, int64_t max, int64_t* value) {
  if (!absl::SimpleAtoi(text, value) || *value < min || *value > max) {
    return Allowed(absl::StrCat("a whole number from ", min, " to ", max));
  }
  return absl::OkStatus();
}

absl::Status ParseSpeed(absl::string_view text, double* speed) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !(value >= 0.001 && value <= 1'000)) {
    return Allowed("a number from 0.001 to 1000");
  }
  *speed = value;
  return absl::OkStatus();
}

absl::Status ParseDuration(absl::string_view text, absl::Duration min, absl::Duration max,
                           int64_t* value_ns) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < min || duration > max) {
    return Allowed(absl::StrCat("a duration from ", absl::FormatDuration(min), " to ",
                                absl::FormatDuration(max),
                                ", written with its unit as in 500us, 5ms or 2s"));
  }
  *value_ns = absl::ToInt64Nanoseconds(duration);
  return absl::OkStatus();
}

template <typename T>
absl::Status ParseWord(absl::string_view text,
                       std::initializer_list<std::pair<absl::string_view, T>> words, T* value) {
  std::vector<absl::string_view> names;
  for (const auto& [name, meaning] : words) {
    if (name == text) {
      *value = meaning;
      return absl::OkStatus();
    }
    names.push_back(name);
  }
  return Allowed(absl::StrJoin(names, " or "));
}

absl::Status ApplyListen(absl::string_view text, Config* config) {
  absl::StatusOr<rpc::ListenAddress> address = rpc::ParseListenAddress(text);
  if (!address.ok()) return address.status();
  const std::string uri = address->Uri();
  for (const rpc::ListenAddress& other : config->listen) {
    if (other.Uri() == uri) return absl::InvalidArgumentError("the address is given twice");
  }
  config->listen.push_back(*std::move(address));
  return absl::OkStatus();
}

absl::Status ApplyMetricsAddress(absl::string_view text, Config* config) {
  if (text.empty()) {
    config->metrics_address.reset();
    return absl::OkStatus();
  }
  absl::StatusOr<TcpAddress> address = metrics::ParseMetricsAddress(text);
  if (!address.ok()) return address.status();
  config->metrics_address = *std::move(address);
  return absl::OkStatus();
}

// "NAME=VALUE" in place of what was set for that name before.
absl::Status ApplySetting(absl::string_view text, absl::string_view allowed,
                          std::vector<ParameterSetting>* settings) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return Allowed(allowed);
  }
  ParameterSetting setting{std::string(text.substr(0, equals)),
                           std::string(text.substr(equals + 1))};
  for (ParameterSetting& other : *settings) {
    if (other.name == setting.name) {
      other.value = std::move(setting.value);
      return absl::OkStatus();
    }
  }
  settings->push_back(std::move(setting));
  return absl::OkStatus();
}

absl::Status ApplySet(absl::string_view text, Config* config) {
  return ApplySetting(text, "NAME=VALUE, for example base_slice=5ms", &config->parameters);
}

absl::Status ApplySafeRange(absl::string_view text, Config* config) {
  return ApplySetting(text, "NAME=MIN..MAX, for example base_slice=2ms..20ms",
                      &config->safe_ranges);
}

absl::Status ApplyPolicy(absl::string_view text, Config* config) {
  const std::vector<std::string> names = PolicyNames();
  if (std::find(names.begin(), names.end(), text) == names.end()) {
    return Allowed(absl::StrJoin(names, " or "));
  }
  config->policy = std::string(text);
  return absl::OkStatus();
}

absl::Status ApplyPath(absl::string_view text, std::string* path) {
  if (text.empty() || text.front() != '/') return Allowed("an absolute path");
  *path = std::string(text);
  return absl::OkStatus();
}

absl::Status ApplyLogLevel(absl::string_view text, Config* config) {
  const std::optional<LogLevel> level = ParseLogLevel(text);
  if (!level.has_value()) return Allowed("debug, info, warning or error");
  config->log_level = *level;
  return absl::OkStatus();
}

using Kind = Option::Kind;

constexpr Option kOptions[] = {
    {"listen", Kind::kList, "ADDRESS", "unix:///run/schedd/schedd.sock",
     "unix:///PATH, IPV4:PORT, [IPV6]:PORT",
     "Serve the API on this address; may be given several times. The socket gets mode 0660. With "
     "--tls-cert callers on TCP need a certificate; without it schedd listens on loopback "
     "addresses only, and whoever calls there is anonymous.",
     ApplyListen},
    {"roles-file", Kind::kValue, "FILE", "", "an absolute path",
     "Who may do what: which users, groups and certificates have which roles. Read again on "
     "SIGHUP. Without it root and schedd's own user may do everything, and everybody else who can "
     "connect may look.",
     [](absl::string_view text, Config* c) { return ApplyPath(text, &c->roles_file); }},
    {"tls-cert", Kind::kValue, "FILE", "", "an absolute path",
     "Certificate of this host for callers on TCP, PEM, with those between it and its authority.",
     [](absl::string_view text, Config* c) { return ApplyPath(text, &c->tls.certificate); }},
    {"tls-key", Kind::kValue, "FILE", "", "an absolute path",
     "Private key of --tls-cert, PEM, without a passphrase, not readable by everybody.",
     [](absl::string_view text, Config* c) { return ApplyPath(text, &c->tls.key); }},
    {"tls-ca", Kind::kValue, "FILE", "", "an absolute path",
     "Authorities, PEM, one of which must have signed a caller's certificate. All three files are "
     "read again when they change.",
     [](absl::string_view text, Config* c) { return ApplyPath(text, &c->tls.authorities); }},
    {"metrics-address", Kind::kValue, "HOST:PORT", "", "IPV4:PORT, [IPV6]:PORT, localhost:PORT",
     "Serve metrics for Prometheus at http://HOST:PORT/metrics. They tell nothing of single tasks "
     "and change nothing, so there is no authentication: bind it to localhost or to a protected "
     "network. With port 0 the kernel chooses one, which the log names. Empty: no metrics.",
     ApplyMetricsAddress},
    {"attach", Kind::kSwitch, "", "true", "true, false",
     "Attach the dispatcher at start. Without it schedd serves the API, and schedules once a "
     "client says "
     "`schedctl scheduler attach`.",
     [](absl::string_view text, Config* c) { return ParseBool(text, &c->attach); }},
    {"kernel", Kind::kValue, "NAME", "bpf", "bpf, sim",
     "What schedules: bpf is this host's kernel (needs root and sched_ext), sim a simulated "
     "machine that "
     "needs neither and touches no real task.",
     [](absl::string_view text, Config* c) {
       return ParseWord(text, {{"bpf", Backend::kBpf}, {"sim", Backend::kSim}}, &c->kernel);
     }},
    {"workload", Kind::kValue, "FILE", "", "an absolute path",
     "With --kernel=sim: the machine to simulate and its tasks, in protobuf text format. Without "
     "it "
     "4 CPUs and a few tasks of all kinds.",
     [](absl::string_view text, Config* c) { return ApplyPath(text, &c->workload); }},
    {"speed", Kind::kValue, "N", "1", "0.001 to 1000",
     "With --kernel=sim: how many seconds pass on the simulated machine in one real second.",
     [](absl::string_view text, Config* c) { return ParseSpeed(text, &c->speed); }},
    {"policy", Kind::kValue, "NAME", "vruntime", "vruntime, fifo",
     "Scheduling policy: vruntime shares CPU time by weight, fifo runs tasks in the order they "
     "woke.",
     ApplyPolicy},
    {"max-tasks", Kind::kValue, "N", "16384", "64 to 1048576",
     "Most tasks that the policy can hold at a time; about 2 KiB of locked memory each. Tasks "
     "beyond it "
     "still run, in the kernel's own order, and are counted.",
     [](absl::string_view text, Config* c) {
       int64_t value = 0;
       absl::Status status = ParseInt(text, 64, 1'048'576, &value);
       if (status.ok()) c->max_tasks = static_cast<uint32_t>(value);
       return status;
     }},
    {"watchdog-timeout", Kind::kValue, "DURATION", "5s", "1s to 30s",
     "The kernel ejects the dispatcher, and gives all tasks back to its own scheduler, when a "
     "runnable "
     "task has waited this long.",
     [](absl::string_view text, Config* c) {
       return ParseDuration(text, absl::Seconds(1), absl::Seconds(30), &c->watchdog_timeout_ns);
     }},
    {"orphan-timeout", Kind::kValue, "DURATION", "10s", "0s to 5m",
     "How long the dispatcher goes on by itself after schedd was killed, so that the next schedd "
     "can "
     "adopt "
     "it; then all tasks go back to the kernel's own scheduler.",
     [](absl::string_view text, Config* c) {
       return ParseDuration(text, absl::ZeroDuration(), absl::Minutes(5), &c->orphan_timeout_ns);
     }},
    {"reattach-limit", Kind::kValue, "N", "3", "0 to 100",
     "How often schedd attaches the dispatcher again after the kernel ejected it for an error: "
     "after "
     "1s, 2s, 4s and so on, and no more then. The count begins anew 10 minutes after the last "
     "ejection, or when a client attaches. 0: never.",
     [](absl::string_view text, Config* c) {
       int64_t value = 0;
       absl::Status status = ParseInt(text, 0, 100, &value);
       if (status.ok()) c->reattach_limit = static_cast<int32_t>(value);
       return status;
     }},
    {"replace", Kind::kSwitch, "", "false", "true, false",
     "Take over from the schedd that serves the same socket, without detaching: it hands its "
     "dispatcher "
     "over and ends.",
     [](absl::string_view text, Config* c) { return ParseBool(text, &c->replace); }},
    {"ext-tasks-only", Kind::kSwitch, "", "false", "true, false",
     "Schedule only tasks that chose the class SCHED_EXT; all others stay with the kernel's own "
     "scheduler.",
     [](absl::string_view text, Config* c) { return ParseBool(text, &c->ext_tasks_only); }},
    {"spin", Kind::kValue, "DURATION", "20us", "0s to 10ms",
     "The scheduling thread looks for work this long at most before it sleeps, and shorter when "
     "that "
     "finds none.",
     [](absl::string_view text, Config* c) {
       return ParseDuration(text, absl::ZeroDuration(), absl::Milliseconds(10), &c->spin_ns);
     }},
    {"set", Kind::kList, "NAME=VALUE", "", "see `schedctl policy specs`",
     "First value of a policy parameter, for example base_slice=5ms; may be given several times. "
     "All can "
     "be changed later through the API.",
     ApplySet},
    {"safe-range", Kind::kList, "NAME=MIN..MAX", "", "within the bounds of `schedctl policy specs`",
     "Safe range of a policy parameter, for example base_slice=2ms..20ms; may be given several "
     "times. Callers that may not leave it are refused values outside. Without MIN or MAX: as far "
     "as is possible.",
     ApplySafeRange},
    {"bake-time", Kind::kValue, "DURATION", "60s", "1s to 24h",
     "A revision of a policy is known to be good once it has been in force so long, with the "
     "dispatcher attached and not ejected by the kernel.",
     [](absl::string_view text, Config* c) {
       return ParseDuration(text, absl::Seconds(1), absl::Hours(24), &c->bake_time_ns);
     }},
    {"state-dir", Kind::kValue, "DIR", "/var/lib/schedd", "an absolute path",
     "Directory of what is kept between runs: what callers changed, and in dumps/ the kernel's "
     "debug dumps.",
     [](absl::string_view text, Config* c) { return ApplyPath(text, &c->state_dir); }},
    {"log-level", Kind::kValue, "LEVEL", "info", "debug, info, warning, error",
     "Least severe lines that are written to standard error.", ApplyLogLevel},
};

absl::Status Explain(const Setting& setting, const absl::Status& status) {
  return absl::InvalidArgumentError(
      absl::StrCat(setting.where, ": '", setting.text, "': ", status.message()));
}

absl::Status ApplyAll(absl::Span<const Setting> settings, Config* config) {
  for (const Setting& setting : settings) {
    const Option* option = FindOption(setting.option);
    if (option == nullptr) {
      return Explain(setting, absl::InvalidArgumentError("no such option"));
    }
    const absl::Status status = option->apply(setting.text, config);
    if (!status.ok()) return Explain(setting, status);
  }
  return absl::OkStatus();
}

// What no option can say by itself.
absl::Status CheckTogether(const Config& config) {
  const rpc::TlsFiles& tls = config.tls;
  if (!tls.empty() && (tls.certificate.empty() || tls.key.empty() || tls.authorities.empty())) {
    return absl::InvalidArgumentError(
        "--tls-cert, --tls-key and --tls-ca belong together: give all three, or none");
  }
  if (config.kernel != Backend::kSim && !config.workload.empty()) {
    return absl::InvalidArgumentError(
        "--workload is for a simulated machine: give --kernel=sim, too, or leave it out");
  }
  if (config.kernel != Backend::kSim && config.speed != 1) {
    return absl::InvalidArgumentError(
        "--speed is for a simulated machine: give --kernel=sim, too, or leave it out");
  }
  for (const rpc::ListenAddress& address : config.listen) {
    if (address.kind == rpc::ListenAddress::Kind::kTcp && !address.loopback && tls.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--listen ", address.Uri(),
                       ": other machines can reach this address, so callers there need "
                       "certificates: give --tls-cert, --tls-key and --tls-ca, or listen on "
                       "127.0.0.1 or [::1]"));
    }
  }
  return absl::OkStatus();
}

bool Contains(absl::Span<const Setting> settings, absl::string_view option) {
  return std::any_of(settings.begin(), settings.end(),
                     [option](const Setting& setting) { return setting.option == option; });
}

}  // namespace

std::string Option::field() const { return absl::StrReplaceAll(name, {{"-", "_"}}); }

absl::Span<const Option> Options() { return kOptions; }

const Option* FindOption(absl::string_view name) {
  const auto* found = std::find_if(std::begin(kOptions), std::end(kOptions),
                                   [name](const Option& option) { return option.name == name; });
  return found == std::end(kOptions) ? nullptr : found;
}

absl::StatusOr<Config> MakeConfig(absl::Span<const Setting> file, absl::Span<const Setting> flags) {
  Config config;
  for (const Option& option : Options()) {
    if (option.default_value.empty() || option.kind == Kind::kList) continue;
    const absl::Status status = option.apply(option.default_value, &config);
    if (!status.ok()) return status;
  }
  absl::Status status = ApplyAll(file, &config);
  if (!status.ok()) return status;
  if (Contains(flags, "listen")) config.listen.clear();
  status = ApplyAll(flags, &config);
  if (!status.ok()) return status;
  if (config.listen.empty()) {
    status = ApplyListen(FindOption("listen")->default_value, &config);
    if (!status.ok()) return status;
  }
  if (status = CheckTogether(config); !status.ok()) return status;
  return config;
}

}  // namespace schedd::daemon
