# SPDX-License-Identifier: Apache-2.0
# host: timeout=300
"""Dependencies point one way: what Bazel's visibility cannot say, read from Bazel's graph and from #include lines.

client -> proto <- server/rpc -> server/control -> server/engine -> server/policy -> server/base. A new arrow is a line
in LAYERS or LIBRARIES, a line in //:BUILD and a note in docs/adr/.
"""

import collections
import os
import re
import subprocess
import unittest

import tap_unittest

# What a directory of server/ may name of the others, in BUILD files and in #include lines.
LAYERS = {
    "base": set(),
    "policy": {"base"},
    "engine": {"policy", "base"},
    "faults": {"engine", "base"},
    "kernel": {"engine", "base"},
    "sim": {"engine", "base"},
    "simulate": {"sim", "engine", "policy", "text", "base"},
    "text": {"base"},
    "control": {"engine", "policy", "base"},
    "rpc": {"control", "base"},
    "metrics": {"control", "engine", "base"},
    "store": {"control", "base"},
    "fleet": {"control", "base"},
}
WIRES_ALL = {"daemon"}  # server/daemon puts the parts together

# Whose header it is -> (what an #include of it looks like, the directories that may include it).
LIBRARIES = {
    "libbpf": (r'[<"](bpf/(libbpf|libbpf_\w+|bpf|btf)\.h|linux/bpf\.h|bpf/\w+\.skel\.h)[>"]', ["server/kernel"]),
    "gRPC": (r'[<"](grpc|grpcpp|grpc\+\+)/|\.grpc\.pb\.h"', ["server/rpc", "server/fleet", "client"]),
    "protobuf": (r'[<"]google/protobuf/|\.pb\.h"', ["server/rpc", "server/fleet", "server/daemon", "server/simulate", "server/text", "client"]),
    "OpenSSL": (r'[<"]openssl/', ["server/rpc"]),
    "SQLite": (r'[<"]sqlite3\.h', ["server/store"]),
    "Prometheus": (r'[<"](prometheus/|civetweb\.h|CivetServer\.h)', ["server/metrics"]),
    "the server": (r'"server/', ["server", "client/schedctl", "client/trace"]),
    "the shared memory": (r'"bpf/', ["bpf", "server/engine", "server/control", "server/faults", "server/kernel", "server/sim"]),
}

LIBBPF, GRPC, PROTOBUF = "//third_party/system:libbpf", "//third_party/system:grpc++", "//third_party/system:protobuf"
SQLITE, PROMETHEUS = "//third_party/system:sqlite3", "//third_party/system:prometheus"
# Package -> what it must not reach by any path: labels, or packages with all below them.
MUST_NOT_REACH = {
    "//server/base": ["//server/", "//bpf", "//proto", "//client", LIBBPF, GRPC, PROTOBUF, SQLITE],
    "//server/policy": ["//server/engine", "//bpf", "//proto", LIBBPF, GRPC, PROTOBUF, SQLITE],
    "//server/engine": ["//server/control", "//server/kernel", "//proto", LIBBPF, GRPC, PROTOBUF, SQLITE],
    "//server/control": ["//server/rpc", "//server/kernel", "//server/sim", "//server/store", "//proto", LIBBPF, GRPC, PROTOBUF,
                         SQLITE, PROMETHEUS],
    "//server/metrics": ["//server/rpc", "//server/kernel", "//server/sim", "//server/store", "//server/daemon", "//proto", LIBBPF,
                         GRPC, PROTOBUF, SQLITE],
    "//server/store": ["//server/rpc", "//server/engine", "//server/policy", "//server/kernel", "//server/sim", "//bpf", "//proto",
                       LIBBPF, GRPC, PROTOBUF],
    "//server/faults": ["//server/control", "//server/policy", "//server/kernel", "//server/sim", "//proto", LIBBPF, GRPC, PROTOBUF,
                        SQLITE],
    "//server/kernel": ["//server/control", "//server/policy", "//proto", GRPC, PROTOBUF, SQLITE],
    "//server/sim": ["//server/control", "//server/kernel", "//proto", LIBBPF, GRPC, PROTOBUF, SQLITE],
    "//server/rpc": ["//server/kernel", "//server/sim", "//server/daemon", "//server/store", LIBBPF, SQLITE, PROMETHEUS],
    "//proto": ["//server", "//client", "//bpf", LIBBPF],
    "//server/simulate": ["//server/control", "//server/kernel", "//server/daemon", LIBBPF, GRPC, SQLITE, PROMETHEUS],
    "//client": ["//server/control:control", "//server/daemon", "//server/fleet", "//server/kernel", "//server/metrics", "//server/rpc",
                 "//server/store", LIBBPF, SQLITE, PROMETHEUS],
    "//client/lib": ["//server", "//bpf"],
}
EDGE = re.compile(r'"(//[^"]+)" -> "(//[^"]+)"')
INCLUDE = re.compile(r'\s*#\s*include\s+([<"].*)')


