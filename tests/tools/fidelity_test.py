# SPDX-License-Identifier: Apache-2.0
"""tests/fidelity compares what it says it compares, and says what differs."""

import contextlib
import glob
import io
import json
import os
import sys
import tempfile
import unittest
import unittest.mock

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/fidelity"))
import compare  # noqa: E402
import fidelity  # noqa: E402


def task(group, run_ns, p99_ns=0, wakeups=1, rounds=1):
    return {"group": group, "run_ns": run_ns, "p99_ns": p99_ns, "wakeups": wakeups, "rounds": rounds}


def measurement(setting, hog_ns, p99_ms, workload="w"):
    return {"workload": workload, "setting": setting, "tasks": [task("hog", hog_ns), task("probe", 100 - hog_ns, p99_ms * 1e6)]}


def comparison(guest, simulated):
    """Of {setting: (percent of the hog, p99 in ms)}."""
    sides = [[measurement(setting, *values) for setting, values in side.items()] for side in (guest, simulated)]
    return compare.Comparison("w", "probe", *sides)


class Shares(unittest.TestCase):
    def test_of_all_cpu_time_of_the_workload(self):
        self.assertEqual(compare.shares([task("a", 30), task("a", 30), task("b", 40)]), {"a": 60, "b": 40})

    def test_nothing_ran(self):
        self.assertEqual(compare.shares([task("a", 0)]), {"a": 0})

    def test_the_one_furthest_off_is_named(self):
        one = comparison({"x": (90, 1), "y": (80, 2)}, {"x": (90, 1), "y": (84, 2)})
        points, group, setting, of_guest, of_simulator = one.worst_share()
        self.assertEqual((points, setting), (4, "y"))
        self.assertIn(group, ("hog", "probe"))
        self.assertEqual(abs(of_guest - of_simulator), 4)
        self.assertFalse(one.shares_agree())

    def test_three_points_are_allowed(self):
        self.assertTrue(comparison({"x": (80, 1)}, {"x": (83, 1)}).shares_agree())
        self.assertFalse(comparison({"x": (80, 1)}, {"x": (83.1, 1)}).shares_agree())

    def test_repetitions_are_averaged(self):
        side = compare.Side([measurement("x", 80, 1), measurement("x", 90, 3)], "probe")
        self.assertEqual(side.shares["x"]["hog"], 85)
        self.assertEqual(side.p99["x"], 2)
        self.assertEqual(side.range["x"], (1, 3))


class Rankings(unittest.TestCase):
    def test_the_order_counts_and_not_the_size(self):
        one = comparison({"a": (90, 1), "b": (90, 2), "c": (90, 30)}, {"a": (90, 0.1), "b": (90, 9), "c": (90, 10)})
        self.assertTrue(one.rankings_agree())
        self.assertEqual(one.rankings()[0], ["a", "b", "c"])

    def test_two_that_are_the_other_way_round(self):
        self.assertFalse(comparison({"a": (90, 1), "b": (90, 2)}, {"a": (90, 2), "b": (90, 1)}).rankings_agree())

    def test_p99_is_that_of_the_group_on_average_without_those_that_never_woke(self):
        tasks = [task("probe", 1, 2e6), task("probe", 1, 4e6), task("probe", 1, 0, wakeups=0), task("hog", 1, 90e6)]
        self.assertEqual(compare.p99_ms(tasks, "probe"), 3)
        self.assertNotEqual(compare.p99_ms([], "probe"), compare.p99_ms([], "probe"))  # NaN


class Verdict(unittest.TestCase):
    GOOD = ({"a": (90, 1), "b": (90, 2)}, {"a": (90, 1), "b": (90, 2)})
    TURNED = ({"a": (90, 1), "b": (90, 2)}, {"a": (90, 2), "b": (90, 1)})
    SHIFTED = ({"a": (90, 1)}, {"a": (80, 1)})

    def test_eight_rankings_of_ten_are_enough(self):
        of = [comparison(*self.GOOD)] * 8 + [comparison(*self.TURNED)] * 2
        self.assertEqual(compare.verdict(of), ("8 of 10 rankings are the same; 10 of 10 workloads have all shares within 3 points", True))
        self.assertFalse(compare.verdict(of[1:])[1])

    def test_all_shares_must_agree(self):
        self.assertFalse(compare.verdict([comparison(*self.GOOD)] * 9 + [comparison(*self.SHIFTED)])[1])

    def test_the_table_shows_misses_in_bold(self):
        text = compare.table([comparison(*self.GOOD), comparison(*self.TURNED)])
        self.assertRegex(text, r"\| `w` \| `probe` \| 1.00 / 1.00 ms \| 2.00 / 2.00 ms \| same \| 0.0 points: ")
        self.assertIn("**a < b** / b < a", text)
        self.assertIn("**10.0 points: `", compare.table([comparison(*self.SHIFTED)]))


class Driver(unittest.TestCase):
    def test_durations(self):
        self.assertEqual([fidelity.nanos(text) for text in ("500us", "1.5ms", "2s")], [500_000, 1_500_000, 2_000_000_000])

    def test_every_workload_says_what_is_compared_and_has_that(self):
        files = fidelity.workload_files(fidelity.re.compile(""))
        self.assertEqual(len(files), 10)
        for path in files:
            with open(path, encoding="utf-8") as stream:
                self.assertIn(f'name: "{fidelity.compared_group(path)}"\n', stream.read(), path)

    def test_three_settings_of_the_same_parameters(self):
        self.assertEqual(len(fidelity.SETTINGS), 3)
        self.assertEqual(len({frozenset(parameters) for parameters in fidelity.SETTINGS.values()}), 1)

    def test_what_the_guest_measured_before_is_compared_again(self):
        name = os.path.basename(glob.glob(f"{fidelity.HERE}/*.textproto")[0]).split(".")[0]
        probe = fidelity.compared_group(f"{fidelity.HERE}/{name}.textproto")
        lines = [{"kernel": "7"}] + [{"workload": name, "setting": setting, "tasks": [task(probe, 10, 1e6 * number)]}
                                     for number, setting in enumerate(fidelity.SETTINGS)]
        out = io.StringIO()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(lines, file)
            file.flush()
            with unittest.mock.patch.object(fidelity, "simulate_all", lambda _: lines), contextlib.redirect_stdout(out):
                self.assertEqual(fidelity.main(["--guest", file.name]), 0)
        self.assertIn("1 of 1 rankings are the same", out.getvalue())

    def test_a_guest_that_could_not_measure_is_an_error_and_what_it_had_is_kept(self):
        answer = unittest.mock.MagicMock(returncode=1, stdout=['{"kernel": "7"}\n', '{"problem": "schedd does not attach"}\n'])
        err = io.StringIO()
        with tempfile.NamedTemporaryFile("r", suffix=".json") as file, unittest.mock.patch.object(fidelity.subprocess, "Popen") as popen:
            popen.return_value.__enter__.return_value = answer
            with contextlib.redirect_stderr(err):
                self.assertEqual(fidelity.main(["--json", file.name]), 1)
            self.assertEqual(json.load(file)[0], {"kernel": "7"})
        self.assertIn("schedd does not attach", err.getvalue())

    def test_wrong_arguments(self):
        with contextlib.redirect_stderr(io.StringIO()) as err, self.assertRaises(SystemExit) as end:
            fidelity.parse(["--runs", "0"])
        self.assertEqual(end.exception.code, 2)
        self.assertIn("at least 1", err.getvalue())


tap_unittest.main()
