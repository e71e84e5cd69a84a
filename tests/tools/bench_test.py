# SPDX-License-Identifier: Apache-2.0
"""./run bench says what was measured, and compares what is to be compared (tests/bench)."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
import unittest.mock

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/bench"))
sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/bench/guest"))
import bench  # noqa: E402
import check  # noqa: E402
import targets  # noqa: E402
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
        load = {"tasks": 7, "readers": 5, "stuck": 3, "seconds": 60, "figures": [{"name": "under load: calls", "unit": "1/s", "values": [999]}]}

        def measured(program, *_):
            return {"api_benchmark": result, "api_load": load}[program]

        with unittest.mock.patch.object(bench, "measure_api", measured), contextlib.redirect_stdout(output):
            return bench.api(bench.parse(["api", *arguments])), output.getvalue()

    def test_medians_with_the_least_and_the_greatest(self):
        result, output = self.measure(api_result(list=[20, 10, 90], change=[1]))
        self.assertRegex(output, r"list +ms +20 +10 +90")
        self.assertEqual(result["figures"][0]["values"], [20, 10, 90])
        self.assertRegex(output, r"under load: calls +1/s +999")
        self.assertIn("7 tasks, 5 readers, 3 of them stuck, 60 s", output)
        self.assertEqual(result["load"]["stuck"], 3)

    def test_only_the_figures_asked_for(self):
        result, output = self.measure(api_result(list=[20], change=[1]), "--workload", "^cha")
        self.assertEqual([figure["name"] for figure in result["figures"]], ["change"])
        self.assertNotIn("list", output)

    def test_a_program_that_fails_is_an_error(self):
        with unittest.mock.patch.object(bench.subprocess, "run", return_value=unittest.mock.MagicMock(returncode=1)):
            with self.assertRaisesRegex(RuntimeError, "exit code 1 of api_load"):
                bench.measure_api("api_load", "60")


def micro_result(ns=50, allocations=0, set_ns=400):
    return [{"name": "BM_Policy/runnable:100/batch:1", "ns": ns, "allocations": allocations},
            {"name": "BM_StdSet/runnable:100", "ns": set_ns}]


def guest_result(name, ratio, mode="icount", value=1.0):
    return [{"mode": mode, "figures": [{"name": name, "ratio": {"none": 1.0, "schedd": ratio}, "values": {"none": [1], "schedd": [value]}}]}]


class Targets(unittest.TestCase):
    def verdicts(self, result):
        """{(figure, target): verdict} of what was measured or has no number, and the whole verdict."""
        rows, good = check.check(result)
        return {(row[0], row[3]): row[5] for row in rows[1:] if row[2] != "-"}, good

    def test_what_holds_and_what_is_missed(self):
        found, good = self.verdicts({"micro": micro_result(ns=70, set_ns=400)})
        self.assertEqual(found, {("BM_Policy/runnable:100/batch:1", "<= 60 ns"): "MISSED",
                                 ("BM_Policy/runnable:100/batch:1", ">= 4 x"): "ok",
                                 ("BM_Policy/runnable:100/batch:1", "<= 0 heap calls"): "ok"})
        self.assertFalse(good)
        self.assertTrue(self.verdicts({"micro": micro_result()})[1])

    def test_one_allocation_is_too_many(self):
        found, good = self.verdicts({"micro": micro_result(allocations=1)})
        self.assertEqual(found["BM_Policy/runnable:100/batch:1", "<= 0 heap calls"], "MISSED")
        self.assertFalse(good)

    def test_times_faster_than_the_other_loop(self):
        found, _ = self.verdicts({"micro": micro_result(ns=50, set_ns=180)})
        self.assertEqual(found["BM_Policy/runnable:100/batch:1", ">= 4 x"], "MISSED")

    def test_the_margin_is_part_of_the_bound_on_either_side(self):
        for name, bound, in_margin, beyond in (("pipe, processes", "<= 1.02 x none", 1.05, 1.06),
                                               ("sysbench cpu", ">= 0.98 x none", 0.96, 0.94)):
            for ratio, verdict in ((in_margin, "ok"), (beyond, "MISSED")):
                found, good = self.verdicts({"guest": guest_result(name, ratio)})
                self.assertEqual(found, {(name, bound): verdict}, ratio)
                self.assertEqual(good, verdict == "ok", f"{name} {ratio}")

    def test_a_target_is_for_its_mode(self):
        found, good = self.verdicts({"guest": guest_result("pipe, processes", 5, mode="parallel")})
        self.assertEqual(found, {})
        self.assertFalse(good, "nothing was measured")
        found, _ = self.verdicts({"guest": guest_result("wakeup delay, 2 hogs a CPU: p99", 5, mode="parallel")})
        self.assertEqual(list(found.values()), ["MISSED"])

    def test_the_figure_itself_counts_where_no_ratio_is_asked_for(self):
        name = "Jain's index of 64 equal hogs"
        self.assertEqual(self.verdicts({"guest": guest_result(name, 0.5, value=0.995)}), ({(name, ">= 0.99"): "ok"}, True))
        self.assertEqual(self.verdicts({"guest": guest_result(name, 1.5, value=0.98)}), ({(name, ">= 0.99"): "MISSED"}, False))

    def test_the_median_of_the_repetitions_counts(self):
        name = "UpdatePolicy until applied: p99"
        for values, verdict in (([1, 1.9, 50], "ok"), ([1, 2.2, 2.2], "MISSED")):
            self.assertEqual(self.verdicts({"api": api_result(**{name: values})})[0], {(name, "<= 2 ms"): verdict})

    def test_what_is_only_reported_misses_nothing(self):
        result = {"guest": guest_result("pipe, processes", 1)}
        result["guest"][0]["figures"] += guest_result("hackbench, threads", 9)[0]["figures"]
        found, good = self.verdicts(result)
        self.assertEqual(found["hackbench, threads", "-"], "reported")
        self.assertTrue(good)
        self.assertFalse(check.check({"guest": guest_result("hackbench, threads", 9)})[1], "it says nothing of the targets")

    def test_every_target_of_the_api(self):
        good_ones = {"ListTasks of 10,000 tasks, all pages: p99": [19], "ListTasks of 10,000 tasks, first page: p99": [19],
                     "CPU of the server, 8 readers of changes": [14],
                     "WatchTasks, 8 readers of changes: updates a second for each": [10],
                     "decision latency, median: 8 readers of changes / no reader": [1.04], "UpdatePolicy until applied: p99": [1.9]}
        found, good = self.verdicts({"api": api_result(**good_ones)})
        self.assertEqual(list(found.values()), ["ok"] * len(good_ones))
        self.assertTrue(good)
        for name in good_ones:
            bad = [1] if "updates a second" in name else [30]
            found, good = self.verdicts({"api": api_result(**{**good_ones, name: bad})})
            self.assertEqual([figure for (figure, _), verdict in found.items() if verdict == "MISSED"], [name])
            self.assertFalse(good, name)

    def test_whole_updates_are_only_reported(self):
        name = "CPU of the server, 8 readers of whole updates"
        found, good = self.verdicts({"api": api_result(**{name: [400], "UpdatePolicy until applied: p99": [1]})})
        self.assertEqual(found[name, "-"], "reported")
        self.assertTrue(good)

    def test_what_was_left_out_is_not_measured_and_misses_nothing(self):
        rows, good = check.check({"micro": micro_result()})
        self.assertIn("not measured", [row[5] for row in rows if row[0] == "sysbench cpu"])
        self.assertTrue(good)
        self.assertRegex(check.summary(rows), r"^3 ok, 0 MISSED, \d+ not measured$")

    def test_no_number_is_not_measured_and_not_good(self):
        found, good = self.verdicts({"guest": guest_result("messaging", float("nan"))})
        self.assertEqual(found, {("messaging", "<= 1.1 x none"): "not measured"})
        self.assertFalse(good)

    def test_nothing_measured_is_not_good(self):
        self.assertFalse(check.check({})[1])

    def test_no_target_is_there_twice(self):
        self.assertEqual(len(targets.TARGETS), len(set(targets.TARGETS)))

    def test_guest_targets_are_for_workloads_that_are_there(self):
        with unittest.mock.patch.object(workloads.os, "cpu_count", return_value=4):
            names = [figure.name for workload in workloads.all_workloads() for figure in workload.figures]
        for target in (*targets.TARGETS, *targets.REPORTED):
            if target.where in targets.BOTH:
                self.assertTrue(any(target.matches(name) for name in names), target.figure)

    def test_targets_of_programs_are_for_figures_that_these_have(self):
        texts = ""
        for path in ("api/api_benchmark.cc", "api/api_load.cc", "micro/policy_benchmark.cc", "micro/engine_benchmark.cc"):
            with open(os.path.join(tap_unittest.REPO, "tests/bench", path), encoding="utf-8") as stream:
                texts += stream.read()
        for target in targets.TARGETS:
            if target.where in (targets.MICRO, targets.API):
                self.assertIn(target.figure.split(",")[0].split("/")[0].split(": ")[0], texts)


class Check(unittest.TestCase):
    def run_check(self, content, *arguments):
        """(exit code, stdout, stderr) of --check on a file with that content."""
        out, err = io.StringIO(), io.StringIO()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(content)
            file.flush()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                return bench.main(["--check", file.name, *arguments]), out.getvalue(), err.getvalue()

    def test_exit_codes_and_the_table(self):
        code, out, _ = self.run_check(json.dumps({"micro": micro_result()}))
        self.assertEqual(code, 0)
        self.assertRegex(out, r"BM_Policy/runnable:100/batch:1 +micro +50 ns +<= 60 ns +5 % +ok\n")
        code, out, _ = self.run_check(json.dumps({"micro": micro_result(ns=100, set_ns=10_000)}))
        self.assertEqual(code, 1)
        self.assertIn("MISSED", out)

    def test_a_ratio_to_nothing_survives_the_file(self):
        code, out, _ = self.run_check(json.dumps({"guest": guest_result("messaging", float("nan"))}))
        self.assertEqual(code, 1)
        self.assertRegex(out, r"messaging +guest icount +nan x none .*not measured")

    def test_a_file_that_is_none_of_ours_is_refused(self):
        for content, words in (("{", "no JSON"), ("[1]", "no figures"), ('{"micro": [{"ns": 1}]}', "no figures"),
                               ('{"guest": [{"mode": "icount", "figures": [{"name": "messaging", "ratio": {}}]}]}', "schedd"),
                               ('{"micro": [{"name": "BM_Policy/runnable:100/batch:1", "ns": "fast"}]}', "no figures"),
                               ('{"api": {"figures": [{"name": "UpdatePolicy until applied: p99", "values": []}]}}', "no figures"),
                               ('{"api": {"figures": [{"name": "UpdatePolicy until applied: p99", "values": [null]}]}}', "no figures")):
            code, _, err = self.run_check(content)
            self.assertEqual(code, 2, content)
            self.assertIn(words, err, content)

    def test_a_file_that_is_not_there_is_named(self):
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            self.assertEqual(bench.main(["--check", "/nonexistent/x.json"]), 2)
        self.assertIn("cannot read /nonexistent/x.json: No such file", err.getvalue())

    def test_what_the_guest_measured_is_understood(self):
        lines = [figure("none", 100, 1, "pipe, processes"), figure("schedd", 110, 1, "pipe, processes")]
        with unittest.mock.patch.object(bench, "measure_in_guest", lambda *_: [ABOUT, *lines]), contextlib.redirect_stdout(io.StringIO()):
            result = bench.measure(bench.parse(["guest", "--mode", "icount"]))
        code, out, _ = self.run_check(json.dumps(result))
        self.assertEqual(code, 1)
        self.assertRegex(out, r"pipe, processes +guest icount +1.1 x none +<= 1.02 x none +3 % +MISSED")

    def test_without_a_file_it_measures_first(self):
        out = io.StringIO()
        with unittest.mock.patch.object(bench, "micro", lambda _: micro_result(ns=100)), contextlib.redirect_stdout(out):
            self.assertEqual(bench.main(["micro"]), 0)
            self.assertNotIn("MISSED", out.getvalue())
            self.assertEqual(bench.main(["micro", "--check"]), 1)
        self.assertIn("MISSED", out.getvalue())


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
        self.assertIn("measures nothing", self.refused("micro", "--check", "x.json"))
        self.assertIn("measures nothing", self.refused("--check", "x.json", "--json", "y.json"))

    def test_a_part_after_check_is_no_file(self):
        options = bench.parse(["--check", "micro"])
        self.assertEqual((options.parts, options.check), (["micro"], ""))
        self.assertIsNone(bench.parse([]).check)


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
