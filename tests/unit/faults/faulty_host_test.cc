// SPDX-License-Identifier: Apache-2.0
#include "server/faults/faulty_host.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

#include "tests/unit/engine/fake_kernel.h"
#include "tests/unit/faults/told_faults.h"

namespace schedd {
namespace {

// Hands out fake kernels, or an error.
class PlainHost : public KernelHost {
 public:
  absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions& options) override {
    loaded = options;
    if (!status.ok()) return status;
    auto kernel = std::make_unique<FakeKernel>();
    last = kernel.get();
    return kernel;
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Adopt(const LoadOptions& options) override {
    auto kernel = Load(options);
    if (kernel.ok()) last->is_adopted = true;
    return kernel;
  }
  KernelState ReadState() const override {
    return {.attachment = KernelState::Attachment::kForeign, .ops_name = "theirs", .raw_state = ""};
  }
  absl::StatusOr<std::string> CgroupPath(uint64_t cgroup_id) const override {
    return cgroup_id == 7 ? "seven" : "other";
  }
  absl::Status PrepareSchedulingThread() override { return absl::AbortedError("prepared"); }
  absl::StatusOr<int64_t> PageFaultCount(int32_t tid) const override { return tid + 1; }

  absl::Status status;
  std::optional<LoadOptions> loaded;
  FakeKernel* last = nullptr;
};

class FaultyHostTest : public ::testing::Test {
 protected:
  FaultyHostTest() {
    auto plain = std::make_unique<PlainHost>();
    auto faults = std::make_unique<ToldFaults>();
    plain_ = plain.get();
    faults_ = faults.get();
    host_ = std::make_unique<FaultyHost>(std::move(plain), std::move(faults));
  }

  PlainHost* plain_ = nullptr;
  ToldFaults* faults_ = nullptr;
  std::unique_ptr<FaultyHost> host_;
};

TEST_F(FaultyHostTest, AnswersAsTheOneInside) {
  EXPECT_EQ(host_->ReadState().ops_name, "theirs");
  EXPECT_EQ(*host_->CgroupPath(7), "seven");
  EXPECT_EQ(*host_->PageFaultCount(4), 5);
  EXPECT_EQ(host_->PrepareSchedulingThread().message(), "prepared");
}

TEST_F(FaultyHostTest, KernelsGoWrongWhenTold) {
  const auto kernel = host_->Load({.max_tasks = 99});
  ASSERT_TRUE(kernel.ok());
  EXPECT_EQ(plain_->loaded->max_tasks, 99u);
  (*kernel)->Commit();
  EXPECT_EQ(plain_->last->commits, 1);
  faults_->fault = Fault::kFlood;
  (*kernel)->Commit();
  EXPECT_EQ(plain_->last->commits, 1);
}

TEST_F(FaultyHostTest, SoDoThoseThatAreAdopted) {
  const auto kernel = host_->Adopt({});
  ASSERT_TRUE(kernel.ok());
  EXPECT_TRUE((*kernel)->adopted());
  faults_->fault = Fault::kFlood;
  (*kernel)->Commit();
  EXPECT_EQ(plain_->last->commits, 0);
}

TEST_F(FaultyHostTest, AnErrorIsHandedOn) {
  plain_->status = absl::InternalError("refused");
  EXPECT_EQ(host_->Load({}).status(), plain_->status);
  EXPECT_EQ(host_->Adopt({}).status(), plain_->status);
}

}  // namespace
}  // namespace schedd
