// SPDX-License-Identifier: Apache-2.0
//
// Flags and functions are found by their names in type information made here, as kernels of several
// ages have it.
#include "server/kernel/kernel_features.h"

#include <bpf/btf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Values = std::vector<std::pair<const char*, uint64_t>>;

class KernelFeaturesTest : public ::testing::Test {
 protected:
  void AddEnum64(const char* name, const Values& values) {
    ASSERT_GT(btf__add_enum64(types_.get(), name, 8, /*is_signed=*/false), 0);
    for (const auto& [value_name, value] : values)
      ASSERT_EQ(btf__add_enum64_value(types_.get(), value_name, value), 0);
  }

  void AddEnum(const char* name, const Values& values) {
    ASSERT_GT(btf__add_enum(types_.get(), name, 4), 0);
    for (const auto& [value_name, value] : values)
      ASSERT_EQ(btf__add_enum_value(types_.get(), value_name, static_cast<int64_t>(value)), 0);
  }

  // `last` is the type of the second of its two parameters.
  void AddFunction(const char* name, int last) {
    const int number = btf__add_int(types_.get(), "unsigned long long", 8, 0);
    const int prototype = btf__add_func_proto(types_.get(), number);
    ASSERT_EQ(btf__add_func_param(types_.get(), "dsq_id", number), 0);
    ASSERT_EQ(btf__add_func_param(types_.get(), "last", last), 0);
    ASSERT_GT(btf__add_func(types_.get(), name, BTF_FUNC_STATIC, prototype), 0);
  }

  // const struct NAME*
  int AddPointerToConst(const char* name) {
    const int type = btf__add_struct(types_.get(), name, 8);
    return btf__add_ptr(types_.get(), btf__add_const(types_.get(), type));
  }

  absl::StatusOr<uint64_t> Find(const std::string& name) { return FindOpsFlag(*types_, name); }

  struct Free {
    void operator()(btf* types) const { btf__free(types); }
  };
  std::unique_ptr<btf, Free> types_{btf__new_empty()};
};

TEST_F(KernelFeaturesTest, FindsEachFlagOfA64BitEnum) {
  const Values flags = {{"SCX_OPS_KEEP_BUILTIN_IDLE", 1},
                        {"SCX_OPS_SWITCH_PARTIAL", 8},
                        {"__SCX_OPS_INTERNAL_MASK", 0xff00'0000'0000'0000}};
  AddEnum64("scx_ops_flags", flags);
  for (const auto& [name, value] : flags) {
    const absl::StatusOr<uint64_t> found = Find(name);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, value) << name;
  }
}

TEST_F(KernelFeaturesTest, FindsAFlagOfA32BitEnumWithoutASign) {
  AddEnum("scx_ops_flags", {{"SCX_OPS_ENQ_LAST", 2}, {"SCX_OPS_TOP", 0x8000'0000}});
  EXPECT_EQ(*Find("SCX_OPS_ENQ_LAST"), 2U);
  EXPECT_EQ(*Find("SCX_OPS_TOP"), 0x8000'0000U);
}

TEST_F(KernelFeaturesTest, AFlagThatTheKernelDoesNotKnowIsNamed) {
  AddEnum64("scx_ops_flags", {{"SCX_OPS_ENQ_LAST", 2}});
  for (const char* name : {"SCX_OPS_KEEP_BUILTIN_IDLE", "SCX_OPS_ENQ", "SCX_OPS_ENQ_LAST_2", ""}) {
    const absl::Status status = Find(name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string("no sched_ext flag ") + name));
  }
}

TEST_F(KernelFeaturesTest, OtherEnumsAreNotLookedAt) {
  AddEnum64("scx_enq_flags", {{"SCX_OPS_KEEP_BUILTIN_IDLE", 64}});
  AddEnum("scx_ops_flags_old", {{"SCX_OPS_KEEP_BUILTIN_IDLE", 64}});
  EXPECT_EQ(Find("SCX_OPS_KEEP_BUILTIN_IDLE").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(KernelFeaturesTest, AStructOfThatNameIsNoEnum) {
  ASSERT_GT(btf__add_struct(types_.get(), "scx_ops_flags", 8), 0);
  EXPECT_EQ(Find("SCX_OPS_ENQ_LAST").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(KernelFeaturesTest, NoTypesAtAllIsNoFlag) {
  EXPECT_EQ(Find("SCX_OPS_ENQ_LAST").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(KernelFeaturesTest, AFunctionWhoseRealOneIsMissingCannotBeCalled) {
  const int program = AddPointerToConst("bpf_prog_aux");
  const int number = btf__add_int(types_.get(), "int", 4, BTF_INT_SIGNED);
  AddFunction("scx_bpf_create_dsq", program);
  AddFunction("bpf_iter_scx_dsq_new", program);
  AddFunction("scx_bpf_kick_cpu", number);
  AddFunction("scx_bpf_kick_cpu_impl", program);
  EXPECT_THAT(FindUncallableFunctions(*types_),
              ElementsAre("scx_bpf_create_dsq", "bpf_iter_scx_dsq_new"));
}

TEST_F(KernelFeaturesTest, AFunctionThatNeedsNoHelpOfTheVerifierCanBeCalled) {
  AddFunction("scx_bpf_create_dsq", btf__add_int(types_.get(), "int", 4, BTF_INT_SIGNED));
  AddFunction("scx_bpf_dsq_insert", AddPointerToConst("task_struct"));
  AddFunction("bpf_iter_attach_map", AddPointerToConst("bpf_prog_aux"));  // not sched_ext's
  EXPECT_THAT(FindUncallableFunctions(*types_), IsEmpty());
}

TEST(KernelFeaturesOnThisHostTest, AnInventedFlagIsNotThere) {
  const absl::Status status = FindOpsFlag("SCX_OPS_NO_KERNEL_HAS_IT").status();
  EXPECT_TRUE(absl::IsNotFound(status) || absl::IsUnimplemented(status)) << status;
}

}  // namespace
}  // namespace schedd
