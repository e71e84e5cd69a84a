// SPDX-License-Identifier: Apache-2.0
//
// schedctl simulate: runs a workload on the simulated machine, in this process, under one policy or
// several, and shows what came of it. Asks no schedd.
#include <cerrno>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/schedctl/command.h"
#include "client/schedctl/format.h"
#include "client/schedctl/simulation_document.h"
#include "client/schedctl/simulation_figures.h"
#include "client/schedctl/simulation_page.h"
#include "client/schedctl/simulation_policy.h"
#include "client/schedctl/simulation_text.h"
#include "server/sim/topology.h"
#include "server/simulate/simulation.h"
#include "server/simulate/trace_file.h"
#include "server/simulate/trace_workload.h"
#include "server/simulate/workload_file.h"

namespace schedd::client {
namespace {

constexpr char kBaseline[] = "baseline";
constexpr int kMostRuns = 1'000;

struct SimulateOptions {
  std::string workload;
  std::string trace;
  bool follow_wakers = false;
  std::vector<std::string> policy;
  std::vector<std::string> compare;
  int cpus = 0;
  std::vector<uint64_t> seeds;
  int runs = 1;
  std::string duration;
  std::string html;
  bool plot = false;
};

absl::Status Named(absl::string_view option, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(option, ": ", status.message()));
}

// --- what to simulate ---

// The CPUs that the workload names are there.
absl::Status CheckCpus(const SimWorkload& workload) {
  const int nr_cpus = workload.topology.nr_cpus();
  const auto check = [nr_cpus](const std::vector<int>& cpus, const std::string& who) {
    for (const int cpu : cpus) {
      if (cpu < nr_cpus) continue;
      return absl::InvalidArgumentError(absl::StrCat("--cpus: the workload's ", who, " names CPU ",
                                                     cpu, ", so it needs ", cpu + 1, " CPUs, not ",
                                                     nr_cpus));
    }
    return absl::OkStatus();
  };
  for (const SimWorkloadTasks& tasks : workload.tasks) {
    const absl::Status status = check(tasks.spec.cpus, absl::StrCat("task ", tasks.spec.comm));
    if (!status.ok()) return status;
  }
  for (const SimChange& change : workload.changes) {
    const absl::Status status = check(change.cpus, "change");
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// A recording as a workload; what of it could not be kept is said.
absl::StatusOr<SimWorkload> ReplayTrace(Session& session, const SimulateOptions& options) {
  const auto trace = ReadTraceFile(options.trace);
  if (!trace.ok()) return trace.status();
  auto replay = ReplayOf(*trace, {.follow_wakers = options.follow_wakers});
  if (!replay.ok()) return replay.status();
  for (const std::string& note : replay->notes) session.Say(note);
  return std::move(replay->workload);
}

absl::StatusOr<SimWorkload> ReadWorkload(Session& session, const SimulateOptions& options) {
  if (options.workload.empty() == options.trace.empty()) {
    return absl::InvalidArgumentError(
        "give a workload file, or a recording of schedctl trace record by --trace");
  }
  if (!options.trace.empty()) return ReplayTrace(session, options);
  if (options.follow_wakers) {
    return absl::InvalidArgumentError("--follow-wakers is for recordings: give --trace FILE");
  }
  return ReadWorkloadFile(options.workload);
}

absl::StatusOr<SimWorkload> LoadWorkload(Session& session, const SimulateOptions& options) {
  auto workload = ReadWorkload(session, options);
  if (!workload.ok()) return workload.status();
  if (options.cpus > 0) {
    workload->topology = SimTopology::Flat(options.cpus);
    const absl::Status status = CheckCpus(*workload);
    if (!status.ok()) return status;
  }
  if (!options.duration.empty()) {
    const auto duration = ParseDuration(options.duration);
    if (!duration.ok()) return Named("--duration", duration.status());
    if (*duration <= absl::ZeroDuration() || *duration > absl::Hours(24)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--duration must be longer than 0 and at most 24h, not ", options.duration));
    }
    workload->duration_ns = absl::ToInt64Nanoseconds(*duration);
  }
  return workload;
}

absl::StatusOr<std::vector<uint64_t>> Seeds(const SimulateOptions& options, uint64_t preset) {
  if (options.seeds.size() > 1) {
    if (options.runs == 1) return options.seeds;
    return absl::InvalidArgumentError("give several --seed, or --runs with the first one");
  }
  const uint64_t first = options.seeds.empty() ? preset : options.seeds.front();
  if (first > std::numeric_limits<uint64_t>::max() - kMostRuns) {
    return absl::InvalidArgumentError(absl::StrCat("--seed is too large: ", first));
  }
  std::vector<uint64_t> seeds;
  for (int i = 0; i < options.runs; ++i) seeds.push_back(first + static_cast<uint64_t>(i));
  return seeds;
}

absl::StatusOr<std::vector<SimulatedPolicy>> Policies(const SimulateOptions& options) {
  auto first = WithChanges({}, options.policy);
  if (!first.ok()) return Named("--policy", first.status());
  std::vector<SimulatedPolicy> policies = {{.label = kBaseline, .options = *first, .runs = {}}};
  for (const std::string& text : options.compare) {
    auto changed = WithChanges(*first, absl::StrSplit(text, ','));
    if (!changed.ok()) return Named("--compare", changed.status());
    policies.push_back({.label = text, .options = *changed, .runs = {}});
  }
  return policies;
}

// --- simulating ---

// Says on stderr how far it is, where it takes long.
class Progress {
 public:
  Progress(Session& session, size_t runs) : session_(session), runs_(runs), last_(session.Now()) {}

  absl::StatusOr<SimulationReport> Simulate(const SimWorkload& workload,
                                            const SimulationOptions& options) {
    auto report = [&] {
      const auto notice =
          session_.StartNotice(absl::StrCat("simulation ", done_ + 1, " of ", runs_));
      return schedd::Simulate(workload, options);
    }();
    ++done_;
    const absl::Time now = session_.Now();
    if (done_ < runs_ && now - last_ >= session_.environment().notice_after) {
      last_ = now;
      session_.Say(absl::StrCat(done_, " of ", runs_, " simulations done"));
    }
    return report;
  }

 private:
  Session& session_;
  const size_t runs_;
  size_t done_ = 0;
  absl::Time last_;
};

absl::Status Simulate(Session& session, SimWorkload workload, const std::vector<uint64_t>& seeds,
                      std::vector<SimulatedPolicy>* policies) {
  Progress progress(session, policies->size() * seeds.size());
  for (SimulatedPolicy& policy : *policies) {
    for (const uint64_t seed : seeds) {
      workload.seed = seed;
      auto report = progress.Simulate(workload, policy.options);
      if (!report.ok()) return Named(policy.label, report.status());
      policy.runs.push_back(*std::move(report));
    }
  }
  return absl::OkStatus();
}

// --- showing it ---

// `mode` as for fopen().
absl::Status WriteFile(const std::string& path, const char* mode, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), mode);
  bool written = file != nullptr;
  if (written) {
    written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    // What is not written yet fails here.
    written = std::fclose(file) == 0 && written;
  }
  if (written) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("--html: cannot write ", Printable(path)));
}

