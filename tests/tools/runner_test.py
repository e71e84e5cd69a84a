# SPDX-License-Identifier: Apache-2.0
"""The test runner counts what happened and loses no case (tools/test)."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
import unittest.mock

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tools/test"))
import ahead  # noqa: E402
import run_tests  # noqa: E402
import scripts  # noqa: E402
import stage_times  # noqa: E402
import tap  # noqa: E402
import unit  # noqa: E402
from stage_times import StageTimes, cpu_seconds  # noqa: E402
from results import FAILED, PASSED, SKIPPED, Case, Report  # noqa: E402


def outcomes(cases):
    return [case.outcome for case in cases]


class Tap(unittest.TestCase):
    def test_all_kinds_of_cases(self):
        cases = tap.parse("ok 1 - one\nnot ok 2 - two\n# because\nok 3 - three # SKIP no tool\n1..3\n", 1)
        self.assertEqual(cases, [Case("one", PASSED), Case("two", FAILED, "because"), Case("three", SKIPPED, "no tool")])

    def test_plan_first_is_as_good(self):
        self.assertEqual(outcomes(tap.parse("1..1\nok 1 - one\n", 0)), [PASSED])

    def test_dies_half_way(self):
        cases = tap.parse("ok 1 - one\n", 139)
        self.assertEqual(outcomes(cases), [PASSED, FAILED])
        self.assertIn("no plan: it ended (exit code 139) after 1 cases", cases[1].detail)

    def test_prints_nothing(self):
        self.assertEqual(outcomes(tap.parse("", 0)), [FAILED])

    def test_fewer_cases_than_planned(self):
        cases = tap.parse("1..3\nok 1 - one\nok 2 - two\n", 0)
        self.assertEqual(outcomes(cases), [PASSED, PASSED, FAILED])
        self.assertIn("planned 3 cases, ran 2", cases[2].detail)

    def test_more_cases_than_planned(self):
        self.assertIn(FAILED, outcomes(tap.parse("1..1\nok 1 - one\nok 2 - two\n", 0)))

    def test_a_number_left_out(self):
        self.assertIn(FAILED, outcomes(tap.parse("ok 1 - one\nok 3 - three\n1..2\n", 0)))

    def test_bad_exit_code_without_a_failed_case(self):
        self.assertEqual(outcomes(tap.parse("ok 1 - one\n1..1\n", 3)), [PASSED, FAILED])

    def test_time_limit(self):
        self.assertEqual(outcomes(tap.parse("ok 1 - one\n1..1\n", -9, timed_out=True)), [PASSED, FAILED])

    def test_bail_out(self):
        cases = tap.parse("ok 1 - one\nBail out! no daemon\n", 1)
        self.assertEqual(cases[1], Case("ran to its end", FAILED, "gave up: no daemon"))

    def test_skipped_as_a_whole(self):
        self.assertEqual(tap.parse("1..0 # SKIP not here\n", 0), [Case("whole script", SKIPPED, "not here")])

    def test_other_output_is_no_case(self):
        self.assertEqual(len(tap.parse("okay\nnot okay\n  ok 1 - nested\nok 1 - one\n1..1\n", 0)), 1)


class Counting(unittest.TestCase):
    def setUp(self):
        self.lines = []
        self.report = Report(self.lines.append)

    def test_summary_is_the_number_of_cases(self):
        self.report.add("a", [Case("1", PASSED), Case("2", FAILED, "why")])
        self.report.add("b", [Case("3", PASSED), Case("4", SKIPPED, "no tool")])
        self.assertEqual(self.report.summary(), "2 passed, 1 failed, 1 skipped")
        self.assertEqual(self.report.failed_names(), ["a: 2"])

    def test_a_group_without_cases_is_a_failure(self):
        self.report.add("a", [])
        self.assertEqual(self.report.summary(), "0 passed, 1 failed")

    def test_the_end_of_the_log_is_shown_for_failures_only(self):
        self.report.add("good", [Case("1", PASSED)], log="quiet\n")
        self.report.add("bad", [Case("1", FAILED, "why")], log="x\n" * 100 + "the end\n")
        text = "\n".join(self.lines)
        self.assertIn("| the end", text)
        self.assertNotIn("quiet", text)
        self.assertLess(text.count("| x"), 100)


class HostScripts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        logs, scripts.LOGS = scripts.LOGS, os.path.join(self.folder, "logs")
        self.addCleanup(lambda: setattr(scripts, "LOGS", logs))

    def run_script(self, text):
        path = os.path.join(self.folder, "script.sh")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(f'. "{tap_unittest.REPO}/tests/e2e/lib.sh"\n' + textwrap.dedent(text))
        report = Report(lambda _: None)
        scripts.run_on_host(report, path)
        return report

    def test_a_passing_and_a_failing_case(self):
        report = self.run_script("check one true\ncheck two false\nfinish\n")
        self.assertEqual(report.summary(), "1 passed, 1 failed")

    def test_a_script_that_dies_half_way(self):
        report = self.run_script("check one true\nkill -SEGV $$\ncheck two true\nfinish\n")
        self.assertEqual(report.summary(), "1 passed, 1 failed")

    def test_a_case_that_never_ends(self):
        report = self.run_script("begin one\nbegin two\npass\nfinish\n")
        self.assertEqual(report.summary(), "1 passed, 1 failed")

    def test_a_script_over_its_time_limit(self):
        report = self.run_script("# host: timeout=1\ncheck one true\nsleep 100\nfinish\n")
        self.assertEqual(report.summary(), "1 passed, 1 failed")
        self.assertIn("time limit", report.cases[1].detail)

    def test_a_script_with_a_failed_case_exits_with_1(self):
        text = f'. "{tap_unittest.REPO}/tests/e2e/lib.sh"; check one false; finish'
        self.assertEqual(subprocess.run(["bash", "-c", text], capture_output=True, check=False).returncode, 1)

    def test_skips_and_the_reason(self):
        report = self.run_script('begin one\nskip "no sched_ext"\nfinish\n')
        self.assertEqual(report.cases[0].detail, "no sched_ext")

    def test_what_it_left_running_is_ended(self):
        pid_file = os.path.join(self.folder, "pid")
        self.run_script(f"sleep 100 >/dev/null 2>&1 & echo $! >{pid_file}\ncheck one true\nfinish\n")
        with open(pid_file, encoding="utf-8") as stream:
            pid = int(stream.read())
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        self.addCleanup(os.close, process)
        self.assertTrue(select.select([process], [], [], 10)[0], "it still runs")  # readable once it has ended

    def test_an_unknown_setting_in_the_header(self):
        report = self.run_script("# host: timout=1\ncheck one true\nfinish\n")
        self.assertEqual(report.summary(), "0 passed, 1 failed")
        self.assertIn("timout", report.cases[0].detail)

    def test_a_header_value_that_is_none_of_the_allowed(self):
        path = os.path.join(self.folder, "guest.sh")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("# guest: icount=maybe\n")
        with self.assertRaisesRegex(scripts.HeaderError, "icount=maybe: must be one of yes, no"):
            scripts.read_header(path, "guest", scripts.GUEST_DEFAULTS)

    def test_header_values_replace_the_defaults(self):
        path = os.path.join(self.folder, "guest.sh")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("#!/bin/bash\n# guest: cpus=8\n# guest: dmesg=any with=python\n")
        settings = scripts.read_header(path, "guest", scripts.GUEST_DEFAULTS)
        self.assertEqual((settings["cpus"], settings["dmesg"], settings["with"], settings["mem"]), ("8", "any", "python", "2G"))

    def test_arguments_of_the_kernel_add_up(self):
        path = os.path.join(self.folder, "guest.sh")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("# guest: append=isolcpus=3 append=nohz_full=2\n")
        self.assertEqual(scripts.read_header(path, "guest", scripts.GUEST_DEFAULTS)["append"], "isolcpus=3 nohz_full=2")

    def guest_runs(self, header, kernel="", thorough=False):
        path = os.path.join(self.folder, "guest.sh")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(f"# guest: {header}\n")
        return [(group.replace(path, "it"), settings["cpus"], settings["kernel"])
                for group, settings in scripts.guest_runs(path, kernel, thorough)]

    def test_a_script_boots_once(self):
        self.assertEqual(self.guest_runs("cpus=8"), [("it", "8", "newest")])
        self.assertEqual(self.guest_runs("cpus=8", "7.1"), [("it [7.1]", "8", "7.1")])
        self.assertEqual(self.guest_runs("kernel=6.19", "7.1"), [("it [6.19]", "4", "6.19")])

    def test_a_script_boots_once_for_each_number_of_cpus(self):
        self.assertEqual(self.guest_runs("cpus=1,2,16"),
                         [("it [1 CPU]", "1", "newest"), ("it [2 CPUs]", "2", "newest"), ("it [16 CPUs]", "16", "newest")])
        self.assertEqual(self.guest_runs("cpus=1,2", "7.1"), [("it [7.1, 1 CPU]", "1", "7.1"), ("it [7.1, 2 CPUs]", "2", "7.1")])

    def test_more_cpus_are_for_thorough_runs(self):
        self.assertEqual(len(self.guest_runs("cpus=1,8 more_cpus=2,16")), 2)
        self.assertEqual([cpus for _, cpus, _ in self.guest_runs("cpus=1,8 more_cpus=2,16", "", True)], ["1", "8", "2", "16"])
        with self.assertRaisesRegex(scripts.HeaderError, "more_cpus=all: must be a number"):
            self.guest_runs("more_cpus=all")

    def test_numbers_of_cpus_that_are_none(self):
        for value in ("", "0", "1,", ",2", "1,,2", "two", "1-4", "1, 2"):
            with self.assertRaisesRegex(scripts.HeaderError, "must be a number|unknown setting"):
                self.guest_runs(f"cpus={value}")

    def test_thorough_scripts_are_told_and_get_more_time(self):
        path = os.path.join(self.folder, "guest.sh")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("# guest: timeout=100\n")
        commands = {}
        for thorough in (False, True):
            with unittest.mock.patch.object(scripts, "_execute", return_value=([], "", 0)) as run:
                scripts.run_in_guest(Report(lambda line: None), path, "", thorough)
            commands[thorough] = run.call_args.args[1]
        self.assertNotIn("THOROUGH=1", commands[False])
        self.assertEqual(commands[False][commands[False].index("--timeout") + 1], "100")
        self.assertIn("THOROUGH=1", commands[True])
        self.assertEqual(commands[True][commands[True].index("--timeout") + 1], "500")

    def test_lib_usually(self):
        report = self.run_script('is number "$(usually 3 thorough 20)" 3\nis again "$(THOROUGH=1 usually 3 thorough 20)" 20\nfinish\n')
        self.assertEqual(outcomes(report.cases), [PASSED, PASSED])

    def test_lib_is_and_exits(self):
        report = self.run_script("is same a a\nis differs a b\nexits seven 7 sh -c 'exit 7'\nexits one 0 false\nfinish\n")
        self.assertEqual(outcomes(report.cases), [PASSED, FAILED, PASSED, FAILED])


class Kernels(unittest.TestCase):
    LISTED = ["7.3.4+deb13", "7.2.12+deb13", "6.19.14+deb13", "6.12.107+source.01234567"]

    def setUp(self):
        self.report = Report(lambda line: None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.smoke, self.other = (os.path.join(folder.name, name) for name in ("smoke.sh", "other.sh"))
        for path, header in ((self.smoke, "# guest: smoke=yes"), (self.other, "# guest: cpus=2")):
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(header + "\n")

    def plan(self, wanted):
        return run_tests.guest_plan(wanted, [self.smoke, self.other], lambda: self.LISTED)

    def test_the_newest_runs_all_but_the_smoke_tests(self):
        self.assertEqual(self.plan("newest"), [("", [self.other])])

    def test_a_named_one_runs_everything(self):
        self.assertEqual(self.plan("7.1"), [("7.1", [self.smoke, self.other])])

    def test_smoke_tests_that_are_asked_for_run_on_the_newest(self):
        self.assertEqual(run_tests.guest_plan("newest", [self.smoke], lambda: self.LISTED), [("", [self.smoke])])

    def test_all_others_run_the_smoke_tests(self):
        self.assertEqual(self.plan("all"), [(self.LISTED[0], [self.other]),
                                            *((version, [self.smoke]) for version in self.LISTED[1:])])

    def test_the_ends_are_debians(self):
        self.assertEqual(self.plan("ends"), [(self.LISTED[0], [self.other]), ("6.19.14+deb13", [self.smoke])])

    def test_one_kernel_has_no_other_end(self):
        plan = run_tests.guest_plan("ends", [self.smoke], lambda: self.LISTED[:1])
        self.assertEqual(plan, [(self.LISTED[0], [self.smoke])])

    def test_what_takes_long_runs_when_thorough_or_asked_for(self):
        with open(self.other, "w", encoding="utf-8") as stream:
            stream.write("# guest: thorough=yes\n")

        def ran(*arguments):
            with unittest.mock.patch.object(scripts, "find", lambda folder, pattern: [self.smoke, self.other]), \
                    unittest.mock.patch.object(run_tests, "run_in_guests") as run:
                run_tests.run_stage(Report(lambda line: None), "guest", run_tests.parse(list(arguments)))
            return run.call_args.args[2]

        self.assertEqual(ran(), [self.smoke])
        self.assertEqual(ran("--thorough"), [self.smoke, self.other])
        self.assertEqual(ran("--filter", "o"), [self.smoke, self.other])

    def test_those_that_measure_no_time_run_together_the_others_alone(self):
        with open(self.other, "w", encoding="utf-8") as stream:
            stream.write("# guest: beside=yes\n")
        alone = self.other + ".alone.sh"
        with open(alone, "w", encoding="utf-8") as stream:
            stream.write("# guest: cpus=2\n")
        two, active, ran = threading.Barrier(2), [], []

        def run(_report, path, *_):
            active.append(path)
            if path == self.other:
                two.wait(timeout=10)  # broken, were there one at a time
            else:
                self.assertEqual(active, [alone])
            active.remove(path)
            ran.append(path)
            return []

        with unittest.mock.patch.object(scripts, "run_in_guest", run), unittest.mock.patch.object(os, "cpu_count", lambda: 2):
            run_tests.run_in_guests(self.report, "newest", [alone, self.other, self.other])
        self.assertEqual(ran, [self.other, self.other, alone])

    def test_what_runs_two_at_a_time_passes_errors_on(self):
        def run(path):
            raise ValueError(path)

        with self.assertRaisesRegex(ValueError, "a"):
            scripts.run_together(["a"], run)

    def test_there_is_a_smoke_test(self):
        self.assertTrue(any(map(scripts.is_smoke, scripts.find("tests/e2e", ""))))


class Ahead(unittest.TestCase):
    def test_what_the_stages_need(self):
        kernels = ["7.3.4+deb13", "6.12.107+source.01234567"]
        self.assertEqual(list(ahead.commands(["lint", "unit"], self.fail)), [["tools/setup/buf"]])
        self.assertEqual(list(ahead.commands(["guest"], lambda: kernels)),
                         [["python3", "tests/guest/guest.py", "--kernel", "7.3.4+deb13", "--prepare"]])

    def test_the_kernels_that_guests_will_boot(self):
        options = run_tests.parse(["--kernels", "7.1"])
        with unittest.mock.patch.object(scripts, "find", lambda folder, pattern: ["tests/e2e/smoke.sh"]):
            self.assertEqual(run_tests.kernels_of(options), ["7.1"])
            self.assertEqual(run_tests.kernels_of(run_tests.parse([])), ["newest"])

    def test_an_archive_that_cannot_be_reached_ends_nothing(self):
        def kernels():
            raise RuntimeError("no kernels found")

        with unittest.mock.patch.object(threading, "excepthook") as hook:
            ahead.start(["guest"], kernels, "/").join()
        hook.assert_not_called()


class SecondTries(unittest.TestCase):
    def run_guests(self, failures, thorough=False):
        """Runs a guest for each name, which fails as many times: (runs by name, report, what was printed)."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        paths, runs, lines = [], {}, []
        for name in failures:
            paths.append(os.path.join(folder, f"{name}.sh"))
            with open(paths[-1], "w", encoding="utf-8") as stream:
                stream.write("# guest: dmesg=any\n")

        def execute(group, *_):
            name = os.path.basename(group).removesuffix(".sh")
            runs[name] = runs.get(name, 0) + 1
            with open(scripts._log_path(group), "w", encoding="utf-8") as stream:
                stream.write(f"run {runs[name]}")
            return [Case("quick", FAILED if runs[name] <= failures[name] else PASSED, "slow"), Case("other", PASSED)], "", 0

        report = Report(lines.append)
        with unittest.mock.patch.object(scripts, "LOGS", folder), unittest.mock.patch.object(scripts, "_execute", execute):
            run_tests.run_in_guests(report, "newest", paths, thorough)
        self.first_logs = [name for name in os.listdir(folder) if name.endswith(".log.first")]
        return runs, report, "\n".join(lines)

    def test_one_that_passes_the_second_time_is_named(self):
        runs, report, printed = self.run_guests({"a": 0, "b": 1})
        self.assertEqual(runs, {"a": 1, "b": 2})
        self.assertEqual(report.summary(), "4 passed, 0 failed")
        self.assertEqual([os.path.basename(group) for group in report.unsteady], ["b.sh"])
        self.assertIn("failed: quick: slow", printed)
        self.assertEqual([name.endswith("b.sh.log.first") for name in self.first_logs], [True])

    def test_one_that_fails_twice_has_failed(self):
        runs, report, _ = self.run_guests({"a": 2})
        self.assertEqual((runs, report.summary(), report.unsteady), ({"a": 2}, "1 passed, 1 failed", []))

    def test_many_failures_are_no_accident(self):
        runs, report, _ = self.run_guests({"a": 1, "b": 1, "c": 1})
        self.assertEqual((runs, report.count(FAILED)), ({"a": 1, "b": 1, "c": 1}, 3))

    def test_none_in_a_thorough_run(self):
        runs, report, _ = self.run_guests({"a": 1}, thorough=True)
        self.assertEqual((runs, report.count(FAILED)), ({"a": 1}, 1))


