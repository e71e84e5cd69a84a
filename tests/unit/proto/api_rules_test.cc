// SPDX-License-Identifier: Apache-2.0
//
// The API keeps to its rules, and the rules find what they are there for.
#include "tests/unit/proto/api_rules.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace schedd {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// What departs from a rule, "element: rule" up to where it is unique, and why. One that is no
// longer needed fails the test.
const std::map<std::string, std::string>& Exceptions() {
  static const auto* exceptions = new std::map<std::string, std::string>{
      {"schedd.v1.DetachSchedulerRequest: has a field validate_only",
       "detaching is always possible: there is nothing to check"},
  };
  return *exceptions;
}

std::vector<std::string> Texts(const std::vector<Violation>& violations) {
  std::vector<std::string> texts;
  for (const Violation& violation : violations) {
    texts.push_back(absl::StrCat(violation.element, ": ", violation.rule));
  }
  return texts;
}

// The descriptors that protoc made of all .proto files of the API, comments included.
FileDescriptorSet ReadDescriptors(const std::string& path = "proto/v1.descriptors.pb") {
  std::ifstream file(path, std::ios::binary);
  FileDescriptorSet set;
  EXPECT_TRUE(file && set.ParseFromIstream(&file)) << path << " cannot be read";
  return set;
}

// What is wrong with those of its files that are in packages below `package`.
std::vector<std::string> Check(const FileDescriptorSet& set, const std::string& package) {
  DescriptorPool pool;
  std::vector<const FileDescriptor*> files;
  for (const FileDescriptorProto& file : set.file()) {
    const FileDescriptor* built = pool.BuildFile(file);
    if (built == nullptr) return {file.name() + " cannot be built"};
    if (absl::StartsWith(file.package(), package)) files.push_back(built);
  }
  EXPECT_THAT(files, Not(IsEmpty()));
  return Texts(CheckApi(files));
}

TEST(ApiTest, KeepsToTheRules) {
  std::map<std::string, std::string> unused = Exceptions();
  for (const std::string& text : Check(ReadDescriptors(), "schedd.")) {
    bool excepted = false;
    for (const auto& [exception, why] : Exceptions()) {
      if (!absl::StartsWith(text, exception)) continue;
      excepted = true;
      unused.erase(exception);
    }
    EXPECT_TRUE(excepted) << text;
  }
  EXPECT_THAT(unused, IsEmpty());
}

// --- the rules themselves: an API that keeps all of them, and one change that breaks one ---

constexpr char kGood[] = R"(
syntax = "proto3";
package test.v1;
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/timestamp.proto";
// Comment.
service BoxService {
  // Comment.
  rpc GetBox(GetBoxRequest) returns (Box);
  // Comment.
  rpc ListBoxes(ListBoxesRequest) returns (ListBoxesResponse);
  // Comment.
  rpc CreateBox(CreateBoxRequest) returns (Box);
  // Comment.
  rpc UpdateBox(UpdateBoxRequest) returns (Box);
  // Comment.
  rpc DeleteBox(DeleteBoxRequest) returns (google.protobuf.Empty);
  // Comment.
  rpc WatchBoxes(WatchBoxesRequest) returns (stream WatchBoxesResponse);
  // Comment.
  rpc ShakeBox(ShakeBoxRequest) returns (Box);
}
// Comment.
message Box {
  // "boxes/<id>". Identifier.
  string name = 1;
  // Comment.
  string etag = 2;
  // Comment.
  google.protobuf.Duration open_duration = 3;
  // Comment.
  google.protobuf.Timestamp create_time = 4;
  // Comment.
  int64 item_count = 5;
  // Comment.
  State state = 6;
  // Comment.
  BoxStats stats = 7;
  // Comment.
  enum State {
    // Comment.
    STATE_UNSPECIFIED = 0;
    // Comment.
    STATE_OPEN = 1;
  }
}
// Comment.
message BoxStats {
  // Comment.
  int64 open_nanos = 1;
}
// Comment.
message GetBoxRequest {
  // Required.
  string name = 1;
}
// Comment.
message ListBoxesRequest {
  // Comment.
  int32 page_size = 1;
  // Comment.
  string page_token = 2;
}
// Comment.
message ListBoxesResponse {
  // Comment.
  repeated Box boxes = 1;
  // Comment.
  string next_page_token = 2;
}
// Comment.
message CreateBoxRequest {
  // Comment.
  Box box = 1;
  // Comment.
  string box_id = 2;
  // Comment.
  bool validate_only = 3;
}
// Comment.
message UpdateBoxRequest {
  // Comment.
  Box box = 1;
  // Comment.
  google.protobuf.FieldMask update_mask = 2;
  // Comment.
  bool validate_only = 3;
}
// Comment.
message DeleteBoxRequest {
  // Required.
  string name = 1;
  // Comment.
  string etag = 2;
}
// Comment.
message WatchBoxesRequest {}
// Comment.
message WatchBoxesResponse {}
// Comment.
message ShakeBoxRequest {
  // Required.
  string name = 1;
  // Comment.
  bool validate_only = 2;
}
)";

// Of a .proto file with this text.
std::vector<std::string> CheckText(const std::string& text) {
  const std::string directory = testing::TempDir();
  std::ofstream(directory + "/box.proto") << text;
  const std::string command =
      absl::StrCat("protoc -I ", directory, " -I /usr/include --include_imports ",
                   "--include_source_info --descriptor_set_out=", directory, "/box.pb box.proto");
  EXPECT_EQ(system(command.c_str()), 0) << text;
  return Check(ReadDescriptors(directory + "/box.pb"), "test.");
}

