// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_text.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/schedctl/format.h"
#include "client/schedctl/simulation_policy.h"

namespace schedd::client {
namespace {

constexpr auto kRight = Table::Align::kRight;
// Characters of the longest bar.
constexpr int kBarWidth = 40;
constexpr std::array<const char*, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

Color ColorOf(Judgement judgement) {
  switch (judgement) {
    case Judgement::kBetter:
      return Color::kGood;
    case Judgement::kWorse:
      return Color::kBad;
    case Judgement::kSame:
      break;
  }
  return Color::kNone;
}

void AppendPolicyColumns(const SimulationComparison& comparison,
                         std::vector<Table::Column>* columns) {
  for (const SimulatedPolicy& policy : comparison.policies) {
    columns->push_back({Printable(policy.label), kRight});
    if (&policy != &comparison.policies.front()) columns->push_back({"RATIO", kRight});
  }
}

void AppendFigures(const Metric& metric, const SimulationComparison& comparison,
                   const std::string* group, std::vector<Cell>* row) {
  for (const ComparedFigure& figure : Compare(metric, comparison, group)) {
    row->emplace_back(figure.text);
    if (!figure.ratio.empty()) row->emplace_back(figure.ratio, ColorOf(figure.judgement));
  }
}

std::string Repeat(const char* text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) absl::StrAppend(&repeated, text);
  return repeated;
}

// Of a length from 0 to 1.
std::string Bar(double length) {
  const int eighths = static_cast<int>(std::lround(std::clamp(length, 0.0, 1.0) * kBarWidth * 8));
  return absl::StrCat(Repeat("█", eighths / 8), kEighths[static_cast<size_t>(eighths % 8)]);
}

// Dark to `dark`, light to `light`, both from 0 to 1.
std::string TwoBars(double dark, double light) {
  const int first = static_cast<int>(std::lround(dark * kBarWidth));
  const int second = static_cast<int>(std::lround(light * kBarWidth));
  return absl::StrCat(Repeat("█", first), Repeat("▒", std::max(0, second - first)));
}

std::string TextOf(const Metric& metric, const SimulationComparison& comparison, size_t policy,
                   const std::string& group) {
  return Compare(metric, comparison, &group)[policy].text;
}

}  // namespace

std::string SimulationHeading(const SimulationComparison& comparison) {
  std::string heading =
      absl::StrCat(Printable(comparison.workload), ": ", RunsText(comparison), "\n");
  for (const SimulatedPolicy& policy : comparison.policies) {
    absl::StrAppend(&heading, Printable(policy.label), ": ", PolicySummary(policy.options), "\n");
  }
  return heading;
}

Table MachineTable(const SimulationComparison& comparison, bool wide) {
  std::vector<Table::Column> columns = {{"MACHINE"}};
  AppendPolicyColumns(comparison, &columns);
  Table table(std::move(columns));
  for (const Metric& metric : MachineMetrics()) {
    if (metric.wide && !wide) continue;
    std::vector<Cell> row = {metric.name};
    AppendFigures(metric, comparison, nullptr, &row);
    table.AddRow(std::move(row));
  }
  return table;
}

Table GroupTable(const SimulationComparison& comparison, bool wide) {
  std::vector<Table::Column> columns = {{"TASKS"}, {"FIGURE"}};
  AppendPolicyColumns(comparison, &columns);
  Table table(std::move(columns));
  for (const std::string& group : GroupNames(comparison)) {
    for (const Metric& metric : GroupMetrics()) {
      if (metric.wide && !wide) continue;
      std::vector<Cell> row = {group, metric.name};
      AppendFigures(metric, comparison, &group, &row);
      table.AddRow(std::move(row));
    }
  }
  return table;
}

Table SharePlot(const SimulationComparison& comparison) {
  const Metric& share = CpuShareMetric();
  Table table({{"TASKS"}, {"POLICY"}, {"SHARE", kRight}, {"OF ALL CPU TIME USED"}});
  for (const std::string& group : GroupNames(comparison)) {
    for (size_t i = 0; i < comparison.policies.size(); ++i) {
      const SimulatedPolicy& policy = comparison.policies[i];
      const auto figure = FigureOf(share, policy, &group);
      table.AddRow({group, policy.label, TextOf(share, comparison, i, group),
                    Cell(Bar(figure ? figure->median / 100 : 0), Color::kGood)});
    }
  }
  return table;
}

std::string DecadeText(int decade) {
  return ExactDuration(absl::Nanoseconds(std::llround(std::pow(10, decade))));
}

double LatencyScale::PlaceOf(double nanos) const {
  if (nanos <= 0 || last == first) return 0;
  return std::clamp((std::log10(nanos) - first) / (last - first), 0.0, 1.0);
}

std::optional<LatencyScale> ScaleOf(const SimulationComparison& comparison) {
  double least = 0, most = 0;
  bool any = false;
  for (const std::string& group : GroupNames(comparison)) {
    for (const SimulatedPolicy& policy : comparison.policies) {
      const auto p50 = FigureOf(WakeupP50Metric(), policy, &group);
      const auto p99 = FigureOf(WakeupP99Metric(), policy, &group);
      if (!p50 || !p99) continue;
      any = true;
      if (p50->median > 0 && (least == 0 || p50->median < least)) least = p50->median;
      most = std::max({most, p50->median, p99->median});
    }
  }
  if (!any) return std::nullopt;
  // A microsecond where nobody ever waited.
  least = least == 0 ? 1e3 : least;
  LatencyScale scale = {.first = static_cast<int>(std::floor(std::log10(least))),
                        .last = static_cast<int>(std::ceil(std::log10(std::max(most, least))))};
  scale.last = std::max(scale.last, scale.first + 1);
  return scale;
}

Table LatencyPlot(const SimulationComparison& comparison, const LatencyScale& scale) {
  const Metric& p50 = WakeupP50Metric();
  const Metric& p99 = WakeupP99Metric();
  Table table({{"TASKS"},
               {"POLICY"},
               {"P50", kRight},
               {"P99", kRight},
               {absl::StrCat("WAKEUP LATENCY, ", DecadeText(scale.first), " TO ",
                             DecadeText(scale.last), ", LOGARITHMIC")}});
  for (const std::string& group : GroupNames(comparison)) {
    for (size_t i = 0; i < comparison.policies.size(); ++i) {
      const SimulatedPolicy& policy = comparison.policies[i];
      const auto half = FigureOf(p50, policy, &group);
      const auto most = FigureOf(p99, policy, &group);
      if (!half || !most) continue;
      table.AddRow(
          {group, policy.label, TextOf(p50, comparison, i, group),
           TextOf(p99, comparison, i, group),
           Cell(TwoBars(scale.PlaceOf(half->median), scale.PlaceOf(most->median)), Color::kGood)});
    }
  }
  return table;
}

}  // namespace schedd::client
