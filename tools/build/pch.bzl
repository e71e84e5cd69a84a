# SPDX-License-Identifier: Apache-2.0
"""precompiled_header: what many files include, read by the compiler once.

    precompiled_header(
        name = "absl_pch",
        hdr = "absl_pch.h",                    # includes of system headers, nothing else
        deps = ["//third_party/system:absl"],
        copts = ["-O1"],                       # as those who use it have
    )

A target uses it by `copts = pch_copts("//tools/build:absl_pch")` and by the label in its deps. gcc takes
a precompiled header only if it was made with the same options; else it reads the plain one, which takes
longer and gives the same. Of the level (-O…) gcc 12 does not see that it differs, and crashes. Names
that come in this way are no excuse for a missing #include: clang-tidy reads the files of tests without
it. Only headers of the system belong in it: Bazel does not see that an object was made from it, a new
version of a package compiles anew by the command line (SYSTEM_ID).
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

def _compile(ctx, header, context):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    output = ctx.actions.declare_file(header.basename + ".gch")
    cpp = ctx.fragments.cpp
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        source_file = header.path,
        output_file = output.path,
        preprocessor_defines = context.defines,
        system_include_directories = context.system_includes,
        user_compile_flags = cpp.copts + cpp.cxxopts + ctx.attr.copts + ["-x", "c++-header"],
    )
    ctx.actions.run(
        executable = cc_common.get_tool_for_action(
            feature_configuration = features,
            action_name = CPP_COMPILE_ACTION_NAME,
        ),
        arguments = cc_common.get_memory_inefficient_command_line(
            feature_configuration = features,
            action_name = CPP_COMPILE_ACTION_NAME,
            variables = variables,
        ),
        env = cc_common.get_environment_variables(
            feature_configuration = features,
            action_name = CPP_COMPILE_ACTION_NAME,
            variables = variables,
        ),
        inputs = depset([header], transitive = [context.headers, toolchain.all_files]),
        outputs = [output],
        mnemonic = "CppPrecompile",
        progress_message = "Precompiling %s" % ctx.file.hdr.short_path,
    )
    return output

def _precompiled_header_impl(ctx):
    context = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps]).compilation_context

    # gcc looks for the precompiled one beside the plain one.
    header = ctx.actions.declare_file(ctx.label.name + ".h")
    ctx.actions.symlink(output = header, target_file = ctx.file.hdr)
    compiled = _compile(ctx, header, context)
    own = cc_common.create_compilation_context(headers = depset([header, compiled]))
    return [
        DefaultInfo(files = depset([compiled])),
        CcInfo(compilation_context = own),
    ]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    doc = "See the top of this file.",
    attrs = {
        "copts": attr.string_list(),
        "deps": attr.label_list(providers = [CcInfo]),
        "hdr": attr.label(allow_single_file = [".h"], mandatory = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    provides = [CcInfo],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    fragments = ["cpp"],
)

# What gcc 12 finds in the standard library's headers and is none. Read as plain system headers they are
# spared, read from a precompiled one they are not.
_NO_FAULTS = ["-Wno-array-bounds", "-Wno-restrict", "-Wno-stringop-overflow", "-Wno-stringop-overread"]

def pch_copts(label):
    """The flags of a target that uses the precompiled header with this label, written //package:name."""
    package, name = label[2:].split(":")
    return ["-include", "$(BINDIR)/%s/%s.h" % (package, name)] + _NO_FAULTS