void PrintTables(Session& session, const SimulationComparison& comparison, bool plot) {
  if (!session.options().no_headers) {
    session.Print(absl::StrCat(SimulationHeading(comparison), "\n"));
  }
  session.Print(MachineTable(comparison, session.wide()));
  session.Print("\n");
  session.Print(GroupTable(comparison, session.wide()));
  if (!plot) return;
  if (const auto scale = ScaleOf(comparison)) {
    session.Print("\n");
    session.Print(LatencyPlot(comparison, *scale));
  }
  session.Print("\n");
  session.Print(SharePlot(comparison));
}

absl::Status Run(Session& session, const SimulateOptions& options) {
  auto policies = Policies(options);
  if (!policies.ok()) return policies.status();
  auto workload = LoadWorkload(session, options);
  if (!workload.ok()) return workload.status();
  auto seeds = Seeds(options, workload->seed);
  if (!seeds.ok()) return seeds.status();
  // An hour's work is not lost to a folder that is not there.
  if (!options.html.empty()) {
    const absl::Status status = WriteFile(options.html, "a", "");
    if (!status.ok()) return status;
  }
  absl::Status status = Simulate(session, *workload, *seeds, &*policies);
  if (!status.ok()) return status;
  const SimulationComparison comparison = {.workload = workload->name,
                                           .description = workload->description,
                                           .policies = *std::move(policies)};
  if (!options.html.empty()) {
    status = WriteFile(options.html, "w", SimulationPage(comparison));
    if (!status.ok()) return status;
    session.Say(absl::StrCat("wrote ", options.html));
  }
  if (session.structured()) return session.PrintJson(SimulationDocument(comparison));
  PrintTables(session, comparison, options.plot || session.environment().terminal);
  return absl::OkStatus();
}

