// SPDX-License-Identifier: Apache-2.0
//
// The table of metrics against what the API says: each counter once, with its value and its unit.
#include "server/metrics/metric_table.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "schedd/v1/scheduler_service.pb.h"
#include "server/rpc/convert.h"

namespace schedd::metrics {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Type = Metric::Type;

// Every counter another number.
SchedulerCounters Counted() {
  SchedulerCounters counters;
  int64_t numbers[sizeof(counters) / sizeof(int64_t)];
  for (size_t i = 0; i < std::size(numbers); ++i) numbers[i] = 1'000'000'000'000 + int64_t(i);
  std::memcpy(&counters, numbers, sizeof(counters));
  return counters;
}

SchedulerInfo Attached() {
  SchedulerInfo info;
  info.state = SchedulerState::kAttached;
  info.policy_generation = 7;
  info.attach_time = absl::FromUnixMillis(1'800'000'000'500);
  info.attach_count = 3;
  info.reattach_count = 2;
  info.reattach_limit = 5;
  info.scheduling_cpu_duration = absl::Milliseconds(1'250);
  info.daemon_cpu_duration = absl::Milliseconds(2'500);
  info.counters = Counted();
  info.daemon_version = "1.2.3";
  info.kernel_release = "7.1-cloud";
  info.policy_kind = "vruntime";
  return info;
}

double ValueOf(const prometheus::MetricFamily& family, const prometheus::ClientMetric& line) {
  return family.type == prometheus::MetricType::Counter ? line.counter.value : line.gauge.value;
}

// Name to value of all that has no labels and is one number.
std::map<std::string, double> Plain(const absl::StatusOr<SchedulerInfo>& info) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : Collect(info)) {
    for (const prometheus::ClientMetric& line : family.metric) {
      if (!line.label.empty() || family.type == prometheus::MetricType::Histogram) continue;
      EXPECT_TRUE(values.emplace(family.name, ValueOf(family, line)).second) << family.name;
    }
  }
  return values;
}

// "state=attached" of the lines that are 1.
std::vector<std::string> LabelsThatAreOne(const SchedulerInfo& info, const std::string& name) {
  std::vector<std::string> found;
  for (const prometheus::MetricFamily& family : Collect(info)) {
    if (family.name != name) continue;
    for (const prometheus::ClientMetric& line : family.metric) {
      if (ValueOf(family, line) != 1) continue;
      for (const auto& label : line.label) found.push_back(label.name + "=" + label.value);
    }
  }
  return found;
}

// --- against the API ---

// As a metric has it: in its unit.
double ApiValue(const v1::SchedulerCounters& counters, const FieldDescriptor& field) {
  const auto& reflection = *counters.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const auto& duration =
        dynamic_cast<const google::protobuf::Duration&>(reflection.GetMessage(counters, &field));
    return static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
  }
  const auto value = static_cast<double>(reflection.GetInt64(counters, &field));
  return absl::EndsWith(field.name(), "_nanos") ? value / 1e9 : value;
}

TEST(MetricTableTest, EachCounterOfTheApiIsOneMetricWithItsValue) {
  const SchedulerInfo info = Attached();
  const std::map<std::string, double> values = Plain(info);
  const v1::SchedulerCounters counters = rpc::ToProto(info).counters();
  std::multiset<std::string> told;
  for (const Metric& metric : Metrics()) {
    if (metric.type == Type::kHistogram) {  // more than one number: tests of its own
      for (absl::string_view path : absl::StrSplit(metric.field, ", ")) {
        ASSERT_TRUE(absl::ConsumePrefix(&path, "counters.")) << path;
        told.insert(std::string(path));
      }
      continue;
    }
    absl::string_view field_name = metric.field;
    if (!absl::ConsumePrefix(&field_name, "counters.")) continue;
    told.insert(std::string(field_name));
    const FieldDescriptor* field =
        v1::SchedulerCounters::descriptor()->FindFieldByName(std::string(field_name));
    ASSERT_NE(field, nullptr) << metric.name;
    const auto value = values.find(std::string(metric.name));
    ASSERT_NE(value, values.end()) << metric.name;
    EXPECT_DOUBLE_EQ(value->second, ApiValue(counters, *field)) << metric.name;
    const bool is_time = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ||
                         absl::EndsWith(field->name(), "_nanos");
    EXPECT_EQ(metric.unit == "seconds", is_time) << metric.name;
  }
  std::multiset<std::string> all;
  for (int i = 0; i < v1::SchedulerCounters::descriptor()->field_count(); ++i) {
    all.insert(v1::SchedulerCounters::descriptor()->field(i)->name());
  }
  EXPECT_EQ(told, all);
}

