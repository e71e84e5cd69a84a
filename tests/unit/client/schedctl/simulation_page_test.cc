// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/client/schedctl/simulation_example.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What is wrong with the nesting of a page's elements; empty when nothing is. (A real parser reads
// pages in tests/native/simulate.sh.)
std::string WrongNesting(const std::string& page) {
  std::vector<std::string> open;
  size_t at = page.find("<html");
  while ((at = page.find('<', at)) != std::string::npos) {
    const size_t end = page.find('>', at);
    if (end == std::string::npos) return "a tag that does not end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    at = end;
    if (tag.ends_with('/')) continue;
    const std::string name = tag.substr(0, tag.find(' '));
    if (!name.starts_with('/')) {
      open.push_back(name);
    } else if (open.empty() || name != "/" + open.back()) {
      return "</" + name.substr(1) + "> where " + (open.empty() ? "nothing" : open.back()) +
             " is open";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back() + " is never closed";
}

TEST(SimulationPage, IsNestedAsItShouldBe) {
  EXPECT_EQ(WrongNesting(SimulationPage(ExampleComparison())), "");
}

TEST(SimulationPage, SaysWhatWasSimulated) {
  EXPECT_THAT(SimulationPage(ExampleComparison()),
              AllOf(HasSubstr("<title>Simulation of web and hogs</title>"),
                    HasSubstr("<p>Requests beside hogs.</p>"), HasSubstr("4 CPUs, 10s, seed 1")));
}

TEST(SimulationPage, ShowsAllParametersAndWhichAreOther) {
  EXPECT_THAT(SimulationPage(ExampleComparison()),
              AllOf(HasSubstr("<tr><td>base_slice</td><td class=\"n\">10ms</td>"
                              "<td class=\"n changed\">3ms</td></tr>"),
                    HasSubstr("<tr><td>placement_mode</td><td class=\"n\">idle-bypass</td>"
                              "<td class=\"n\">idle-bypass</td></tr>")));
}

TEST(SimulationPage, APolicyWithoutParametersHasNone) {
  SimulationComparison comparison = ExampleComparison();
  comparison.policies.back().options.policy = "fair";
  const std::string page = SimulationPage(comparison);
  EXPECT_THAT(page, HasSubstr("<tr><td>base_slice</td><td class=\"n\">10ms</td>"
                              "<td class=\"n changed\">-</td></tr>"));
  EXPECT_EQ(WrongNesting(page), "");
}

TEST(SimulationPage, ShowsFiguresWithRatios) {
  EXPECT_THAT(SimulationPage(ExampleComparison()),
              AllOf(HasSubstr("<tr><td>wakeup p99</td><td class=\"n\">10.0ms</td>"
                              "<td class=\"n\">5.00ms</td><td class=\"n better\">×0.50</td></tr>"),
                    HasSubstr("<tr><td>hog</td><td>CPU share</td><td class=\"n\">75.0 %</td>")));
}

TEST(SimulationPage, DrawsBars) {
  // Three quarters of 400.
  EXPECT_THAT(SimulationPage(ExampleComparison()),
              AllOf(HasSubstr("<rect class=\"p0\" x=\"0.0\" y=\"2\" width=\"300.0\""),
                    // From 10 µs to 10 ms: 100 µs is a third of the way.
                    HasSubstr("<rect class=\"p0\" x=\"0.0\" y=\"2\" width=\"133.3\""),
                    HasSubstr("<rect class=\"p0 far\" x=\"133.3\" y=\"2\" width=\"266.7\""),
                    HasSubstr(">10us</text>"), HasSubstr(">10ms</text>")));
}

TEST(SimulationPage, NeedsNothingElse) {
  const std::string page = SimulationPage(ExampleComparison());
  for (const char* other : {"<script", "src=", "href=", "url(", "@import", "http"}) {
    EXPECT_THAT(page, Not(HasSubstr(other)));
  }
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme: dark"));
}

TEST(SimulationPage, NamesAreText) {
  SimulationComparison comparison = ExampleComparison();
  const std::string evil = "<script>alert(\"1\")</script>&'\x01\xff";
  comparison.workload = evil;
  comparison.description = evil;
  for (SimulatedPolicy& policy : comparison.policies) {
    policy.label = evil;
    for (auto& group : policy.runs.front().groups) group.name = evil;
  }
  const std::string page = SimulationPage(comparison);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("<p>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"
                              "\\x01\xef\xbf\xbd</p>"));
  EXPECT_EQ(WrongNesting(page), "");
}

TEST(SimulationPage, SaysWhenNobodyWoke) {
  SimulationComparison comparison = ExampleComparison();
  for (SimulatedPolicy& policy : comparison.policies) {
    for (auto& group : policy.runs.front().groups) group.wakeups = {};
  }
  EXPECT_THAT(SimulationPage(comparison), HasSubstr("No task ever woke."));
}

}  // namespace
}  // namespace schedd::client
