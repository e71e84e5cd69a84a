# SPDX-License-Identifier: Apache-2.0
"""clang_tidy_aspect: runs clang-tidy over the sources of cc_library, cc_binary and cc_test.

    bazel build --config=clang-tidy //...

One action per source file, so that a result is kept until the file, a header of it, .clang-tidy or
clang-tidy itself changes. A finding in a header of ours is reported by each file that includes it;
of a library that has no source, each header is checked as if a file included nothing else. Generated
files, third_party and targets with the tag "no-tidy" are left out. Nothing is compiled or linked.
"""

load("@system//:config.bzl", "CLANG_TIDY", "CLANG_TIDY_VERSION")

_C_EXTENSIONS = ["c"]
_CXX_EXTENSIONS = ["cc", "cpp", "cxx"]
_CC_RULES = ["cc_binary", "cc_library", "cc_test"]

# Findings are judged by .clang-tidy alone; -g… costs time and says nothing.
_DROPPED_FLAGS = ["-Werror"]
_DROPPED_PREFIXES = ["-g", "-fsanitize", "-fno-sanitize"]

def _wanted(flag):
    return flag not in _DROPPED_FLAGS and not [p for p in _DROPPED_PREFIXES if flag.startswith(p)]

def _language_flags(ctx, file):
    if file.extension in _C_EXTENSIONS:
        return ["-xc"] + ctx.fragments.cpp.conlyopts
    return ["-xc++"] + ctx.fragments.cpp.cxxopts

def _compile_flags(ctx, context, file):
    """What the compiler is told about the file, without what only gcc knows."""
    rule = ctx.rule.attr
    flags = _language_flags(ctx, file) + ctx.fragments.cpp.copts + rule.copts
    flags = [f for f in flags if _wanted(f)] + ["-Wno-unknown-warning-option"]
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
    ctx.actions.run_shell(
        # Quiet unless it fails; messages name files as in the repository, not as in the sandbox.
        command = "out=$1; shift; \"$@\" >\"$out\" 2>&1 || { sed \"s|$PWD/||g\" \"$out\" >&2; exit 1; }",
        arguments = [args],
        inputs = depset([file, ctx.file._config], transitive = [context.headers]),
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
    },
    fragments = ["cpp"],
)
