// SPDX-License-Identifier: Apache-2.0
//
// Roles, and who has which.
//
// Role, RoleSet and RoleTable are values; a table does not change once it is in a RoleBook, which
// any thread may use and which the server reads for each call. Errors are INVALID_ARGUMENT and say
// what is allowed.
#ifndef SCHEDD_RPC_ROLES_H_
#define SCHEDD_RPC_ROLES_H_

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

namespace schedd::rpc {

// What each may do is the table of method_rules.h.
enum class Role : uint8_t {
  kViewer,    // reads
  kOperator,  // reads, changes overrides, attaches and detaches
  kTuner,     // reads, changes parameters within the safe range
  kFleet,     // as the tuner, for the controller of many hosts
  kAdmin,     // everything
};

class RoleSet {
 public:
  constexpr RoleSet() = default;
  constexpr RoleSet(std::initializer_list<Role> roles) {
    for (const Role role : roles) Add(role);
  }
  constexpr void Add(Role role) { bits_ |= 1U << static_cast<unsigned>(role); }
  constexpr void Add(RoleSet roles) { bits_ |= roles.bits_; }
  constexpr bool Has(Role role) const { return Overlaps(RoleSet{role}); }
  constexpr bool Overlaps(RoleSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const RoleSet&) const = default;

 private:
  uint32_t bits_ = 0;
};

// "viewer", "operator", "tuner", "fleet", "admin".
absl::string_view RoleName(Role role);
std::optional<Role> ParseRole(absl::string_view name);
absl::Span<const Role> AllRoles();
// "operator or admin"; "no role" for none. The word between the last two is `last`.
std::string RoleNames(RoleSet roles, absl::string_view last = "or");

// Principals that are no single user, group or certificate.
inline constexpr char kLocalPrincipal[] = "local";              // all callers on a unix socket
inline constexpr char kAnonymousPrincipal[] = "anonymous";      // all on TCP without a certificate
inline constexpr char kCertificatePrincipal[] = "certificate";  // all with one of our CA

// A principal as a person writes it, in the form that callers have: "uid:0", "gid:27",
// "user:root" -> "uid:0", "group:sudo" -> "gid:27", "spiffe://domain/path",
// "spiffe://domain/path/*" (all below it), "local", "anonymous", "certificate". Names are looked up
// now.
absl::StatusOr<std::string> ParsePrincipal(absl::string_view text);

class RoleTable {
 public:
  // `principal` has passed ParsePrincipal().
  void Grant(const std::string& principal, Role role);

  // All roles of who has all these principals.
  RoleSet RolesOf(absl::Span<const std::string> principals) const;

 private:
  std::unordered_map<std::string, RoleSet> exact_;
  std::vector<std::pair<std::string, RoleSet>> below_;  // "spiffe://domain/path/"
};

// Who always has the role admin, whatever a file says: root, and the user that schedd runs as. They
// can replace schedd anyway, so keeping them out would only hinder repairs.
RoleTable BaseRoles();

// Without a file: those, and everybody else who gets through may look.
RoleTable DefaultRoles();

// The table in force.
class RoleBook {
 public:
  explicit RoleBook(RoleTable table) { Set(std::move(table)); }

  void Set(RoleTable table) {
    auto next = std::make_shared<const RoleTable>(std::move(table));
    absl::MutexLock lock(&mutex_);
    table_ = std::move(next);
    problem_.clear();
  }
  std::shared_ptr<const RoleTable> table() const {
    absl::MutexLock lock(&mutex_);
    return table_;
  }

  // Why the newest file is not in force; empty when it is. Set() ends it.
  void SetProblem(std::string problem) {
    absl::MutexLock lock(&mutex_);
    problem_ = std::move(problem);
  }
  std::string problem() const {
    absl::MutexLock lock(&mutex_);
    return problem_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const RoleTable> table_ ABSL_GUARDED_BY(mutex_);
  std::string problem_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_ROLES_H_
