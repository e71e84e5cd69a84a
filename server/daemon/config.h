// SPDX-License-Identifier: Apache-2.0
//
// What the daemon was told to do: the options, their meaning and their bounds.
//
// Config is a value, built once at start-up on the main thread. Options() is the one table behind
// the flags, the configuration file and docs/configuration.md. Pure. Fails with INVALID_ARGUMENT
// and a sentence that names the option, what was given and what is allowed.
#ifndef SCHEDD_DAEMON_CONFIG_H_
#define SCHEDD_DAEMON_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/base/log.h"
#include "server/base/tcp_address.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/tls_files.h"

namespace schedd::daemon {

enum class Backend { kBpf, kSim };

// First value of a policy parameter, or its safe range, unchecked: its bounds are the control
// layer's business.
struct ParameterSetting {
  std::string name;
  std::string value;
};

struct Config {
  std::vector<rpc::ListenAddress> listen;
  std::optional<TcpAddress> metrics_address;  // none: no metrics
  std::string roles_file;                     // empty: none
  rpc::TlsFiles tls;                          // all of them, or none
  bool attach = true;
  Backend kernel = Backend::kBpf;
  std::string workload;  // file of what a simulated machine does; empty: the built-in one
  double speed = 1;      // of its clock against the real one
  std::string policy;    // one of PolicyNames()
  uint32_t max_tasks = 0;
  int64_t watchdog_timeout_ns = 0;
  bool ext_tasks_only = false;
  int64_t orphan_timeout_ns = 0;
  int32_t reattach_limit = 0;
  bool replace = false;
  int64_t spin_ns = 0;
  std::vector<ParameterSetting> parameters;
  std::vector<ParameterSetting> safe_ranges;  // values like "2ms..20ms"
  int64_t bake_time_ns = 0;
  std::string state_dir;
  LogLevel log_level = LogLevel::kInfo;
};

struct Option {
  enum class Kind {
    kValue,   // one value
    kSwitch,  // true or false; as a flag also without a value, and as --no-NAME
    kList,    // given any number of times
  };
  absl::string_view name;  // of the flag; the file's field has '_' for '-'
  Kind kind;
  absl::string_view metavar;        // how help names the value
  absl::string_view default_value;  // as it would be written; empty: nothing
  absl::string_view range;          // what is allowed, for people
  absl::string_view help;           // what it does, sentences for people
  absl::Status (*apply)(absl::string_view text, Config* config);

  std::string field() const;  // name in the configuration file
};

absl::Span<const Option> Options();
const Option* FindOption(absl::string_view name);

// One option given: by a flag or by the file.
struct Setting {
  std::string option;
  std::string text;
  std::string where;  // "--spin", or "schedd.conf:3:7"
};

// Defaults, then `file`, then `flags`. A list given by flags takes the place of the file's list;
// --set and --safe-range add to it, and the last value of a parameter counts.
absl::StatusOr<Config> MakeConfig(absl::Span<const Setting> file, absl::Span<const Setting> flags);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_CONFIG_H_