TEST(ApiRulesTest, FindNothingWrongWithWhatIsRight) { EXPECT_THAT(CheckText(kGood), IsEmpty()); }

struct BadCase {
  const char* old_text;
  const char* new_text;
  const char* found;
};

class ApiRules : public testing::TestWithParam<BadCase> {};

TEST_P(ApiRules, FindWhatIsWrong) {
  ASSERT_TRUE(absl::StrContains(kGood, GetParam().old_text)) << GetParam().old_text;
  const std::string bad = absl::StrReplaceAll(kGood, {{GetParam().old_text, GetParam().new_text}});
  EXPECT_THAT(CheckText(bad), Contains(HasSubstr(GetParam().found))) << bad;
}

INSTANTIATE_TEST_SUITE_P(
    All, ApiRules,
    testing::Values(
        // services and methods
        BadCase{"service BoxService", "service Boxes", "test.v1.Boxes: is called …Service"},
        BadCase{"(GetBoxRequest)", "(DeleteBoxRequest)", "GetBox: takes a GetBoxRequest"},
        BadCase{"returns (stream Watch", "returns (Watch", "WatchBoxes: is a stream"},
        BadCase{"(GetBoxRequest) returns (Box)", "(GetBoxRequest) returns (BoxStats)",
                "GetBox: returns a Box"},
        BadCase{"(ListBoxesRequest) returns (ListBoxesResponse)",
                "(ListBoxesRequest) returns (Box)", "ListBoxes: returns a ListBoxesResponse"},
        BadCase{"(ShakeBoxRequest) returns (Box)", "(ShakeBoxRequest) returns (BoxStats)",
                "ShakeBox: returns a Box or a ShakeBoxResponse"},
        BadCase{"(DeleteBoxRequest) returns (google.protobuf.Empty)",
                "(DeleteBoxRequest) returns (BoxStats)", "DeleteBox: returns Empty"},
        BadCase{"// Comment.\n  rpc GetBox", "rpc GetBox", "GetBox: has a comment"},
        // resources
        BadCase{"string name = 1;", "string title = 1;", "test.v1.Box: has a field name"},
        BadCase{"string name = 1;", "string name = 9;", "test.v1.Box.name: is field 1"},
        BadCase{"\"boxes/<id>\". Identifier.", "Identifier.", "shows its form, \"boxes/"},
        BadCase{" Identifier.", "", "Box.name: says that it is the Identifier"},
        BadCase{"// Required.", "// Comment.", "GetBoxRequest.name: says that it is Required"},
        BadCase{"  string etag = 2;", "  string tag = 2;", "test.v1.Box: has a field etag"},
        BadCase{"string etag = 2;", "int64 etag = 2;", "etag: is a string (AIP-154)"},
        // lists
        BadCase{"int32 page_size", "int64 page_size", "page_size: is one int32"},
        BadCase{"string page_token", "string page", "ListBoxesRequest: has a field page_token"},
        BadCase{"string next_page_token", "bytes more", "has a field next_page_token"},
        BadCase{"repeated Box boxes", "repeated Box items", "called boxes (AIP-132)"},
        // changes
        BadCase{"google.protobuf.FieldMask update_mask", "string update_mask",
                "UpdateBoxRequest.update_mask: is one message"},
        BadCase{"google.protobuf.FieldMask update_mask", "google.protobuf.Empty update_mask",
                "update_mask: is a FieldMask"},
        BadCase{"bool validate_only = 3;", "bool dry_run = 3;",
                "CreateBoxRequest: has a field validate_only"},
        BadCase{"bool validate_only = 3;", "bool dry_run = 3;", "dry_run: is called as the AIPs"},
        BadCase{"string box_id", "string id", "CreateBoxRequest: has a field box_id"},
        // types
        BadCase{"int64 item_count", "uint64 item_count", "item_count: is no unsigned integer"},
        BadCase{"int64 item_count", "fixed32 item_count", "item_count: is no unsigned integer"},
        BadCase{"int64 item_count", "double item_count", "item_count: is a whole number"},
        BadCase{"google.protobuf.Timestamp create_time", "int64 create_time",
                "create_time: is a Timestamp"},
        BadCase{"Timestamp create_time", "Timestamp created", "created: is a Timestamp when"},
        BadCase{"google.protobuf.Duration open_duration", "int64 open_duration",
                "open_duration: is a Duration"},
        BadCase{"google.protobuf.Duration open_duration", "int64 open_ms",
                "open_ms: has no unit in its name"},
        BadCase{"int64 open_nanos", "int32 open_nanos", "open_nanos: is an int64"},
        BadCase{"google.protobuf.Duration open_duration", "int64 open_nanos",
                "Box.open_nanos: is a Duration"},
        // enums, and what belongs to nothing
        BadCase{"STATE_UNSPECIFIED", "STATE_UNKNOWN", "State: has STATE_UNSPECIFIED = 0 first"},
        BadCase{"STATE_OPEN", "OPEN", "OPEN: begins with STATE_"},
        BadCase{"message BoxStats", "message BoxResponse {}\n// Comment.\nmessage BoxStats",
                "BoxResponse: belongs to a method"}));

}  // namespace
}  // namespace schedd
