// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/server_context.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "server/control/task_query.h"
#include "server/rpc/change.h"
#include "server/rpc/encoded_tasks.h"
#include "server/rpc/field_mask.h"
#include "server/rpc/reply.h"
#include "server/rpc/service_types.h"
#include "server/rpc/task_stream.h"
#include "server/rpc/watch_reactor.h"

namespace schedd::rpc {
namespace {

// Clients take messages of 4 MiB unless told otherwise.
constexpr size_t kMaxReplyBytes = 3 << 20;

// Fills `reply` with one page; the token says where the next one begins.
absl::Status FillPage(const TaskQuery& query, const ReadMask& mask, const TaskSnapshot& snapshot,
                      const v1::ListTasksRequest& request, v1::ListTasksResponse* reply) {
  EncodedTasks encoded(&mask, v1::ListTasksResponse::kTasksFieldNumber);
  int32_t page_size = request.page_size();
  while (true) {
    absl::StatusOr<TaskPage> page = query.Page(snapshot, page_size, request.page_token());
    if (!page.ok()) return page.status();
    reply->Clear();
    encoded.Restart();
    // A page holds at least one task, or the list would never end.
    const size_t most = page->tasks.size() <= 1 ? SIZE_MAX : kMaxReplyBytes;
    reply->set_next_page_token(page->next_page_token);
    if (std::ranges::all_of(
            page->tasks, [&](const TaskInfo* info) { return encoded.Add(*info, most, reply); })) {
      return absl::OkStatus();
    }
    // Long cgroup paths: a shorter page, whose token goes on where it ends.
    page_size = static_cast<int32_t>(page->tasks.size() / 2);
  }
}

class TaskServiceImpl final : public TaskServiceBase {
 public:
  explicit TaskServiceImpl(const ServiceContext& context) : context_(context) {}

  grpc::Status GetTask(grpc::ServerContext*, const v1::GetTaskRequest* request,
                       v1::Task* reply) override {
    return Reply(context_.control->GetTask(request->name()), reply);
  }

  grpc::Status ListTasks(grpc::ServerContext*, const v1::ListTasksRequest* request,
                         v1::ListTasksResponse* reply) override {
    // The request first: what is wrong with it does not depend on the scheduler.
    const absl::StatusOr<TaskQuery> query =
        TaskQuery::Create(request->filter(), request->order_by());
    if (!query.ok()) return ToGrpcStatus(query.status());
    const absl::StatusOr<ReadMask> mask =
        ReadMask::Create(request->read_mask(), *v1::Task::descriptor(), "read_mask");
    if (!mask.ok()) return ToGrpcStatus(mask.status());
    const auto snapshot = context_.control->SnapshotTasks();
    if (!snapshot.ok()) return ToGrpcStatus(snapshot.status());
    return ToGrpcStatus(FillPage(*query, *mask, **snapshot, *request, reply));
  }

  grpc::ServerWriteReactor<v1::WatchTasksResponse>* WatchTasks(
      grpc::CallbackServerContext* call, const v1::WatchTasksRequest* request) override {
    return WatchReactor<v1::WatchTasksResponse>::Open(
        call, *context_.streams,
        [this, request = *request](
            StreamSink<v1::WatchTasksResponse>* sink) -> absl::StatusOr<std::unique_ptr<Stream>> {
          return TaskStream::Create(
              request,
              [this](absl::Duration max_age) { return context_.control->SnapshotTasks(max_age); },
              context_.streams->sequence, sink);
        });
  }

  grpc::Status CreateTaskOverride(grpc::ServerContext* call,
                                  const v1::CreateTaskOverrideRequest* request,
                                  v1::TaskOverride* reply) override {
    return AnswerChange(context_, "CreateTaskOverride", *call, *request, reply,
                        [&] { return context_.control->CreateOverride(FromProto(*request)); });
  }

  grpc::Status GetTaskOverride(grpc::ServerContext*, const v1::GetTaskOverrideRequest* request,
                               v1::TaskOverride* reply) override {
    return Reply(context_.control->GetOverride(request->name()), reply);
  }

  grpc::Status ListTaskOverrides(grpc::ServerContext*, const v1::ListTaskOverridesRequest* request,
                                 v1::ListTaskOverridesResponse* reply) override {
    const absl::StatusOr<OverridePage> page =
        context_.control->ListOverrides(request->page_size(), request->page_token());
    if (!page.ok()) return ToGrpcStatus(page.status());
    for (const OverrideInfo& info : page->overrides) *reply->add_task_overrides() = ToProto(info);
    reply->set_next_page_token(page->next_page_token);
    return grpc::Status::OK;
  }

  grpc::Status UpdateTaskOverride(grpc::ServerContext* call,
                                  const v1::UpdateTaskOverrideRequest* request,
                                  v1::TaskOverride* reply) override {
    return AnswerChange(context_, "UpdateTaskOverride", *call, *request, reply,
                        [&] { return context_.control->UpdateOverride(FromProto(*request)); });
  }

  grpc::Status DeleteTaskOverride(grpc::ServerContext* call,
                                  const v1::DeleteTaskOverrideRequest* request,
                                  google::protobuf::Empty* reply) override {
    return AnswerChange(context_, "DeleteTaskOverride", *call, *request, reply, [&] {
      return context_.control->DeleteOverride(request->name(), request->etag());
    });
  }

 private:
  const ServiceContext context_;
};

}  // namespace

std::unique_ptr<TaskServiceBase> MakeTaskService(const ServiceContext& context) {
  return std::make_unique<TaskServiceImpl>(context);
}

}  // namespace schedd::rpc
