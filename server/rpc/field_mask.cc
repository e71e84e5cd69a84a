// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/field_mask.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/field_mask_util.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/control/error.h"

namespace schedd::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::util::FieldMaskUtil;

// "name, tid, stats, stats.run_time_nanos, …"; one level down is as deep as our messages go.
std::string AllowedPaths(const Descriptor& type) {
  std::vector<std::string> paths;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    paths.push_back(field.name());
    if (field.is_repeated() || field.message_type() == nullptr) continue;
    for (int j = 0; j < field.message_type()->field_count(); ++j) {
      paths.push_back(absl::StrCat(field.name(), ".", field.message_type()->field(j)->name()));
    }
  }
  return absl::StrJoin(paths, ", ");
}

// FieldMaskUtil overlooks empty parts: "stats." would be "stats", and "" would be everything.
bool IsPath(const Descriptor& type, const std::string& path) {
  const bool empty_part = path.empty() || path.front() == '.' || path.back() == '.' ||
                          path.find("..") != std::string::npos;
  return !empty_part && FieldMaskUtil::GetFieldDescriptors(&type, path, nullptr);
}

}  // namespace

absl::StatusOr<ReadMask> ReadMask::Create(const FieldMask& mask, const Descriptor& type,
                                          const std::string& field) {
  ReadMask result;
  bool all = mask.paths_size() == 0;
  for (const std::string& path : mask.paths()) {
    if (path == "*") {
      all = true;
    } else if (!IsPath(type, path)) {
      return MakeError(absl::StatusCode::kInvalidArgument, reason::kUnknownField,
                       absl::StrCat(field, ": ", type.name(), " has no field '", path,
                                    "'; allowed are: *, ", AllowedPaths(type)),
                       {{"field", field}});
    }
  }
  if (!all) FieldMaskUtil::ToCanonicalForm(mask, &result.mask_);
  return result;
}

void ReadMask::Trim(google::protobuf::Message* message) const {
  if (all()) return;
  FieldMaskUtil::TrimMessage(mask_, message);
}

}  // namespace schedd::rpc
