# SPDX-License-Identifier: Apache-2.0
"""clang_tidy_aspect: runs clang-tidy over the sources of cc_library, cc_binary and cc_test.

    bazel build --config=clang-tidy //...

One action per source file, so that a result is kept until the file, a header of it, .clang-tidy or
clang-tidy itself changes. A finding in a header of ours is reported by each file that includes it;
of a library that has no source, each header is checked as if a file included nothing else. Generated
files, third_party and targets with the tag "no-tidy" are left out. Nothing is compiled or linked but
tidy_pch: the system headers that most of these files include, read once for all (a third of clang-tidy's
time). gcc compiles the same files without it, so that none can lack an #include. Tests are
read without it: they have a precompiled header when gcc compiles them (pch.bzl).
"""

load("@system//:config.bzl", "CLANG_OF_TIDY", "CLANG_TIDY", "CLANG_TIDY_VERSION")

_C_EXTENSIONS = ["c"]
_CXX_EXTENSIONS = ["cc", "cpp", "cxx"]
_CC_RULES = ["cc_binary", "cc_library", "cc_test"]

# Findings are judged by .clang-tidy alone; -g… costs time and says nothing. A precompiled header must have
# been made with the same -O….
_DROPPED_FLAGS = ["-Werror"]
_DROPPED_PREFIXES = ["-g", "-fsanitize", "-fno-sanitize", "-O"]

# What tidy_pch holds. C++ of the system only: a finding in it would be nobody's.
_PRECOMPILED = [
    "algorithm",
    "array",
    "atomic",
    "cstddef",
    "cstdint",
    "functional",
    "map",
    "memory",
    "mutex",
    "optional",
    "span",
    "string",
    "thread",
    "utility",
    "vector",
    "absl/status/status.h",
    "absl/status/statusor.h",
    "absl/strings/str_cat.h",
    "absl/strings/str_join.h",
    "absl/time/time.h",
]

def _wanted(flag):
    return flag not in _DROPPED_FLAGS and not [p for p in _DROPPED_PREFIXES if flag.startswith(p)]

def _is_c(file):
    return file.extension in _C_EXTENSIONS

def _cxx_flags(cpp, copts):
    """The options of C++ files, without what only gcc knows."""
    flags = ["-xc++"] + cpp.cxxopts + cpp.copts + copts
    return [f for f in flags if _wanted(f)] + ["-Wno-unknown-warning-option"]

def _c_flags(cpp, copts):
    flags = ["-xc"] + cpp.conlyopts + cpp.copts + copts
    return [f for f in flags if _wanted(f)] + ["-Wno-unknown-warning-option"]

def _without_pch(copts):
    """The options of a target without those of pch.bzl, which are for gcc."""
    kept = []
    for i, flag in enumerate(copts):
        if flag != "-include" and (i == 0 or copts[i - 1] != "-include"):
            kept.append(flag)
    return kept

def _compile_flags(ctx, context, file):
    """What the compiler is told about the file."""
    copts = _without_pch(ctx.rule.attr.copts)
    cpp = ctx.fragments.cpp
    flags = _c_flags(cpp, copts) if _is_c(file) else _cxx_flags(cpp, copts)
    for define in depset(transitive = [context.defines, context.local_defines]).to_list():
        flags.append("-D" + define)
    for option, directories in [
        ("-iquote", context.quote_includes),
        ("-isystem", context.system_includes),
        ("-I", context.includes),
    ]:
        for directory in directories.to_list():
            flags += [option, directory]
    return flags

def _takes_pch(ctx, context, file):
    """Whether the file is C++ of a target that uses the system's libraries; for others it is more to read, not less."""
    uses_libraries = [d for d in context.defines.to_list() if d.startswith("SCHEDD_SYSTEM_ID=")]
    return uses_libraries and not _is_c(file) and not ctx.rule.attr.testonly

