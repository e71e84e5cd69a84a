// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/roles.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace schedd::rpc {
namespace {

constexpr Role kRoles[] = {Role::kViewer, Role::kOperator, Role::kTuner, Role::kFleet,
                           Role::kAdmin};
constexpr char kSpiffe[] = "spiffe://";

absl::Status Refuse(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("principal '", text, "': ", why,
                   "; allowed is uid:N, gid:N, user:NAME, group:NAME, spiffe://DOMAIN/PATH, "
                   "spiffe://DOMAIN/PATH/*, local, anonymous or certificate"));
}

absl::StatusOr<std::string> ParseId(absl::string_view text, absl::string_view kind,
                                    absl::string_view number) {
  uint32_t id = 0;
  // The largest one means "none".
  if (!absl::SimpleAtoi(number, &id) || id == UINT32_MAX) {
    return Refuse(text, "the ID must be a number from 0 to 4294967294");
  }
  return absl::StrCat(kind, id);
}

// getpwnam_r() and getgrnam_r() alike: they want memory, and say when it is too little.
template <typename Entry>
std::optional<Entry> LookUp(int (*look_up)(const char*, Entry*, char*, size_t, Entry**),
                            const std::string& name) {
  Entry entry;
  Entry* found = nullptr;
  for (size_t size = 1024; size <= 1 << 20; size *= 2) {
    std::vector<char> memory(size);
    const int error = look_up(name.c_str(), &entry, memory.data(), memory.size(), &found);
    if (error != ERANGE) break;
  }
  if (found == nullptr) return std::nullopt;
  return entry;  // its texts are gone, its numbers are not
}

absl::StatusOr<std::string> ParseSpiffe(absl::string_view text) {
  absl::string_view rest = text;
  absl::ConsumePrefix(&rest, kSpiffe);
  absl::string_view path = rest;
  absl::ConsumeSuffix(&path, "/*");
  if (absl::StrContains(path, '*')) {
    return Refuse(text, "a '*' may only be the whole of the last part");
  }
  if (rest.substr(0, rest.find('/')).empty()) return Refuse(text, "it has no trust domain");
  return std::string(text);
}

}  // namespace

absl::string_view RoleName(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kOperator:
      return "operator";
    case Role::kTuner:
      return "tuner";
    case Role::kFleet:
      return "fleet";
    case Role::kAdmin:
      break;
  }
  return "admin";
}

std::optional<Role> ParseRole(absl::string_view name) {
  for (const Role role : kRoles) {
    if (RoleName(role) == name) return role;
  }
  return std::nullopt;
}

absl::Span<const Role> AllRoles() { return kRoles; }

std::string RoleNames(RoleSet roles, absl::string_view last) {
  std::vector<absl::string_view> names;
  for (const Role role : kRoles) {
    if (roles.Has(role)) names.push_back(RoleName(role));
  }
  if (names.empty()) return "no role";
  std::string text(names[0]);
  for (size_t i = 1; i < names.size(); ++i) {
    absl::StrAppend(&text, i + 1 < names.size() ? ", " : absl::StrCat(" ", last, " "), names[i]);
  }
  return text;
}

absl::StatusOr<std::string> ParsePrincipal(absl::string_view text) {
  for (const char* word : {kLocalPrincipal, kAnonymousPrincipal, kCertificatePrincipal}) {
    if (text == word) return std::string(text);
  }
  absl::string_view rest = text;
  if (absl::StartsWith(text, kSpiffe)) return ParseSpiffe(text);
  if (absl::ConsumePrefix(&rest, "uid:")) return ParseId(text, "uid:", rest);
  if (absl::ConsumePrefix(&rest, "gid:")) return ParseId(text, "gid:", rest);
  if (absl::ConsumePrefix(&rest, "user:")) {
    const std::optional<passwd> user = LookUp<passwd>(getpwnam_r, std::string(rest));
    if (!user.has_value()) return Refuse(text, "there is no such user");
    return absl::StrCat("uid:", user->pw_uid);
  }
  if (absl::ConsumePrefix(&rest, "group:")) {
    const std::optional<group> found = LookUp<group>(getgrnam_r, std::string(rest));
    if (!found.has_value()) return Refuse(text, "there is no such group");
    return absl::StrCat("gid:", found->gr_gid);
  }
  return Refuse(text, "it is of no known kind");
}

void RoleTable::Grant(const std::string& principal, Role role) {
  absl::string_view prefix = principal;
  if (absl::ConsumeSuffix(&prefix, "*")) {
    below_.emplace_back(std::string(prefix), RoleSet{role});
  } else {
    exact_[principal].Add(role);
  }
}

RoleSet RoleTable::RolesOf(absl::Span<const std::string> principals) const {
  RoleSet roles;
  for (const std::string& principal : principals) {
    const auto found = exact_.find(principal);
    if (found != exact_.end()) roles.Add(found->second);
    for (const auto& [prefix, granted] : below_) {
      if (absl::StartsWith(principal, prefix)) roles.Add(granted);
    }
  }
  return roles;
}

RoleTable BaseRoles() {
  RoleTable table;
  table.Grant("uid:0", Role::kAdmin);
  table.Grant(absl::StrCat("uid:", geteuid()), Role::kAdmin);
  return table;
}

RoleTable DefaultRoles() {
  RoleTable table = BaseRoles();
  table.Grant(kLocalPrincipal, Role::kViewer);
  table.Grant(kAnonymousPrincipal, Role::kViewer);
  return table;
}

}  // namespace schedd::rpc
