# SPDX-License-Identifier: Apache-2.0
"""proto_cc_library: C++ (and gRPC) code from .proto files, by Debian's protoc.

    proto_cc_library(
        name = "v1",
        srcs = glob(["schedd/v1/*.proto"]),
        deps = ["//third_party/googleapis:rpc"],
        grpc = True,
    )

The import root is the directory of the BUILD file: in package //proto, proto/schedd/v1/x.proto is
imported as "schedd/v1/x.proto" and included in C++ as "schedd/v1/x.pb.h". The rule gives
    :v1             C++ library: messages, and services if grpc
    :v1_messages    C++ library: messages only, for code that has no business with gRPC
    :v1_descriptors v1.descriptors.pb, a FileDescriptorSet with imports and comments
Google's well-known types (google/protobuf/*.proto) are always available.
"""

load("@system//:config.bzl", "GRPC_CPP_PLUGIN", "PROTOC")

ProtoTreeInfo = provider(
    doc = "Proto files and where to import them from.",
    fields = {
        "srcs": "depset of all .proto files, own and imported",
        "roots": "depset of import roots",
    },
)

def _proto_gen_impl(ctx):
    if not ctx.attr.protoc:
        fail("no protoc found: install protobuf-compiler")
    if ctx.attr.grpc and not ctx.attr.plugin:
        fail("no grpc_cpp_plugin found: install protobuf-compiler-grpc")
    root = ctx.label.package
    trees = [dep[ProtoTreeInfo] for dep in ctx.attr.deps]
    srcs = depset(ctx.files.srcs, transitive = [t.srcs for t in trees])
    roots = depset([root], transitive = [t.roots for t in trees])
    out_dir = ctx.bin_dir.path + "/" + root

    groups = {"hdrs": [], "srcs": [], "grpc_hdrs": [], "grpc_srcs": []}
    for src in ctx.files.srcs:
        stem = src.short_path[len(root) + 1:-len(".proto")]
        groups["hdrs"].append(ctx.actions.declare_file(stem + ".pb.h"))
        groups["srcs"].append(ctx.actions.declare_file(stem + ".pb.cc"))
        if ctx.attr.grpc:
            groups["grpc_hdrs"].append(ctx.actions.declare_file(stem + ".grpc.pb.h"))
            groups["grpc_srcs"].append(ctx.actions.declare_file(stem + ".grpc.pb.cc"))

    args = ctx.actions.args()
    args.add_all(roots, before_each = "--proto_path", omit_if_empty = True)
    args.add("--cpp_out=" + out_dir)
    if ctx.attr.grpc:
        args.add("--plugin=protoc-gen-grpc=" + ctx.attr.plugin)
        args.add("--grpc_out=" + out_dir)
    args.add("--include_imports")
    args.add("--include_source_info")
    args.add("--descriptor_set_out=" + ctx.outputs.descriptors.path)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = ctx.attr.protoc,
        arguments = [args],
        inputs = srcs,
        outputs = [ctx.outputs.descriptors] + [f for files in groups.values() for f in files],
        mnemonic = "ProtoGen",
        progress_message = "Generating C++ of %s" % ctx.label,
    )
    return [
        DefaultInfo(files = depset([ctx.outputs.descriptors])),
        OutputGroupInfo(**{k: depset(v) for k, v in groups.items()}),
        ProtoTreeInfo(srcs = srcs, roots = roots),
    ]

_proto_gen = rule(
    implementation = _proto_gen_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"], mandatory = True),
        "deps": attr.label_list(providers = [ProtoTreeInfo]),
        "grpc": attr.bool(),
        "descriptors": attr.output(mandatory = True),
        "protoc": attr.string(default = PROTOC),
        "plugin": attr.string(default = GRPC_CPP_PLUGIN),
    },
)

def _generated_library(name, gen, groups, deps, visibility):
    """A library of generated files: no warnings, no debug information, no clang-tidy."""
    for kind in ["hdrs", "srcs"]:
        native.filegroup(
            name = "%s_gen_%s" % (name, kind),
            srcs = [gen],
            output_group = groups[kind],
            visibility = ["//visibility:private"],
        )
    native.cc_library(
        name = name,
        srcs = [name + "_gen_srcs"],
        hdrs = [name + "_gen_hdrs"],
        copts = ["-w", "-g0"],
        includes = ["."],  # as -isystem: the headers' warnings are not ours
        tags = ["generated", "no-tidy"],
        visibility = visibility,
        deps = deps,
    )

def proto_cc_library(name, srcs, deps = [], grpc = False, visibility = None):
    """See the top of this file. deps are other proto_cc_library targets."""
    gen = name + "_descriptors"
    _proto_gen(
        name = gen,
        srcs = srcs,
        deps = [dep + "_descriptors" for dep in deps],
        descriptors = name + ".descriptors.pb",
        grpc = grpc,
        visibility = visibility,
    )
    _generated_library(
        name = name + "_messages" if grpc else name,
        gen = gen,
        groups = {"hdrs": "hdrs", "srcs": "srcs"},
        deps = deps + ["//third_party/system:protobuf"],
        visibility = visibility,
    )
    if grpc:
        _generated_library(
            name = name,
            gen = gen,
            groups = {"hdrs": "grpc_hdrs", "srcs": "grpc_srcs"},
            deps = [name + "_messages", "//third_party/system:grpc++"],
            visibility = visibility,
        )
    else:
        native.alias(name = name + "_messages", actual = name, visibility = visibility)
