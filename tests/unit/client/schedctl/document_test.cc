// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/document.h"

#include <gtest/gtest.h>

#include <string>

#include "schedd/v1/policy_service.pb.h"
#include "schedd/v1/task_service.pb.h"

namespace schedd::client {
namespace {

v1::TaskOverride Example() {
  v1::TaskOverride change;
  change.set_name("taskOverrides/batch");
  change.mutable_selector()->set_comm("hog \"1\"");
  change.set_weight(400);
  change.mutable_slice()->set_nanos(5'000'000);
  change.set_generation(12'345'678'901);
  return change;
}

TEST(ToDocument, JsonIsProto3sOwnMappingWithZeroFields) {
  EXPECT_EQ(*ToDocument(Example(), DocumentStyle::kJson),
            "{\n"
            "  \"name\": \"taskOverrides/batch\",\n"
            "  \"selector\": {\n"
            "    \"task\": \"\",\n"
            "    \"tgid\": 0,\n"
            "    \"comm\": \"hog \\\"1\\\"\",\n"
            "    \"cgroupPath\": \"\"\n"
            "  },\n"
            "  \"weight\": 400,\n"
            "  \"matchedTaskCount\": 0,\n"
            "  \"etag\": \"\",\n"
            "  \"generation\": \"12345678901\",\n"
            "  \"slice\": \"0.005s\"\n"
            "}\n");
}

TEST(ToDocument, AJsonLineIsOneLine) {
  const std::string line = *ToDocument(Example(), DocumentStyle::kJsonLine);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(line.substr(0, 30), "{\"name\":\"taskOverrides/batch\",");
}

TEST(ToDocument, WhatIsNotSetIsNullWhereThatIsAskedFor) {
  v1::TaskOverride change;
  change.mutable_slice()->set_seconds(1);
  EXPECT_EQ(*ToDocument(change, DocumentStyle::kJsonNulls),
            R"({"name":"","weight":0,"matchedTaskCount":0,"etag":"","generation":"0",)"
            R"("slice":"1s","selector":null,"expireTime":null,"ttl":null,"createTime":null})"
            "\n");
  v1::ListTasksResponse list;
  list.add_tasks()->mutable_stats();
  list.add_tasks();
  const std::string json = *ToDocument(list, DocumentStyle::kJsonNulls);
  EXPECT_NE(json.find("\"wakeupCount\":\"0\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"stats\":null"), std::string::npos) << json;
}

TEST(ToDocument, YamlIsTheSameDocument) {
  EXPECT_EQ(*ToDocument(Example(), DocumentStyle::kYaml),
            "---\n"
            "name: taskOverrides/batch\n"
            "selector:\n"
            "  task: \"\"\n"
            "  tgid: 0\n"
            "  comm: \"hog \\\"1\\\"\"\n"
            "  cgroupPath: \"\"\n"
            "weight: 400\n"
            "matchedTaskCount: 0\n"
            "etag: \"\"\n"
            "generation: \"12345678901\"\n"
            "slice: \"0.005s\"\n");
}

TEST(ToDocument, AListHasItsKey) {
  const v1::TaskOverride change = Example();
  const std::string json =
      *ToDocument("taskOverrides", {&change, &change}, DocumentStyle::kJsonLine);
  EXPECT_EQ(json.substr(0, 45), "{\"taskOverrides\":[{\"name\":\"taskOverrides/batc");
  EXPECT_EQ(*ToDocument("tasks", {}, DocumentStyle::kJsonLine), "{\"tasks\":[]}\n");
  EXPECT_EQ(*ToDocument("tasks", {}, DocumentStyle::kYaml), "---\ntasks: []\n");
}

TEST(ToDocument, AYamlListHasDashes) {
  v1::TaskSelector first, second;
  first.set_tgid(1);
  second.set_tgid(2);
  EXPECT_EQ(*ToDocument("items", {&first, &second}, DocumentStyle::kYaml),
            "---\n"
            "items:\n"
            "  - task: \"\"\n"
            "    tgid: 1\n"
            "    comm: \"\"\n"
            "    cgroupPath: \"\"\n"
            "  - task: \"\"\n"
            "    tgid: 2\n"
            "    comm: \"\"\n"
            "    cgroupPath: \"\"\n");
}

TEST(ToDocument, AMessageWithoutJsonIsAnError) {
  v1::TaskOverride change;
  change.mutable_slice()->set_seconds(INT64_MAX);
  EXPECT_EQ(ToDocument(change, DocumentStyle::kJson).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ToDocument("x", {&change}, DocumentStyle::kJson).status().code(),
            absl::StatusCode::kInternal);
}

// The name of a task may be any bytes; a reader of JSON must get JSON.
TEST(ToDocument, TextThatIsNoUtf8IsADocumentOrAnError) {
  v1::TaskSelector selector;
  selector.set_comm("a\xff\xfe");
  for (const DocumentStyle style :
       {DocumentStyle::kJson, DocumentStyle::kJsonLine, DocumentStyle::kYaml}) {
    const auto document = ToDocument(selector, style);
    if (!document.ok()) continue;
    EXPECT_EQ(document->find("<discarded>"), std::string::npos) << *document;
    EXPECT_NE(document->find("comm"), std::string::npos) << *document;
  }
}

// --- which texts YAML would take for something else ---

struct Quoting {
  const char* json;
  const char* yaml;
};

class YamlQuoting : public testing::TestWithParam<Quoting> {};

TEST_P(YamlQuoting, Is) {
  const std::string json = std::string("{\"k\":") + GetParam().json + "}";
  EXPECT_EQ(*Restyle(json, DocumentStyle::kYaml), std::string("---\nk: ") + GetParam().yaml + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    All, YamlQuoting,
    testing::Values(
        Quoting{"\"nginx\"", "nginx"}, Quoting{"\"/system.slice/a_b-c\"", "/system.slice/a_b-c"},
        Quoting{"\"\"", "\"\""}, Quoting{"\"123\"", "\"123\""}, Quoting{"\"1.5s\"", "\"1.5s\""},
        Quoting{"\"-x\"", "\"-x\""}, Quoting{"\"true\"", "\"true\""}, Quoting{"\"No\"", "\"No\""},
        Quoting{"\"NULL\"", "\"NULL\""}, Quoting{"\"y\"", "\"y\""}, Quoting{"\"~\"", "\"~\""},
        Quoting{"\"a: b\"", "\"a: b\""}, Quoting{"\"a#b\"", "\"a#b\""}, Quoting{"\"*x\"", "\"*x\""},
        Quoting{"\"a b\"", "\"a b\""}, Quoting{"\"a\\nb\"", "\"a\\nb\""}, Quoting{"\"ü\"", "\"ü\""},
        Quoting{"true", "true"}, Quoting{"null", "null"}, Quoting{"-1.5", "-1.5"},
        Quoting{"{}", "{}"}, Quoting{"[]", "[]"}));

TEST(Restyle, KeysAreQuotedToo) {
  EXPECT_EQ(*Restyle(R"({"1":2,"a b":{"c":[1,[2],{}]}})", DocumentStyle::kYaml),
            "---\n\"1\": 2\n\"a b\":\n  c:\n    - 1\n    -\n      - 2\n    - {}\n");
}

TEST(Restyle, ADocumentMayBeAScalarOrEmpty) {
  EXPECT_EQ(*Restyle("\"x\"", DocumentStyle::kYaml), "--- x\n");
  EXPECT_EQ(*Restyle("{}", DocumentStyle::kYaml), "--- {}\n");
}

TEST(Restyle, RefusesWhatIsNotJson) {
  EXPECT_EQ(Restyle("{", DocumentStyle::kJson).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace schedd::client