std::vector<std::string> SettingWords() {
  std::vector<std::string> words;
  for (const std::string& kind : PolicyKinds()) words.push_back(absl::StrCat("kind=", kind));
  for (const auto& [name, value] : PolicySettings({})) {
    if (name != "kind") words.push_back(absl::StrCat(name, "="));
  }
  return words;
}

}  // namespace

void AddSimulateCommand(CommandTable& table) {
  auto options = table.MakeOptions<SimulateOptions>();
  CLI::App* command = table.AddCommand(
      &table.root(), "simulate", "Try policies on a simulated machine, without schedd or root",
      "schedctl simulate workloads/interactive.textproto\n"
      "schedctl simulate workloads/interactive.textproto --compare base_slice=3ms --compare "
      "kind=fair\n"
      "schedctl simulate workloads/hogs.textproto --policy base_slice=5ms --cpus 16 --runs 5 "
      "--html hogs.html\n"
      "schedctl simulate --trace host.trace --compare base_slice=3ms");
  command->add_option("workload", options->workload,
                      "File that describes the tasks (workloads/README.md)");
  command
      ->add_option("--trace", options->trace,
                   "Instead of it a recording of schedctl trace record, replayed")
      ->type_name("FILE");
  command->add_flag("--follow-wakers", options->follow_wakers,
                    "Of a recording: a task that another one woke waits for that one, however late "
                    "it is, not for the time recorded");
  table.SetCandidates(
      command
          ->add_option("--policy", options->policy,
                       "name=value: a parameter as in policy set, or kind=vruntime, fifo, fair "
                       "(the machine's own class) or rustland (the rule of scx_rustland); may be "
                       "repeated")
          ->type_name("CHANGE")
          ->allow_extra_args(false),
      {SettingWords(), ""});
  table.SetCandidates(command
                          ->add_option("--compare", options->compare,
                                       "name=value[,name=value…]: simulate again with these "
                                       "changes, too, and compare; may be repeated")
                          ->type_name("CHANGES")
                          ->allow_extra_args(false),
                      {SettingWords(), ""});
  command->add_option("--cpus", options->cpus, "A machine of so many CPUs, all alike")
      ->check(CLI::Range(1, kMostSimCpus));
  command
      ->add_option("--seed", options->seeds,
                   "What chance begins with, instead of the workload's; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option("--runs", options->runs,
                   "So many seeds, each one more than the last; figures are medians")
      ->check(CLI::Range(1, kMostRuns))
      ->capture_default_str();
  command->add_option("--duration", options->duration, "Simulated time, instead of the workload's")
      ->type_name("DURATION");
  command->add_option("--html", options->html, "Write a page with tables and bars, too")
      ->type_name("FILE");
  command->add_flag("--plot", options->plot, "Bars below the tables, as on a terminal");
  table.SetBody(command, [options](Session& session) { return Run(session, *options); });
}

}  // namespace schedd::client
