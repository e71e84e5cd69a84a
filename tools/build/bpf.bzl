# SPDX-License-Identifier: Apache-2.0
"""bpf_skeleton: from a BPF program in C to a C++ library with libbpf's skeleton.

    bpf_skeleton(
        name = "dispatcher",
        src = "dispatcher.bpf.c",
        hdrs = ["slots.bpf.h"],
        deps = [":abi"],          # cc_library targets, for their headers only
    )

In package //bpf this gives
    :dispatcher         a C++ library: #include "bpf/dispatcher.skel.h"
    :dispatcher_object  dispatcher.bpf.o, for tests that read its BTF
Headers are included by their path from the root of the repository ("bpf/abi.h").
"""

load("@system//:config.bzl", "BPFTOOL", "BPF_ARCH", "CLANG", "MULTIARCH")

# -Wextra of clang, as far as it means C, but for -Wunused-parameter: libbpf's BPF_PROG itself declares a parameter that is not used.
_EXTRA_WARNINGS = [
    "-Wempty-init-stmt",
    "-Wignored-qualifiers",
    "-Winitializer-overrides",
    "-Wmissing-field-initializers",
    "-Wnull-pointer-arithmetic",
    "-Wsign-compare",
    "-Wstring-concatenation",
    "-Wunused-but-set-parameter",
]

def _compile(ctx, headers, defines):
    """Compiles and links (bpftool gen object) the program; returns the object file."""
    raw = ctx.actions.declare_file(ctx.label.name + ".raw.bpf.o")
    obj = ctx.actions.declare_file(ctx.label.name + ".bpf.o")

    args = ctx.actions.args()
    args.add_all(["-g", "-O2", "-std=gnu11", "-mcpu=v3", "-target", "bpf"])
    args.add_all(["-Wall", "-Werror"] + _EXTRA_WARNINGS)
    args.add("-D__TARGET_ARCH_" + BPF_ARCH)
    args.add_all(defines, before_each = "-D")
    args.add_all(ctx.attr.copts)
    args.add_all(["-iquote", ".", "-iquote", ctx.bin_dir.path])
    args.add_all(["-idirafter", "/usr/include/" + MULTIARCH])

    # Line tables without the name of a sandbox directory: the same input gives the same bytes.
    args.add_all(["-fdebug-compilation-dir=.", "-c", ctx.file.src, "-o", raw])
    ctx.actions.run(
        executable = ctx.attr.clang,
        arguments = [args],
        inputs = depset([ctx.file.src], transitive = [headers]),
        outputs = [raw],
        mnemonic = "BpfCompile",
        progress_message = "Compiling BPF %s" % ctx.file.src.short_path,
    )
    ctx.actions.run(
        executable = ctx.attr.bpftool,
        arguments = ["gen", "object", obj.path, raw.path],
        inputs = [raw],
        outputs = [obj],
        mnemonic = "BpfLink",
        progress_message = "Linking BPF %s" % obj.short_path,
    )
    return obj

def _generate_skeleton(ctx, obj):
    skeleton = ctx.actions.declare_file(ctx.label.name + ".skel.h")

    # - system_header: the generated code is not held to our warnings.
    # - map->link: bpftool 7.5 writes a member that libbpf 1.4's struct does not have. It only serves
    #   the skeleton's own attach of struct_ops maps; callers use bpf_map__attach_struct_ops().
    ctx.actions.run_shell(
        command = """set -eu
            { echo '#pragma GCC system_header'
              "$1" gen skeleton "$2" name "$3" | sed '/map->link = /d'
            } > "$4"
            grep -q bpf_object_skeleton "$4"  # the pipe hides a failure of bpftool
        """,
        arguments = [ctx.attr.bpftool, obj.path, ctx.label.name, skeleton.path],
        inputs = [obj],
        outputs = [skeleton],
        mnemonic = "BpfSkeleton",
        progress_message = "Generating %s" % skeleton.short_path,
    )
    return skeleton

def _bpf_skeleton_impl(ctx):
    if not ctx.attr.clang:
        fail("no clang >= 19 found, which compiles BPF: install clang-19 or pass " +
             "--repo_env=SCHEDD_CLANG=/path/to/clang")
    if not ctx.attr.bpftool:
        fail("no bpftool found: install the package bpftool or pass " +
             "--repo_env=SCHEDD_BPFTOOL=/path/to/bpftool")
    contexts = [dep[CcInfo].compilation_context for dep in ctx.attr.deps]
    headers = depset(ctx.files.hdrs, transitive = [c.headers for c in contexts])
    defines = depset(ctx.attr.defines)
    obj = _compile(ctx, headers, defines)
    skeleton = _generate_skeleton(ctx, obj)
    return [
        DefaultInfo(files = depset([skeleton])),
        OutputGroupInfo(object = depset([obj])),
        CcInfo(compilation_context = cc_common.create_compilation_context(
            headers = depset([skeleton]),
            quote_includes = depset([ctx.bin_dir.path]),
        )),
    ]

_bpf_skeleton = rule(
    implementation = _bpf_skeleton_impl,
    attrs = {
        "src": attr.label(allow_single_file = [".bpf.c"], mandatory = True),
        "hdrs": attr.label_list(allow_files = [".h"]),
        "deps": attr.label_list(providers = [CcInfo]),
        "copts": attr.string_list(),
        "defines": attr.string_list(),
        "clang": attr.string(default = CLANG),
        "bpftool": attr.string(default = BPFTOOL),
    },
    provides = [CcInfo],
)

def bpf_skeleton(name, visibility = None, testonly = False, **kwargs):
    """See the top of this file."""
    _bpf_skeleton(name = name, visibility = visibility, testonly = testonly, **kwargs)
    native.filegroup(
        name = name + "_object",
        srcs = [name],
        output_group = "object",
        testonly = testonly,
        visibility = visibility,
    )