TEST(MetricTableTest, EachFieldNamedIsOneOfTheApi) {
  for (const Metric& metric : Metrics()) {
    if (metric.field.empty()) continue;
    for (absl::string_view path : absl::StrSplit(metric.field, ", ")) {
      const auto* type = v1::Scheduler::descriptor();
      const FieldDescriptor* field = nullptr;
      for (absl::string_view name : absl::StrSplit(path, '.')) {
        ASSERT_NE(type, nullptr) << path;
        field = type->FindFieldByName(std::string(name));
        ASSERT_NE(field, nullptr) << path;
        type = field->message_type();
      }
    }
  }
}

// --- values ---

TEST(MetricTableTest, WhatIsNoCounterHasItsValue) {
  SchedulerInfo info = Attached();
  info.last_exit = ExitInfo{.exit_time = absl::FromUnixSeconds(1'700'000'000)};
  const std::map<std::string, double> values = Plain(info);
  EXPECT_EQ(values.at("schedd_up"), 1);
  EXPECT_EQ(values.at("schedd_attached"), 1);
  EXPECT_EQ(values.at("schedd_attachments_total"), 3);
  EXPECT_EQ(values.at("schedd_reattachments"), 2);
  EXPECT_EQ(values.at("schedd_reattachments_limit"), 5);
  EXPECT_EQ(values.at("schedd_policy_generation"), 7);
  EXPECT_EQ(values.at("schedd_attach_timestamp_seconds"), 1'800'000'000.5);
  EXPECT_EQ(values.at("schedd_last_exit_timestamp_seconds"), 1'700'000'000);
  EXPECT_EQ(values.at("schedd_scheduling_thread_cpu_seconds_total"), 1.25);
  EXPECT_EQ(values.at("schedd_daemon_cpu_seconds_total"), 2.5);
  EXPECT_THAT(LabelsThatAreOne(info, "schedd_build_info"),
              ElementsAre("version=1.2.3", "kernel_release=7.1-cloud", "policy=vruntime"));
}

TEST(MetricTableTest, ProblemsOfTheApiAreNoScheduling) {
  SchedulerInfo info;
  EXPECT_EQ(Plain(info).at("schedd_roles_file_ok"), 1);
  EXPECT_EQ(Plain(info).at("schedd_audit_ok"), 1);
  info.roles_problem = "line 3";
  EXPECT_EQ(Plain(info).at("schedd_roles_file_ok"), 0);
  EXPECT_EQ(Plain(info).at("schedd_audit_ok"), 1);
  info.audit_problem = "disk full";
  info.unstored_audit_entry_count = 4;
  EXPECT_EQ(Plain(info).at("schedd_audit_ok"), 0);
  EXPECT_EQ(Plain(info).at("schedd_audit_entries_lost_total"), 4);
}

TEST(MetricTableTest, TimesAreInSeconds) {
  SchedulerInfo info = Attached();
  info.counters->degraded_ns = 1'500'000'000;
  info.counters->run_time_ns = 250'000'000;
  const std::map<std::string, double> values = Plain(info);
  EXPECT_EQ(values.at("schedd_degraded_seconds_total"), 1.5);
  EXPECT_EQ(values.at("schedd_run_seconds_total"), 0.25);
}

TEST(MetricTableTest, OneStateIsOneAndItIsTheRightOne) {
  const std::pair<SchedulerState, const char*> cases[] = {
      {SchedulerState::kAttached, "attached"},       {SchedulerState::kDetached, "detached"},
      {SchedulerState::kEjected, "ejected"},         {SchedulerState::kForeign, "foreign"},
      {SchedulerState::kUnsupported, "unsupported"},
  };
  for (const auto& [state, name] : cases) {
    SchedulerInfo info;
    info.state = state;
    EXPECT_THAT(LabelsThatAreOne(info, "schedd_state"), ElementsAre(absl::StrCat("state=", name)));
    EXPECT_EQ(Plain(info).at("schedd_attached"), state == SchedulerState::kAttached ? 1 : 0);
    for (const prometheus::MetricFamily& family : Collect(info)) {
      if (family.name == "schedd_state") {
        EXPECT_EQ(family.metric.size(), std::size(cases));
      }
    }
  }
}

// --- the histogram ---

prometheus::ClientMetric::Histogram DecisionLatencyOf(const SchedulerInfo& info) {
  for (const prometheus::MetricFamily& family : Collect(info)) {
    if (family.name != "schedd_decision_latency_seconds") continue;
    EXPECT_EQ(family.type, prometheus::MetricType::Histogram);
    EXPECT_EQ(family.metric.size(), 1u);
    return family.metric.front().histogram;
  }
  ADD_FAILURE() << "there is none";
  return {};
}

TEST(MetricTableTest, DecisionLatenciesAreAHistogramInSeconds) {
  SchedulerInfo info = Attached();
  info.decision_latency.buckets[0] = 2;    // below 4.6 us
  info.decision_latency.buckets[7] = 3;    // the last one below 8.192 us
  info.decision_latency.buckets[8] = 5;    // the first one above
  info.decision_latency.buckets[167] = 7;  // up to 8.6 s, and everything longer
  info.decision_latency.sum_ns = 60'500'000'000;
  const auto histogram = DecisionLatencyOf(info);
  EXPECT_EQ(histogram.sample_count, 17u);
  EXPECT_EQ(histogram.sample_sum, 60.5);
  ASSERT_EQ(histogram.bucket.size(), 21u);
  EXPECT_DOUBLE_EQ(histogram.bucket[0].upper_bound, 8.192e-6);
  EXPECT_EQ(histogram.bucket[0].cumulative_count, 5u);
  EXPECT_DOUBLE_EQ(histogram.bucket[1].upper_bound, 16.384e-6);
  EXPECT_EQ(histogram.bucket[1].cumulative_count, 10u);
  EXPECT_DOUBLE_EQ(histogram.bucket[19].upper_bound, 4.294967296);
  EXPECT_EQ(histogram.bucket[19].cumulative_count, 10u);
  EXPECT_TRUE(std::isinf(histogram.bucket[20].upper_bound));
  EXPECT_EQ(histogram.bucket[20].cumulative_count, 17u);
}

TEST(MetricTableTest, WithoutDecisionsTheHistogramIsThereAndEmpty) {
  const auto histogram = DecisionLatencyOf(Attached());
  EXPECT_EQ(histogram.sample_count, 0u);
  EXPECT_EQ(histogram.sample_sum, 0);
  ASSERT_EQ(histogram.bucket.size(), 21u);
  EXPECT_EQ(histogram.bucket.back().cumulative_count, 0u);
}

// --- what is absent ---

TEST(MetricTableTest, WhileNothingIsAttachedThereAreNoCounters) {
  SchedulerInfo info = Attached();
  info.state = SchedulerState::kEjected;
  info.counters.reset();
  info.attach_time.reset();
  info.policy_generation = 0;
  std::vector<std::string> names;
  for (const auto& family : Collect(info)) names.push_back(family.name);
  EXPECT_THAT(names, ElementsAre("schedd_up", "schedd_build_info", "schedd_attached",
                                 "schedd_state", "schedd_attachments_total", "schedd_reattachments",
                                 "schedd_reattachments_limit", "schedd_policy_generation",
                                 "schedd_roles_file_ok", "schedd_audit_ok",
                                 "schedd_audit_entries_lost_total"));
}

TEST(MetricTableTest, PageFaultsThatNobodyKnowsAreAbsent) {
  SchedulerInfo info = Attached();
  info.counters->scheduling_page_fault_count = 0;
  EXPECT_EQ(Plain(info).at("schedd_scheduling_page_faults_total"), 0);
  info.counters->scheduling_page_fault_count = -1;
  EXPECT_EQ(Plain(info).count("schedd_scheduling_page_faults_total"), 0u);
}

TEST(MetricTableTest, SwitchesThatNobodyKnowsAreAbsent) {
  SchedulerInfo info = Attached();
  info.counters->scheduling_voluntary_switch_count = -1;
  info.counters->scheduling_involuntary_switch_count = -1;
  const std::map<std::string, double> values = Plain(info);
  EXPECT_EQ(values.count("schedd_scheduling_voluntary_switches_total"), 0u);
  EXPECT_EQ(values.count("schedd_scheduling_involuntary_switches_total"), 0u);
  EXPECT_EQ(values.count("schedd_daemon_voluntary_switches_total"), 1u);
}

TEST(MetricTableTest, OfAnErrorThereIsOnlyThatThereIsNone) {
  const auto families = Collect(absl::UnavailableError("schedd is shutting down"));
  ASSERT_EQ(families.size(), 1u);
  EXPECT_EQ(families[0].name, "schedd_up");
  ASSERT_EQ(families[0].metric.size(), 1u);
  EXPECT_EQ(families[0].metric[0].gauge.value, 0);
}

// --- names ---

TEST(MetricTableTest, NamesKeepPrometheusConventions) {
  std::set<absl::string_view> names;
  for (const Metric& metric : Metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name << " is there twice";
    EXPECT_THAT(std::string(metric.name), StartsWith("schedd_"));
    for (char c : metric.name) EXPECT_TRUE(absl::ascii_islower(c) || c == '_') << metric.name;
    EXPECT_EQ(absl::EndsWith(metric.name, "_total"), metric.type == Type::kCounter) << metric.name;
    EXPECT_EQ(absl::StrContains(metric.name, "_seconds"), metric.unit == "seconds") << metric.name;
    EXPECT_FALSE(metric.unit.empty()) << metric.name;
    EXPECT_EQ(metric.help.back(), '.') << metric.name;
  }
  EXPECT_EQ(Metrics().front().name, "schedd_up");
}

TEST(MetricTableTest, EachFamilyHasHelpTypeAndTheLabelsOfItsRow) {
  SchedulerInfo info = Attached();
  info.last_exit = ExitInfo();
  const auto families = Collect(info);
  ASSERT_EQ(families.size(), Metrics().size());
  for (size_t i = 0; i < families.size(); ++i) {
    const Metric& metric = Metrics()[i];
    EXPECT_EQ(families[i].name, metric.name);
    EXPECT_EQ(families[i].help, metric.help);
    EXPECT_EQ(families[i].type == prometheus::MetricType::Counter, metric.type == Type::kCounter);
    EXPECT_THAT(families[i].metric, testing::Not(IsEmpty()));
    for (const prometheus::ClientMetric& line : families[i].metric) {
      std::vector<std::string> labels;
      for (const auto& label : line.label) labels.push_back(label.name);
      EXPECT_EQ(absl::StrJoin(labels, ","), metric.labels) << metric.name;
    }
  }
}

}  // namespace
}  // namespace schedd::metrics
