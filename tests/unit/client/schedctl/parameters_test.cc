// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(AddAssignment, ADuration) {
  v1::UpdatePolicyRequest request;
  ASSERT_TRUE(AddAssignment("base_slice=2.5ms", &request).ok());
  EXPECT_EQ(request.policy().parameters().base_slice().nanos(), 2'500'000);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("parameters.base_slice"));
}

TEST(AddAssignment, ANumber) {
  v1::UpdatePolicyRequest request;
  ASSERT_TRUE(AddAssignment("dispatch_batch_count=64", &request).ok());
  EXPECT_EQ(request.policy().parameters().dispatch_batch_count(), 64);
}

TEST(AddAssignment, AnEnum) {
  for (const char* text : {"placement_mode=all-decisions", "placement_mode=ALL_DECISIONS",
                           "placement_mode=PLACEMENT_MODE_ALL_DECISIONS"}) {
    v1::UpdatePolicyRequest request;
    ASSERT_TRUE(AddAssignment(text, &request).ok()) << text;
    EXPECT_EQ(request.policy().parameters().placement_mode(), v1::PLACEMENT_MODE_ALL_DECISIONS);
  }
}

TEST(AddAssignment, TheDefaultIsInTheMaskAndNotSet) {
  v1::UpdatePolicyRequest request;
  ASSERT_TRUE(AddAssignment("max_slice=default", &request).ok());
  EXPECT_FALSE(request.policy().parameters().has_max_slice());
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("parameters.max_slice"));
}

TEST(AddAssignment, ZeroAndNegativeAreForScheddToJudge) {
  v1::UpdatePolicyRequest request;
  ASSERT_TRUE(AddAssignment("base_slice=-1ms", &request).ok());
  EXPECT_EQ(request.policy().parameters().base_slice().nanos(), -1'000'000);
  ASSERT_TRUE(AddAssignment("dispatch_batch_count=0", &request).ok());
  EXPECT_TRUE(request.policy().parameters().has_dispatch_batch_count());
}

TEST(AddAssignment, EachFieldOfTheApiCanBeSetToItsOwnText) {
  v1::UpdatePolicyRequest all;
  const auto* type = v1::PolicyParameters::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    std::string value = "3ms";
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_INT32) value = "3";
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_ENUM) value = "idle-bypass";
    const absl::Status status = AddAssignment(field->name() + "=" + value, &all);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(ParameterTexts(all.policy().parameters())[i].second, value);
  }
  EXPECT_EQ(all.update_mask().paths_size(), type->field_count());
}

struct BadCase {
  const char* text;
  const char* says;
};

class BadAssignment : public testing::TestWithParam<BadCase> {};

TEST_P(BadAssignment, IsRefusedAndChangesNothing) {
  v1::UpdatePolicyRequest request;
  const absl::Status status = AddAssignment(GetParam().text, &request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().says));
  EXPECT_EQ(request.update_mask().paths_size(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadAssignment,
    testing::Values(BadCase{"base_slice", "\"base_slice\" is no change; write name=value"},
                    BadCase{"=5ms", "is no change"}, BadCase{"base_slice=", "or name=default"},
                    BadCase{"", "is no change"},
                    BadCase{"base_slcie=5ms",
                            "there is no parameter \"base_slcie\"; did you mean \"base_slice\"?"},
                    BadCase{"colour=red", "Parameters: base_slice, min_slice, max_slice"},
                    BadCase{"base_slice=5", "base_slice: duration \"5\" has no unit"},
                    BadCase{"base_slice=soon", "base_slice: \"soon\" is not a duration"},
                    BadCase{"dispatch_batch_count=many",
                            "cannot be \"many\"; write a whole number"},
                    BadCase{"dispatch_batch_count=1.5", "write a whole number"},
                    BadCase{"dispatch_batch_count=99999999999", "write a whole number"},
                    BadCase{"placement_mode=random", "choose one of: idle-bypass, all-decisions"},
                    BadCase{"placement_mode=unspecified", "choose one of"}));

TEST(AddAssignment, TwiceIsAMistake) {
  v1::UpdatePolicyRequest request;
  ASSERT_TRUE(AddAssignment("base_slice=5ms", &request).ok());
  EXPECT_THAT(std::string(AddAssignment("base_slice=6ms", &request).message()),
              HasSubstr("base_slice is given twice"));
  EXPECT_EQ(request.policy().parameters().base_slice().nanos(), 5'000'000);
}

TEST(ParameterTexts, ShowsAllFieldsAndDashes) {
  v1::PolicyParameters parameters;
  parameters.mutable_base_slice()->set_nanos(10'000'000);
  parameters.set_dispatch_batch_count(256);
  parameters.set_placement_mode(v1::PLACEMENT_MODE_IDLE_BYPASS);
  EXPECT_THAT(ParameterTexts(parameters),
              AllOf(testing::Contains(Pair("base_slice", "10ms")),
                    testing::Contains(Pair("min_slice", "-")),
                    testing::Contains(Pair("dispatch_batch_count", "256")),
                    testing::Contains(Pair("placement_mode", "idle-bypass"))));
  EXPECT_THAT(ParameterTexts(v1::PolicyParameters()),
              testing::Each(testing::Field(&std::pair<std::string, std::string>::second, "-")));
}

TEST(SpecNumber, IsInTheUnitOfTheSpec) {
  v1::ParameterSpec spec;
  spec.set_unit("ns");
  EXPECT_EQ(SpecNumber(spec, 10'000'000), "10ms");
  spec.set_unit("{task}");
  EXPECT_EQ(SpecNumber(spec, 10'000), "10,000");
}

TEST(SpecChoice, IsTheNameThatSetTakes) {
  v1::ParameterSpec spec;
  spec.set_field_path("placement_mode");
  EXPECT_EQ(SpecChoice(spec, "PLACEMENT_MODE_ALL_DECISIONS"), "all-decisions");
  EXPECT_EQ(SpecChoice(spec, "A_NEWER_ONE"), "A_NEWER_ONE");
  spec.set_field_path("base_slice");  // no enum
  EXPECT_EQ(SpecChoice(spec, "X"), "X");
  spec.set_field_path("a_newer_parameter");
  EXPECT_EQ(SpecChoice(spec, "X"), "X");
}

}  // namespace
}  // namespace schedd::client