def within(label, place):
    """Is the label the place itself, or in the package `place` or below it?"""
    if ":" in place:
        return label == place
    return label.startswith((place.rstrip("/") + "/", place.rstrip("/") + ":"))


def path_to(graph, package, place):
    """Labels on a way from the package to the place outside of it, or None."""
    came_from = {label: None for label in graph if within(label, package)}
    queue = collections.deque(came_from)
    while queue:
        label = queue.popleft()
        if within(label, place) and not within(label, package):
            path = [label]
            while came_from[path[-1]] is not None:
                path.append(came_from[path[-1]])
            return path[::-1]
        for following in graph.get(label, ()):
            if following not in came_from:
                came_from[following] = label
                queue.append(following)
    return None


def layer_of(name):
    """'engine' of //server/engine:x and of server/engine/x.h; None outside of server/."""
    match = re.match(r"(?://)?server/(\w+)[/:]", name)
    return match[1] if match else None


def wrong_layer(source, target):
    """Does `source` name something of server/ that its layer may not name?"""
    above, below = layer_of(source), layer_of(target)
    if above is None or below is None or above == below or above in WIRES_ALL:
        return False
    return below not in LAYERS.get(above, set())


def wrong_library(path, include):
    """The library whose header the file may not include, or None."""
    for library, (pattern, places) in LIBRARIES.items():
        if re.search(pattern, include) and not any(path.startswith(place + "/") for place in places):
            return library
    return None


