// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/kernel_features.h"

#include <bpf/btf.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

struct BtfFree {
  void operator()(btf* b) const { btf__free(b); }
};

constexpr char kRealFunctionSuffix[] = "_impl";

std::string NameOf(const btf& types, const btf_type& type) {
  return btf__name_by_offset(&types, type.name_off);
}

// Whether its last parameter is the one that only the verifier can fill.
bool TakesProgram(const btf& types, const btf_type& function) {
  const btf_type* prototype = btf__type_by_id(&types, function.type);
  if (btf_vlen(prototype) == 0) return false;
  const btf_param& last = btf_params(prototype)[btf_vlen(prototype) - 1];
  const btf_type* type = btf__type_by_id(&types, last.type);
  if (type == nullptr || !btf_is_ptr(type)) return false;
  const int pointee = btf__resolve_type(&types, type->type);
  if (pointee < 0) return false;
  return NameOf(types, *btf__type_by_id(&types, static_cast<uint32_t>(pointee))) == "bpf_prog_aux";
}

}  // namespace

absl::StatusOr<uint64_t> FindOpsFlag(const btf& types, const std::string& name) {
  // A 64-bit enum where one of its values needs it, else a 32-bit one.
  for (const uint32_t kind : {uint32_t{BTF_KIND_ENUM64}, uint32_t{BTF_KIND_ENUM}}) {
    const int id = btf__find_by_name_kind(&types, "scx_ops_flags", kind);
    if (id < 0) continue;
    const btf_type* type = btf__type_by_id(&types, static_cast<uint32_t>(id));
    for (uint16_t i = 0; i < btf_vlen(type); i++) {
      const uint32_t name_offset =
          kind == BTF_KIND_ENUM64 ? btf_enum64(type)[i].name_off : btf_enum(type)[i].name_off;
      if (name != btf__name_by_offset(&types, name_offset)) continue;
      if (kind == BTF_KIND_ENUM64) return btf_enum64_value(&btf_enum64(type)[i]);
      return static_cast<uint64_t>(static_cast<uint32_t>(btf_enum(type)[i].val));
    }
  }
  return absl::NotFoundError(absl::StrCat("the kernel has no sched_ext flag ", name));
}

absl::StatusOr<uint64_t> FindOpsFlag(const std::string& name) {
  const std::unique_ptr<btf, BtfFree> kernel(btf__load_vmlinux_btf());
  if (!kernel)
    return absl::UnimplementedError(
        "the kernel has no BTF (/sys/kernel/btf/vmlinux): it must be built with "
        "CONFIG_DEBUG_INFO_BTF");
  return FindOpsFlag(*kernel, name);
}

std::vector<std::string> FindUncallableFunctions(const btf& types) {
  std::vector<std::string> found;
  for (uint32_t id = 1; id < btf__type_cnt(&types); id++) {
    const btf_type* type = btf__type_by_id(&types, id);
    if (!btf_is_func(type)) continue;
    const std::string name = NameOf(types, *type);
    if (!absl::StartsWith(name, "scx_bpf_") && !absl::StartsWith(name, "bpf_iter_scx_")) continue;
    if (absl::EndsWith(name, kRealFunctionSuffix) || !TakesProgram(types, *type)) continue;
    const std::string real = absl::StrCat(name, kRealFunctionSuffix);
    if (btf__find_by_name_kind(&types, real.c_str(), BTF_KIND_FUNC) < 0) found.push_back(name);
  }
  return found;
}

std::vector<std::string> FindUncallableFunctions() {
  const std::unique_ptr<btf, BtfFree> kernel(btf__load_vmlinux_btf());
  return kernel ? FindUncallableFunctions(*kernel) : std::vector<std::string>();
}

}  // namespace schedd
