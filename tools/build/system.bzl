# SPDX-License-Identifier: Apache-2.0
"""The repository @system: what this machine has installed.

Fetching it runs no network command. It finds the BPF compiler, bpftool, protoc and the link lines
(by pkg-config, since abseil's list of libraries differs between Debian releases), and writes them as
constants into @system//:config.bzl. A missing tool is not an error here but in the rule that needs
it, so that a build of pure C++ works without clang.

Override by environment, for example: bazel build --repo_env=SCHEDD_CLANG=/opt/llvm/bin/clang //...
"""

# Found on Debian 12 and 13. The first that exists and is new enough is taken.
_CLANG_CANDIDATES = ["clang-19", "clang-20", "clang-21", "clang"]
_CLANG_MIN_VERSION = 19

# pkg-config modules behind //third_party/system:absl.
_ABSL_MODULES = [
    "absl_" + m
    for m in [
        "base",
        "btree",
        "cleanup",
        "cord",
        "flat_hash_map",
        "flat_hash_set",
        "hash",
        "inlined_vector",
        "int128",
        "random_random",
        "span",
        "status",
        "statusor",
        "str_format",
        "strings",
        "synchronization",
        "time",
    ]
]

# A change of any of these packages changes the headers that we compile against or the archives that we
# link with, which Bazel does not see. Their versions become part of every compile command (see
# SYSTEM_ID in third_party/system).
_HEADER_PACKAGES = [
    "g++",
    "libabsl-dev",
    "libbenchmark-dev",
    "libboost-dev",
    "libbpf-dev",
    "libc-ares-dev",
    "libc6-dev",
    "libcli11-dev",
    "libgmock-dev",
    "libgrpc++-dev",
    "libgrpc-dev",
    "libgtest-dev",
    "libprotobuf-dev",
    "libre2-dev",
    "libsqlite3-dev",
    "libsystemd-dev",
    "linux-libc-dev",
    "nlohmann-json3-dev",
    "prometheus-cpp-dev",
]

# Of what gRPC needs, what is never linked as an archive.
_SHARED = ["atomic", "crypto", "dl", "m", "pthread", "rt", "ssl", "stdc++", "z"]

def _output(ctx, args):
    """Standard output of a command, stripped; empty if it fails."""
    result = ctx.execute(args)
    return result.stdout.strip() if result.return_code == 0 else ""

def _which(ctx, env_name, candidates):
    """Path of the tool that the environment names, else of the first candidate that exists."""
    wanted = ctx.os.environ.get(env_name, "")
    for name in [wanted] if wanted else candidates:
        if name.startswith("/"):
            return name
        found = ctx.which(name)
        if found:
            return str(found)
        for directory in ["/usr/sbin/", "/usr/local/sbin/"]:
            if ctx.path(directory + name).exists:
                return directory + name
    return ""

def _clang(ctx):
    wanted = ctx.os.environ.get("SCHEDD_CLANG", "")
    for name in [wanted] if wanted else _CLANG_CANDIDATES:
        path = _which(ctx, "", [name])
        if not path:
            continue
        major = _output(ctx, [path, "-dumpversion"]).split(".")[0]
        if major.isdigit() and int(major) >= _CLANG_MIN_VERSION:
            return path
    return ""

def _version(ctx, tool):
    """The line of `tool --version` that names it; empty if there is no such tool."""
    text = _output(ctx, [tool, "--version"]) if tool else ""
    lines = [line.strip() for line in text.split("\n") if "version" in line]
    return lines[0] if lines else ""

def _clang_of(ctx, clang, tool_version):
    """The clang, if it is of the same version as a tool that says so in this line; else empty."""
    same = clang and _output(ctx, [clang, "-dumpversion"]) in tool_version.split(" ")
    return clang if same else ""

def _bpf_arch(machine):
    """The suffix of __TARGET_ARCH_ that libbpf's headers know for a machine."""
    if machine in ["x86_64", "amd64"]:
        return "x86"
    if machine in ["aarch64", "arm64"]:
        return "arm64"
    return machine

