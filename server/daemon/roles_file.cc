// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/roles_file.h"

#include <google/protobuf/descriptor.h>

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "schedd/config/v1/roles.pb.h"
#include "server/text/text_file.h"

namespace schedd::daemon {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

constexpr char kHint[] =
    "The file holds lines such as `grant { role: \"operator\" principal: \"group:wheel\" }`; "
    "docs/security.md explains them.";

absl::Status Refuse(absl::string_view place, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(place, ": ", why));
}

// Where value `index` of a field is.
std::string PlaceOf(absl::string_view path, const TextFormat::ParseInfoTree* places,
                    const config::v1::Grant& grant, const char* field, int index) {
  const FieldDescriptor* descriptor = grant.GetDescriptor()->FindFieldByName(field);
  TextFormat::ParseLocation at = places->GetLocation(descriptor, index);
  // Protobuf knows one place for all values of a list in brackets.
  for (; at.line < 0 && index > 0; --index) at = places->GetLocation(descriptor, index - 1);
  return Place(path, at.line, at.column);
}

absl::StatusOr<rpc::Role> ReadRole(absl::string_view place, const std::string& name) {
  if (const std::optional<rpc::Role> role = rpc::ParseRole(name); role.has_value()) return *role;
  std::vector<absl::string_view> names;
  for (const rpc::Role role : rpc::AllRoles()) names.push_back(rpc::RoleName(role));
  return Refuse(place, absl::StrCat("there is no role '", name,
                                    "'; there are: ", absl::StrJoin(names, ", ")));
}

absl::Status AddGrant(absl::string_view path, const TextFormat::ParseInfoTree* places,
                      const config::v1::Grant& grant, absl::string_view place,
                      rpc::RoleTable& table) {
  if (grant.role().empty() || grant.principal().empty()) {
    return Refuse(place, "a grant needs a role and a principal");
  }
  std::vector<rpc::Role> roles;
  for (int i = 0; i < grant.role_size(); ++i) {
    const auto role = ReadRole(PlaceOf(path, places, grant, "role", i), grant.role(i));
    if (!role.ok()) return role.status();
    roles.push_back(*role);
  }
  for (int i = 0; i < grant.principal_size(); ++i) {
    const absl::StatusOr<std::string> principal = rpc::ParsePrincipal(grant.principal(i));
    if (!principal.ok()) {
      return Refuse(PlaceOf(path, places, grant, "principal", i), principal.status().message());
    }
    for (const rpc::Role role : roles) table.Grant(*principal, role);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<rpc::RoleTable> ParseRoles(absl::string_view path, const std::string& text) {
  config::v1::Roles message;
  TextFormat::ParseInfoTree places;
  absl::Status status = ParseText(path, text, kHint, &message, &places);
  if (!status.ok()) return status;
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName("grant");
  rpc::RoleTable table = rpc::BaseRoles();
  for (int i = 0; i < message.grant_size(); ++i) {
    const TextFormat::ParseLocation at = places.GetLocation(field, i);
    status = AddGrant(path, places.GetTreeForNested(field, i), message.grant(i),
                      Place(path, at.line, at.column), table);
    if (!status.ok()) return status;
  }
  return table;
}

absl::StatusOr<rpc::RoleTable> ReadRoles(const std::string& path) {
  if (path.empty()) return rpc::DefaultRoles();
  const absl::StatusOr<std::string> text = ReadTextFile("roles file", path);
  if (!text.ok()) return text.status();
  return ParseRoles(path, *text);
}

}  // namespace schedd::daemon
