# SPDX-License-Identifier: Apache-2.0
"""./run bench says what was measured, and compares what is to be compared (tests/bench)."""

import contextlib
import io
import os
import sys
import unittest
import unittest.mock

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/bench"))
sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/bench/guest"))
import bench  # noqa: E402
import workloads  # noqa: E402


def figure(scheduler, value, run, name="pipe", better="less"):
    return {"scheduler": scheduler, "figure": name, "unit": "us", "better": better, "run": run, "value": value}


ABOUT = {"kernel": "7.3.4", "cpus": 4, "schedulers": ["none", "schedd"], "workloads": 1}


class Comparison(unittest.TestCase):
    def compare(self, lines, runs=3):
        options = bench.parse(["guest", "--runs", str(runs)])
        output = io.StringIO()
        with unittest.mock.patch.object(bench, "measure_in_guest", lambda *_: [ABOUT, *lines]), contextlib.redirect_stdout(output):
            return bench.guest(options, "icount"), output.getvalue()

    def test_medians_and_their_ratio(self):
        lines = [figure("none", value, run) for run, value in enumerate((90, 1000, 100), 1)]
        lines += [figure("schedd", value, run) for run, value in enumerate((50, 40, 60), 1)]
        result, output = self.compare(lines)
        self.assertEqual(result["figures"][0]["ratio"], {"none": 1.0, "schedd": 0.5})
        self.assertEqual(result["figures"][0]["values"]["none"], [90, 1000, 100])
        self.assertIn("100 [90, 1000]", output)
        self.assertIn("0.50", output)

    def test_nothing_is_a_ratio_to_nothing(self):
        result, output = self.compare([figure("none", 0, 1), figure("schedd", 5, 1)])
        self.assertNotEqual(result["figures"][0]["ratio"]["schedd"], result["figures"][0]["ratio"]["schedd"])  # NaN
        self.assertIn("nan", output)

    def test_a_guest_that_could_not_measure_is_an_error(self):
        answer = unittest.mock.MagicMock(returncode=1, stdout=['{"kernel": "7"}\n', '{"problem": "schedd does not attach"}\n'])
        with unittest.mock.patch.object(bench.subprocess, "Popen") as popen:
            popen.return_value.__enter__.return_value = answer
            with self.assertRaisesRegex(RuntimeError, "schedd does not attach"):
                bench.measure_in_guest(bench.parse(["guest"]), "icount")


def api_result(**values):
    """What api_benchmark prints, with these figures."""
    return {"tasks": 10_000, "readers": 8, "interval_ms": 100, "repetitions": 3,
            "figures": [{"name": name, "unit": "ms", "values": numbers} for name, numbers in values.items()]}


class Api(unittest.TestCase):
    def measure(self, result, *arguments):
        output = io.StringIO()
        with unittest.mock.patch.object(bench, "measure_api", lambda _: result), contextlib.redirect_stdout(output):
            return bench.api(bench.parse(["api", *arguments])), output.getvalue()

    def test_medians_with_the_least_and_the_greatest(self):
        result, output = self.measure(api_result(list=[20, 10, 90], change=[1]))
        self.assertRegex(output, r"list +ms +20 +10 +90")
        self.assertEqual(result["figures"][0]["values"], [20, 10, 90])

    def test_only_the_figures_asked_for(self):
        result, output = self.measure(api_result(list=[20], change=[1]), "--workload", "^cha")
        self.assertEqual([figure["name"] for figure in result["figures"]], ["change"])
        self.assertNotIn("list", output)

    def test_a_program_that_fails_is_an_error(self):
        with unittest.mock.patch.object(bench.subprocess, "run", return_value=unittest.mock.MagicMock(returncode=1)):
            with self.assertRaisesRegex(RuntimeError, "exit code 1 of api_benchmark"):
                bench.measure_api(bench.parse(["api"]))


class Arguments(unittest.TestCase):
    def refused(self, *arguments):
        words = io.StringIO()
        with contextlib.redirect_stderr(words), self.assertRaises(SystemExit) as end:
            bench.parse(list(arguments))
        self.assertEqual(end.exception.code, 2)
        return words.getvalue()

    def test_all_parts_by_default(self):
        self.assertEqual(bench.parse([]).parts, list(bench.PARTS))

    def test_what_is_wrong_is_said(self):
        self.assertIn("'gest'", self.refused("gest"))
        self.assertIn("NAME=COMMAND", self.refused("--versus", "scx_simple"))
        self.assertIn("at least 1", self.refused("--runs", "0"))


class Workloads(unittest.TestCase):
    def test_a_program_gives_the_figure_in_its_output(self):
        program = workloads.Program("p", "us", workloads.LESS, r"([\d.]+) usecs/op", "echo", "12.5 usecs/op")
        self.assertEqual(program.run(), [12.5])

    def test_no_figure_is_an_error(self):
        with self.assertRaisesRegex(workloads.BenchError, "no figure.*nothing"):
            workloads.Program("p", "us", workloads.LESS, r"([\d.]+) usecs/op", "echo", "nothing").run()

    def test_a_program_that_fails_is_an_error(self):
        with self.assertRaisesRegex(workloads.BenchError, "exit code 3"):
            workloads.Program("p", "us", workloads.LESS, "", "bash", "-c", "exit 3").run()

    def test_names_are_unique(self):
        names = [figure.name for workload in workloads.all_workloads() for figure in workload.figures]
        self.assertEqual(len(names), len(set(names)))


tap_unittest.main()
