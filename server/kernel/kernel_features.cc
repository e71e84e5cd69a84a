// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/kernel_features.h"

#include <bpf/btf.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

struct BtfFree {
  void operator()(btf* b) const { btf__free(b); }
};

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

}  // namespace schedd
