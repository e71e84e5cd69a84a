// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_page.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/schedctl/format.h"
#include "client/schedctl/simulation_policy.h"
#include "client/schedctl/simulation_text.h"

namespace schedd::client {
namespace {

constexpr int kBarWidth = 400;
constexpr int kBarHeight = 14;
constexpr int kColors = 5;  // of .p0, .p1, …

constexpr char kStyle[] = R"css(
:root { color-scheme: light dark; --back: #fff; --text: #1c1e21; --faint: #667; --line: #d5d8dd;
  --good: #16701f; --bad: #b3261e; }
.p0 { fill: #2f6fd0; } .p1 { fill: #d9730d; } .p2 { fill: #2a8c5a; } .p3 { fill: #9a4fc4; }
.p4 { fill: #b58900; }
@media (prefers-color-scheme: dark) {
  :root { --back: #16181c; --text: #e4e6ea; --faint: #99a; --line: #3a3e46; --good: #6fce7a;
    --bad: #ff8a80; }
  .p0 { fill: #6ea8ff; } .p1 { fill: #ffa657; } .p2 { fill: #5fd39a; } .p3 { fill: #cf9bf0; }
  .p4 { fill: #e3c54a; }
}
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
  margin: 2em auto; max-width: 72em; padding: 0 1em; }
section { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.5em 0 1.5em; }
th, td { border-bottom: 1px solid var(--line); padding: 0.2em 0.8em; text-align: left;
  vertical-align: top; }
td.n, th.n { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.faint { color: var(--faint); } .better { color: var(--good); } .worse { color: var(--bad); }
.changed { font-weight: bold; }
svg { display: block; } svg text { fill: var(--faint); font-size: 11px; }
svg line { stroke: var(--line); } .far { opacity: 0.4; }
)css";

// Text of an element or of an attribute. JSON's writer makes valid UTF-8 of it.
std::string Escaped(absl::string_view text) {
  const auto written = nlohmann::json(Printable(text))
                           .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return absl::StrReplaceAll(
      nlohmann::json::parse(written).get<std::string>(),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string Element(absl::string_view name, absl::string_view css_class, absl::string_view html) {
  const std::string attribute = css_class.empty() ? "" : absl::StrCat(" class=\"", css_class, "\"");
  return absl::StrCat("<", name, attribute, ">", html, "</", name, ">");
}

std::string Row(absl::string_view cells) { return absl::StrCat("<tr>", cells, "</tr>\n"); }

std::string TableOf(absl::string_view head, absl::string_view body) {
  return absl::StrCat("<section><table>\n<thead>\n", head, "</thead>\n<tbody>\n", body,
                      "</tbody>\n</table></section>\n");
}

// --- what was simulated ---

std::string SettingsTable(const SimulationComparison& comparison) {
  SimulationOptions all;
  std::string head = Element("th", "", "parameter");
  for (const SimulatedPolicy& policy : comparison.policies) {
    head += Element("th", "n", Escaped(policy.label));
  }
  std::string body;
  // The kinds without parameters have fewer settings.
  for (size_t i = 0; i < PolicySettings(all).size(); ++i) {
    std::string cells = Element("td", "", Escaped(PolicySettings(all)[i].first));
    std::string first;
    for (const SimulatedPolicy& policy : comparison.policies) {
      const auto settings = PolicySettings(policy.options);
      const std::string value = i < settings.size() ? settings[i].second : "-";
      if (&policy == &comparison.policies.front()) first = value;
      cells += Element("td", value == first ? "n" : "n changed", Escaped(value));
    }
    body += Row(cells);
  }
  return TableOf(Row(head), body);
}

// --- figures ---

std::string PolicyHeads(const SimulationComparison& comparison) {
  std::string heads;
  for (const SimulatedPolicy& policy : comparison.policies) {
    heads += Element("th", "n", Escaped(policy.label));
    if (&policy != &comparison.policies.front()) heads += Element("th", "n", "ratio");
  }
  return heads;
}

absl::string_view ClassOf(Judgement judgement) {
  switch (judgement) {
    case Judgement::kBetter:
      return "n better";
    case Judgement::kWorse:
      return "n worse";
    case Judgement::kSame:
      break;
  }
  return "n";
}

std::string FigureCells(const Metric& metric, const SimulationComparison& comparison,
                        const std::string* group) {
  std::string cells;
  for (const ComparedFigure& figure : Compare(metric, comparison, group)) {
    cells += Element("td", "n", Escaped(figure.text));
    if (!figure.ratio.empty()) {
      cells += Element("td", ClassOf(figure.judgement), Escaped(figure.ratio));
    }
  }
  return cells;
}

std::string MachineFigures(const SimulationComparison& comparison) {
  std::string body;
  for (const Metric& metric : MachineMetrics()) {
    body += Row(Element("td", "", Escaped(metric.name)) + FigureCells(metric, comparison, nullptr));
  }
  return TableOf(Row(Element("th", "", "figure") + PolicyHeads(comparison)), body);
}

std::string GroupFigures(const SimulationComparison& comparison) {
  std::string body;
  for (const std::string& group : GroupNames(comparison)) {
    for (const Metric& metric : GroupMetrics()) {
      body += Row(Element("td", "", Escaped(group)) + Element("td", "", Escaped(metric.name)) +
                  FigureCells(metric, comparison, &group));
    }
  }
  return TableOf(
      Row(Element("th", "", "tasks") + Element("th", "", "figure") + PolicyHeads(comparison)),
      body);
}

// --- bars ---

std::string Svg(absl::string_view content) {
  return absl::StrFormat("<svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">%s</svg>",
                         kBarWidth, kBarHeight, kBarWidth, kBarHeight, content);
}

// From `begin` to `end`, each from 0 to 1.
std::string Rect(double begin, double end, size_t policy, absl::string_view more_class) {
  return absl::StrFormat("<rect class=\"p%d%s\" x=\"%.1f\" y=\"2\" width=\"%.1f\" height=\"%d\"/>",
                         policy % kColors, more_class, begin * kBarWidth,
                         std::max(0.0, end - begin) * kBarWidth, kBarHeight - 4);
}

std::string Line(double place) {
  return absl::StrFormat("<line x1=\"%.1f\" y1=\"0\" x2=\"%.1f\" y2=\"%d\"/>", place * kBarWidth,
                         place * kBarWidth, kBarHeight);
}

std::string BarCells(const SimulationComparison& comparison, const std::string& group,
                     size_t policy, std::initializer_list<const Metric*> metrics,
                     absl::string_view svg) {
  std::string cells = Element("td", "", Escaped(group)) +
                      Element("td", "", Escaped(comparison.policies[policy].label));
  for (const Metric* metric : metrics) {
    cells += Element("td", "n", Escaped(Compare(*metric, comparison, &group)[policy].text));
  }
  return cells + Element("td", "", svg);
}

std::string Shares(const SimulationComparison& comparison) {
  const Metric& share = CpuShareMetric();
  std::string body;
  for (const std::string& group : GroupNames(comparison)) {
    for (size_t i = 0; i < comparison.policies.size(); ++i) {
      const auto figure = FigureOf(share, comparison.policies[i], &group);
      body += Row(BarCells(comparison, group, i, {&share},
                           Svg(Rect(0, figure ? figure->median / 100 : 0, i, ""))));
    }
  }
  return TableOf(Row(Element("th", "", "tasks") + Element("th", "", "policy") +
                     Element("th", "n", "share") + Element("th", "", "of all CPU time used")),
                 body);
}

// The decades, with their names.
std::string Axis(const LatencyScale& scale) {
  std::string content;
  for (int decade = scale.first; decade <= scale.last; ++decade) {
    const double place = scale.PlaceOf(std::pow(10, decade));
    const char* anchor = decade == scale.first ? "start" : decade == scale.last ? "end" : "middle";
    content += absl::StrFormat("<text x=\"%.1f\" y=\"11\" text-anchor=\"%s\">%s</text>",
                               place * kBarWidth, anchor, Escaped(DecadeText(decade)));
  }
  return Svg(content);
}

std::string Grid(const LatencyScale& scale) {
  std::string lines;
  for (int decade = scale.first + 1; decade < scale.last; ++decade) {
    lines += Line(scale.PlaceOf(std::pow(10, decade)));
  }
  return lines;
}

std::string Latencies(const SimulationComparison& comparison) {
  const auto scale = ScaleOf(comparison);
  if (!scale) return Element("p", "faint", "No task ever woke.") + "\n";
  const Metric& p50 = WakeupP50Metric();
  const Metric& p99 = WakeupP99Metric();
  std::string body;
  for (const std::string& group : GroupNames(comparison)) {
    for (size_t i = 0; i < comparison.policies.size(); ++i) {
      const SimulatedPolicy& policy = comparison.policies[i];
      const auto half = FigureOf(p50, policy, &group);
      const auto most = FigureOf(p99, policy, &group);
      if (!half || !most) continue;
      const double middle = scale->PlaceOf(half->median);
      const std::string bars = absl::StrCat(Grid(*scale), Rect(0, middle, i, ""),
                                            Rect(middle, scale->PlaceOf(most->median), i, " far"));
      body += Row(BarCells(comparison, group, i, {&p50, &p99}, Svg(bars)));
    }
  }
  return TableOf(
      Row(Element("th", "", "tasks") + Element("th", "", "policy") + Element("th", "n", "p50") +
          Element("th", "n", "p99") + Element("th", "", Axis(*scale))),
      body);
}

}  // namespace

std::string SimulationPage(const SimulationComparison& comparison) {
  const std::string title = Escaped(absl::StrCat("Simulation of ", comparison.workload));
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n",
      Element("title", "", title), "\n<style>", kStyle, "</style>\n</head>\n<body>\n",
      Element("h1", "", title), "\n", Element("p", "", Escaped(comparison.description)), "\n",
      Element("p", "faint", Escaped(RunsText(comparison))), "\n", Element("h2", "", "Policies"),
      "\n", SettingsTable(comparison), Element("h2", "", "The whole machine"), "\n",
      MachineFigures(comparison), Element("h2", "", "Wakeup latency"), "\n",
      Element("p", "faint",
              "From waking up to running, on a logarithmic scale: half of the wakeups within the "
              "dark bar, 99 of 100 within the light one."),
      "\n", Latencies(comparison), Element("h2", "", "CPU time"), "\n", Shares(comparison),
      Element("h2", "", "Tasks"), "\n", GroupFigures(comparison),
      Element("p", "faint", "Made by schedctl simulate."), "\n</body>\n</html>\n");
}

}  // namespace schedd::client