class Times(unittest.TestCase):
    def test_each_stage_is_told_with_its_seconds(self):
        times = StageTimes({"SCHEDD_SETUP_S": "61"})
        with unittest.mock.patch.object(stage_times.time, "monotonic", side_effect=[10, 20]), \
                unittest.mock.patch.object(stage_times, "cpu_seconds", side_effect=[(100, 5), (115, 9)]):
            with times.measure("build"):
                pass
        self.assertEqual(times.lines()[1:], ["     61          set-up", "     10 (15)     build; 4 more went to other machines"])

    def test_a_stage_that_fails_is_told_too(self):
        times = StageTimes({})
        with self.assertRaises(RuntimeError), times.measure("unit"):
            raise RuntimeError
        self.assertRegex(times.lines()[1], r"^ +0 \(\d+\) +unit")

    def test_nothing_is_told_of_nothing(self):
        self.assertEqual(StageTimes({}).lines(), [])

    def test_seconds_of_the_processors(self):
        with tempfile.NamedTemporaryFile(mode="w", suffix=".stat") as stream:
            stream.write("cpu  100 200 300 99999 99999 400 500 600 700 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
            stream.flush()
            busy, stolen = cpu_seconds(stream.name)
        self.assertEqual((busy * os.sysconf("SC_CLK_TCK"), stolen * os.sysconf("SC_CLK_TCK")), (1500, 600))


class KernelLog(unittest.TestCase):
    def case_of(self, text):
        with tempfile.NamedTemporaryFile(mode="w", suffix=".dmesg") as stream:
            stream.write(text)
            stream.flush()
            return scripts.kernel_log_case(stream.name)

    def test_quiet(self):
        self.assertEqual(self.case_of("<6>[ 1.0] Linux version\n<4>[ 2.0] mtrr: strange\n").outcome, PASSED)

    def test_alarms(self):
        for line in ("WARNING: CPU: 1 PID: 7 at kernel/sched/ext.c:1", "BUG: unable to handle", "rcu: INFO: rcu_sched stall",
                     "watchdog: BUG: soft lockup", "INFO: task cpuhp/1:20 blocked for more than 120 seconds."):
            case = self.case_of(f"<4>[ 2.0] {line}\n")
            self.assertEqual(case.outcome, FAILED, line)
            self.assertIn(line, case.detail)

    def test_a_known_warning_with_its_trace_is_left_out_and_nothing_else(self):
        known = ("<4>[ 1.0] WARNING: CPU: 1 PID: 24 at kernel/sched/deadline.c:265 task_non_contending+0x41a/0x4d0\n"
                 "<4>[ 1.0] Call Trace:\n<4>[ 1.0] ---[ end trace 0000000000000000 ]---\n")
        self.assertEqual(self.case_of(known + "<6>[ 2.0] quiet\n").outcome, PASSED)
        other = "<4>[ 2.0] WARNING: CPU: 1 PID: 7 at kernel/sched/ext.c:1\n"
        self.assertEqual(self.case_of(other + known).detail, other.strip())
        self.assertEqual(self.case_of(known + other).detail, other.strip())

    INT3 = "[ 7.3] Oops: int3: 0000 [#1] SMP NOPTI\n[ 7.3] Call Trace:\n[ 7.4] Kernel panic - not syncing: Fatal exception\n"

    def attempts_with(self, *logs):
        """How often a guest script runs whose attempts leave these kernel logs, and the outcomes of what is reported."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "guest.sh")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("# guest: timeout=100\n")
        left, lines = list(logs), []

        def execute(_, command, *__):
            dmesg = command[command.index("--dmesg") + 1]
            with open(dmesg, "w", encoding="utf-8") as stream:
                stream.write(left.pop(0))
            return [scripts.kernel_log_case(dmesg)], "", 0

        report = Report(lines.append)
        with unittest.mock.patch.object(scripts, "LOGS", folder), unittest.mock.patch.object(scripts, "_execute", execute):
            scripts.run_in_guest(report, path, "")
        return len(logs) - len(left), outcomes(report.cases), "\n".join(lines)

    def test_after_the_emulators_own_fault_it_runs_once_more_and_says_so(self):
        attempts, cases, said = self.attempts_with(self.INT3, "[ 1.0] quiet\n")
        self.assertEqual((attempts, cases), (2, [PASSED]))
        self.assertIn("once more, the emulator failed", said)

    def test_only_once(self):
        self.assertEqual(self.attempts_with(self.INT3, self.INT3, "quiet\n")[:2], (2, [FAILED]))

    def test_not_after_any_other_trouble(self):
        for log in ("[ 1.0] Kernel panic - not syncing\n", "[ 1.0] WARNING: at kernel/sched/ext.c:1\n" + self.INT3):
            self.assertEqual(self.attempts_with(log, "quiet\n")[:2], (1, [FAILED]), log)
        self.assertEqual(self.attempts_with("quiet\n", "quiet\n")[:2], (1, [PASSED]))

    def test_a_missing_log_is_a_failure(self):
        self.assertEqual(scripts.kernel_log_case("/nowhere").outcome, FAILED)


class BazelResults(unittest.TestCase):
    XML = """<testsuites><testsuite name="S">
      <testcase name="A" status="run" classname="S"/>
      <testcase name="B" status="run" classname="S"><failure message="why"/></testcase>
      <testcase name="C" status="run" classname="S"><skipped message="not here"/></testcase>
      <testcase name="D" status="notrun" classname="S"/>
    </testsuite></testsuites>"""

    def write(self, text):
        with tempfile.NamedTemporaryFile(mode="w", suffix=".xml", delete=False) as stream:
            stream.write(text)
        self.addCleanup(os.unlink, stream.name)
        return stream.name

    def test_every_case_counts(self):
        cases = unit.read_cases(self.write(self.XML))
        self.assertEqual([case.name for case in cases], ["S.A", "S.B", "S.C", "S.D"])
        self.assertEqual(outcomes(cases), [PASSED, FAILED, SKIPPED, SKIPPED])

    def test_a_failed_target_has_a_failed_case_even_if_its_xml_has_none(self):
        path = self.write('<testsuites><testsuite><testcase name="A"/></testsuite></testsuites>')
        self.assertEqual(outcomes(unit.cases_of("FAILED", {"test.xml": path})), [PASSED, FAILED])
        self.assertEqual(outcomes(unit.cases_of("TIMEOUT", {})), [FAILED])

    def test_unreadable_xml_is_a_failure(self):
        self.assertIn(FAILED, outcomes(unit.cases_of("PASSED", {"test.xml": self.write("<oops")})))

    def test_event_stream(self):
        event = {"id": {"testResult": {"label": "//t:a"}},
                 "testResult": {"status": "PASSED", "testAttemptDurationMillis": "1500",
                                "testActionOutput": [{"name": "test.xml", "uri": "file:///x/te%20st.xml"}]}}
        lines = ['{"id":{"started":{}}}', json.dumps(event), '{"id":{"testResult":{"label":"//t:b"}},"aborted":{}}']
        self.assertEqual(unit.read_events(lines), {"//t:a": ("PASSED", 1.5, {"test.xml": "/x/te st.xml"})})


tap_unittest.main()
