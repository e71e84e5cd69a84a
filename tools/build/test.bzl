# SPDX-License-Identifier: Apache-2.0
"""unit_test: a GoogleTest that needs no root, no network and no special kernel.

    unit_test(
        name = "ring_test",
        srcs = ["ring_test.cc"],
        deps = ["//bpf:ring"],
    )
"""

load("//tools/build:pch.bzl", "pch_copts")

PCH = "//tests/unit:test_pch"

def unit_test(name, srcs, deps = [], size = "small", timeout = "short", data = [], copts = [], pch = PCH, **kwargs):
    """A cc_test with GoogleTest, GoogleMock and their main(). Timeout "short" is 60 s."""
    native.cc_test(
        name = name,
        srcs = srcs,
        size = size,
        timeout = timeout,
        copts = copts + pch_copts(pch),
        data = data + ["//tools/build:tsan.supp"],
        deps = deps + [pch, "//third_party/system:gtest_main"],
        **kwargs
    )