def bazel_query(expression, *options):
    answer = subprocess.run(["bazel", "query", "--noshow_progress", "--ui_event_filters=-info", *options, expression],
                            cwd=tap_unittest.REPO, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise AssertionError(f"bazel query failed: {answer.stderr[-2000:]}")
    return answer.stdout


def read_graph(text):
    graph = collections.defaultdict(list)
    for source, target in EDGE.findall(text):
        graph[source].append(target)
    return graph


def includes():
    """(file, what it includes) for all C and C++ of the product."""
    for top in ("server", "client", "bpf"):
        for folder, _, names in os.walk(os.path.join(tap_unittest.REPO, top)):
            for name in names:
                if not name.endswith((".h", ".cc")) or name.endswith(".bpf.h"):
                    continue
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as stream:
                    for line in stream:
                        if match := INCLUDE.match(line):
                            yield os.path.relpath(path, tap_unittest.REPO), match[1]


class Checker(unittest.TestCase):
    """The rules below find what they are there to find."""

    GRAPH = {"//server/policy:a": ["//server/base:b"], "//server/base:b": ["//x:y"], "//x:y": [LIBBPF]}

    def test_finds_an_indirect_dependency(self):
        self.assertEqual(path_to(self.GRAPH, "//server/policy", LIBBPF),
                         ["//server/policy:a", "//server/base:b", "//x:y", LIBBPF])

    def test_a_package_and_those_below_it(self):
        self.assertIsNotNone(path_to({"//client/lib:a": ["//server/base/deep:b"]}, "//client", "//server"))
        self.assertIsNone(path_to({"//client/lib:a": ["//serverless:b"]}, "//client", "//server"))

    def test_own_package_is_no_dependency(self):
        self.assertIsNone(path_to({"//server/base:a": ["//server/base:b"]}, "//server/base", "//server/"))

    def test_layers(self):
        self.assertTrue(wrong_layer("server/policy/a.cc", "server/engine/b.h"))
        self.assertTrue(wrong_layer("//server/unheard_of:a", "//server/base:b"))
        self.assertFalse(wrong_layer("//server/engine:a", "//server/policy:b"))
        self.assertFalse(wrong_layer("//server/daemon:a", "//server/kernel:b"))
        self.assertTrue(wrong_layer("//server/control:a", "//server/store:b"))
        self.assertFalse(wrong_layer("//server/store:a", "//server/control:state_store"))

    def test_libraries(self):
        self.assertEqual(wrong_library("server/engine/a.cc", "<bpf/libbpf.h>"), "libbpf")
        self.assertEqual(wrong_library("server/sim/a.cc", '"bpf/dispatcher.skel.h"'), "libbpf")
        self.assertEqual(wrong_library("server/control/a.h", '"schedd/v1/x.grpc.pb.h"'), "gRPC")
        self.assertEqual(wrong_library("server/control/a.h", '"schedd/v1/x.pb.h"'), "protobuf")
        self.assertEqual(wrong_library("client/lib/a.h", '"server/base/log.h"'), "the server")
        self.assertIsNone(wrong_library("client/schedctl/a.h", '"server/simulate/simulation.h"'))
        self.assertEqual(wrong_library("server/control/a.cc", "<sqlite3.h>"), "SQLite")
        self.assertIsNone(wrong_library("server/store/a.h", "<sqlite3.h>"))
        self.assertEqual(wrong_library("server/rpc/a.cc", "<prometheus/exposer.h>"), "Prometheus")
        self.assertIsNone(wrong_library("server/metrics/a.cc", "<prometheus/exposer.h>"))
        self.assertEqual(wrong_library("server/policy/a.h", '"bpf/abi.h"'), "the shared memory")
        self.assertIsNone(wrong_library("server/kernel/a.cc", "<bpf/libbpf.h>"))
        self.assertIsNone(wrong_library("server/engine/a.cc", '"bpf/abi.h"'))


class Tree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.graph = read_graph(bazel_query("deps(//server/... + //client/... + //proto/... + //bpf/...)",
                                           "--output=graph", "--nograph:factored", "--noimplicit_deps"))

    def test_build_files_keep_the_layers(self):
        edges = [(source, target) for source, targets in self.graph.items() for target in targets]
        self.assertGreater(sum(layer_of(source) is not None for source, _ in edges), 100)
        self.assertEqual([f"{a} -> {b}" for a, b in edges if wrong_layer(a, b)], [])

    def test_nothing_is_reached_by_a_detour(self):
        for package, places in MUST_NOT_REACH.items():
            self.assertTrue(any(within(label, package) for label in self.graph), f"there is no package {package}")
            for place in places:
                path = path_to(self.graph, package, place)
                self.assertIsNone(path, f"{package} must not reach {place}")

    def test_every_layer_is_described(self):
        layers = {layer_of(label) for label in self.graph} - {None}
        self.assertEqual(layers - LAYERS.keys() - WIRES_ALL, set())

    def test_no_library_of_the_product_is_visible_to_all(self):
        libraries = "kind(library, //server/... + //client/... + //bpf/... + //proto/...)"
        public = bazel_query(f'attr("visibility", "//visibility:public", {libraries})')
        self.assertEqual(public.split(), [])

    def test_includes_keep_the_layers(self):
        found = list(includes())
        self.assertGreater(len(found), 500)
        self.assertEqual([f"{path} includes {name}" for path, name in found if wrong_layer(path, name.strip('<>"'))], [])

    def test_includes_of_libraries_stay_where_they_belong(self):
        wrong = [(wrong_library(path, name), path, name) for path, name in includes()]
        self.assertEqual([f"{path} includes {name}: {library} is not for it" for library, path, name in wrong if library], [])


if __name__ == "__main__":
    tap_unittest.main()