def _pkg_config(ctx, modules):
    """The libraries of pkg-config modules, each once, in link order."""
    flags = _output(ctx, ["pkg-config", "--libs"] + modules).split(" ")
    seen = {}
    last_first = []
    for flag in reversed([f for f in flags if f.startswith("-l")]):
        if flag not in seen:
            seen[flag] = True
            last_first.append(flag)
    return [f for f in reversed(last_first)]

def _rpc_archives(ctx):
    """Link flags for gRPC and what it needs as archives; none when one of these is not installed.

    The base libraries (libc, OpenSSL, zlib), which others of our libraries need as well, stay shared.
    """
    flags = _output(ctx, ["pkg-config", "--static", "--libs-only-l", "grpc++", "protobuf"]).split(" ")
    archives = {}
    shared = {}
    for name in [f[2:] for f in flags if f.startswith("-l")]:
        archive = "lib" + name + ".a"
        if name in _SHARED:
            shared["-l" + name] = True
        elif _output(ctx, ["gcc", "-print-file-name=" + archive]).startswith("/"):
            archives["-l:" + archive] = True
        else:
            return []  # gcc prints the bare name of a file that it does not find
    if not archives:
        return []
    return (["-Wl,--start-group"] + archives.keys() + ["-Wl,--end-group", "-Wl,--push-state,--as-needed"] +
            shared.keys() + ["-Wl,--pop-state"])

def _system_id(ctx):
    """A short text that differs when any package with headers differs."""
    query = ["dpkg-query", "-W", "-f", "${Package}=${Version};"] + _HEADER_PACKAGES
    installed = ctx.execute(query).stdout  # exits with 1 when one of them is not installed
    number = hash(installed)
    return "%d" % (number if number >= 0 else -number)

def _system_repository_impl(ctx):
    machine = _output(ctx, ["uname", "-m"])
    clang_tidy = _which(ctx, "SCHEDD_CLANG_TIDY", ["clang-tidy-19", "clang-tidy"])
    clang_tidy_version = _version(ctx, clang_tidy)
    clang = _clang(ctx)
    values = {
        "ABSL_LINKOPTS": _pkg_config(ctx, _ABSL_MODULES),
        "BPFTOOL": _which(ctx, "SCHEDD_BPFTOOL", ["bpftool"]),
        "BPF_ARCH": _bpf_arch(machine),
        "CLANG": clang,
        "CLANG_OF_TIDY": _clang_of(ctx, clang, clang_tidy_version),
        "CLANG_TIDY": clang_tidy,
        "CLANG_TIDY_VERSION": clang_tidy_version,
        "GRPC_CPP_PLUGIN": _which(ctx, "SCHEDD_GRPC_CPP_PLUGIN", ["grpc_cpp_plugin"]),
        "MULTIARCH": _output(ctx, ["gcc", "-dumpmachine"]) or machine + "-linux-gnu",
        "PROTOC": _which(ctx, "SCHEDD_PROTOC", ["protoc"]),
        "RPC_ARCHIVES": _rpc_archives(ctx),
        "SYSTEM_ID": _system_id(ctx),
    }
    lines = ["\"\"\"Written by tools/build/system.bzl.\"\"\"", ""]
    for name in sorted(values):
        lines.append("%s = %s" % (name, repr(values[name])))
    ctx.file("BUILD", "")
    ctx.file("config.bzl", "\n".join(lines) + "\n")

system_repository = repository_rule(
    implementation = _system_repository_impl,
    doc = "Describes the machine in @system//:config.bzl.",
    environ = [
        "PATH",
        "SCHEDD_BPFTOOL",
        "SCHEDD_CLANG",
        "SCHEDD_CLANG_TIDY",
        "SCHEDD_GRPC_CPP_PLUGIN",
        "SCHEDD_PROTOC",
    ],
    configure = True,
    local = True,
)
