# SPDX-License-Identifier: Apache-2.0
"""system_library: a library of the distribution, named by its link line."""

load("@system//:config.bzl", "SYSTEM_ID")

def system_library(name, linkopts = [], deps = [], **kwargs):
    """A cc_library without files.

    Args:
      name: of the target
      linkopts: -l flags in link order
      deps: other system libraries, linked after this one
      **kwargs: visibility, testonly
    """
    wrapped = ["-Wl,--push-state", "-Wl,--as-needed"] + linkopts + ["-Wl,--pop-state"]
    native.cc_library(
        name = name,
        # Bazel does not hash headers in /usr/include. This makes an upgraded package a changed
        # compile command, so that neither the output tree nor a disk cache keeps old objects.
        defines = ["SCHEDD_SYSTEM_ID=" + SYSTEM_ID],
        linkopts = wrapped if linkopts else [],
        deps = deps,
        **kwargs
    )