def _check(ctx, context, file):
    """One run of clang-tidy; the output holds its messages and exists only if it found nothing."""
    stamp = ctx.actions.declare_file("%s.%s.clang-tidy" % (ctx.label.name, file.basename))
    args = ctx.actions.args()
    args.add(stamp)
    args.add(CLANG_TIDY)
    args.add("--quiet")
    args.add("--config-file=" + ctx.file._config.path)
    if ctx.rule.attr.testonly:
        args.add("--checks=-performance-*")  # adds to those of the file; a copy in a test is no waste
    args.add(file)
    args.add("--")
    args.add_all(_compile_flags(ctx, context, file))
    precompiled = ctx.files._pch if _takes_pch(ctx, context, file) else []
    args.add_all(precompiled, before_each = "-include-pch")
    ctx.actions.run_shell(
        # Quiet unless it fails; messages name files as in the repository, not as in the sandbox.
        command = "out=$1; shift; \"$@\" >\"$out\" 2>&1 || { sed \"s|$PWD/||g\" \"$out\" >&2; exit 1; }",
        arguments = [args],
        inputs = depset([file, ctx.file._config] + precompiled, transitive = [context.headers]),
        outputs = [stamp],
        env = {"CLANG_TIDY_VERSION": CLANG_TIDY_VERSION},  # a new version checks anew
        mnemonic = "ClangTidy",
        progress_message = "Checking %s" % file.short_path,
    )
    return stamp

def _own_files(targets, extensions):
    files = [file for target in targets for file in target.files.to_list()]
    return [f for f in files if f.is_source and f.extension in extensions]

def _including(ctx, header):
    """A source file that includes the header and nothing else."""
    file = ctx.actions.declare_file("%s.%s.alone.cc" % (ctx.label.name, header.basename))
    ctx.actions.write(file, "#include \"%s\"\n" % header.short_path)
    return file

def _files_to_check(ctx):
    """Own sources; of a library without any, a file for each of its headers."""
    rule = ctx.rule.attr
    sources = _own_files(rule.srcs, _C_EXTENSIONS + _CXX_EXTENSIONS)
    if sources:
        return sources
    return [_including(ctx, header) for header in _own_files(getattr(rule, "hdrs", []), ["h"])]

def _clang_tidy_impl(target, ctx):
    skipped = (
        ctx.rule.kind not in _CC_RULES or
        ctx.label.workspace_name or
        ctx.label.package.startswith("third_party") or
        "no-tidy" in ctx.rule.attr.tags
    )
    if skipped:
        return [OutputGroupInfo(clang_tidy = depset())]
    if not CLANG_TIDY:
        fail("no clang-tidy found: install clang-tidy-19 or pass " +
             "--repo_env=SCHEDD_CLANG_TIDY=/path/to/clang-tidy")
    context = target[CcInfo].compilation_context
    stamps = [_check(ctx, context, file) for file in _files_to_check(ctx)]
    return [OutputGroupInfo(clang_tidy = depset(stamps))]

clang_tidy_aspect = aspect(
    implementation = _clang_tidy_impl,
    doc = "See the top of this file.",
    attrs = {
        "_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
        "_pch": attr.label(default = "//tools/build:tidy_pch"),
    },
    fragments = ["cpp"],
)

def _tidy_pch_impl(ctx):
    if not CLANG_OF_TIDY:
        return [DefaultInfo(files = depset())]  # what another version made cannot be read
    output = ctx.actions.declare_file(ctx.label.name + ".pch")
    context = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps]).compilation_context
    args = ctx.actions.args()
    args.add_all(_cxx_flags(ctx.fragments.cpp, []))
    args.add("-xc++-header")
    args.add_all(context.defines.to_list(), before_each = "-D")
    args.add_all(_PRECOMPILED, before_each = "-include")

    # No file of ours and no times of change in it: it is as good in another directory, or clone.
    args.add_all(["-Xclang", "-fno-pch-timestamp", "/dev/null", "-o", output])
    ctx.actions.run(
        executable = CLANG_OF_TIDY,
        arguments = [args],
        outputs = [output],
        env = {"CLANG_TIDY_VERSION": CLANG_TIDY_VERSION},
        mnemonic = "ClangTidyPch",
        progress_message = "Precompiling system headers for clang-tidy",
    )
    return [DefaultInfo(files = depset([output]))]

tidy_pch = rule(
    implementation = _tidy_pch_impl,
    doc = "The precompiled system headers for clang_tidy_aspect; no file where clang is of another version.",
    attrs = {"deps": attr.label_list(providers = [CcInfo], doc = "whose headers these are")},
    fragments = ["cpp"],
)
