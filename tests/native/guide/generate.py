# SPDX-License-Identifier: Apache-2.0
"""Makes a C++ file of the C++ examples in docs/api.md: generate.py DOCUMENT >FILE."""

import sys

import guide

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
//
// Written by tests/native/guide/generate.py.
#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "client/lib/client.h"
#include "client/lib/errors.h"
#include "tests/native/guide/examples.h"

namespace schedd {
namespace {
"""


def main():
    blocks = [block for block in guide.examples(sys.argv[1]) if block.language == "c++"]
    print(HEAD)
    for number, block in enumerate(blocks):
        print(f"absl::Status Example{number}(client::Client& client) {{")
        print(f'#line {block.line} "{sys.argv[1]}"')
        print(f"{block.code}return absl::OkStatus();\n}}\n")
    print("constexpr Example kExamples[] = {")
    for number, block in enumerate(blocks):
        print(f'    {{"{block.heading}", Example{number}}},')
    print("};\n\n}  // namespace\n")
    print("std::span<const Example> Examples() { return kExamples; }\n\n}  // namespace schedd")


if __name__ == "__main__":
    main()
