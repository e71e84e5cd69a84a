# SPDX-License-Identifier: Apache-2.0
"""Runs the unit tests by Bazel and counts their single cases.

What ran is taken from Bazel's event stream of this very run (never from an old test.xml), and compared with the
list of test targets there are: a target that did not build or was not run is a failed case. Single-threaded.
"""

import functools
import json
import os
import re
import subprocess
import tempfile
import urllib.parse
import xml.etree.ElementTree

from results import FAILED, PASSED, SKIPPED, Case

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGETS = "//tests/..."
# What each sanitizer builds: all of it would take longer than everything else together.
SANITIZED = {
    # Where memory is shared, mapped, or handled by hand. gRPC's headers, and the many tests of the control plane and the simulated
    # machine, would compile for longer than CI has: bazel test --config=asan //tests/unit/control/... by hand.
    "asan": re.compile(r"//tests/unit/(?!client|control|daemon|manual|proto|rpc|sim:)"),
    # What shares memory by atomics (rings, snapshots, mailboxes). The control plane's locks are Abseil's, whose library in
    # Debian is not instrumented: there every use of a lock would be called a race.
    "tsan": re.compile(r"//tests/unit/(base|bpf|engine|kernel|sim):"),
}


def bazel(*arguments, **options):
    """Runs Bazel in the repository with the shared disk cache; returns the finished process."""
    command = list(arguments)
    if command[0] in ("build", "test"):
        command.insert(1, f"--disk_cache={os.environ['SCHEDD_CACHE']}/bazel")
        command[2:2] = ["--curses=no", "--color=no", "--show_progress_rate_limit=20", "--ui_event_filters=-info"]
    return subprocess.run(["bazel", *command], cwd=REPO, check=False, **options)


@functools.lru_cache(maxsize=None)  # each configuration asks for the same
def targets(pattern):
    """Labels of the test targets that a plain 'bazel test' runs, those that match the --filter."""
    query = f'tests({TARGETS}) except attr("tags", "manual", {TARGETS})'
    answer = bazel("query", "--noshow_progress", query, capture_output=True, text=True)
    if answer.returncode != 0:
        raise RuntimeError(answer.stderr)
    return sorted(label for label in answer.stdout.split() if re.search(pattern, label))


def read_cases(path):
    """Cases in a test.xml; a test program that is no GoogleTest counts as one."""
    cases = []
    for element in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = ".".join(filter(None, [element.get("classname"), element.get("name")]))
        bad = element.findall("failure") + element.findall("error")
        skipped = element.find("skipped")
        if bad:
            detail = "\n".join((item.get("message") or item.text or "").strip() for item in bad)
            cases.append(Case(name, FAILED, detail[:2000]))
        elif skipped is not None or element.get("status") == "notrun":
            reason = skipped.get("message", "") if skipped is not None else "disabled"
            cases.append(Case(name, SKIPPED, " ".join(reason.split()) or "no reason given"))
        else:
            cases.append(Case(name, PASSED))
    return cases


def read_events(lines):
    """{label: (status, seconds, {file name: path})} of the test targets in a Bazel event stream."""
    results = {}
    for line in lines:
        event = json.loads(line)
        label = event.get("id", {}).get("testResult", {}).get("label")
        if label is None or "testResult" not in event:
            continue
        result = event["testResult"]
        files = {item["name"]: urllib.parse.unquote(urllib.parse.urlparse(item["uri"]).path)
                 for item in result.get("testActionOutput", []) if "uri" in item}
        results[label] = (result.get("status", "NO_STATUS"), int(result.get("testAttemptDurationMillis", 0)) / 1e3, files)
    return results


def cases_of(status, files):
    """The cases of one target; a target that failed has at least one failed case."""
    cases = []
    if os.path.exists(files.get("test.xml", "")):
        try:
            cases = read_cases(files["test.xml"])
        except xml.etree.ElementTree.ParseError as error:
            cases = [Case("test.xml", FAILED, f"cannot be read: {error}")]
    if status not in ("PASSED", "FLAKY") and not any(case.outcome == FAILED for case in cases):
        cases.append(Case("ran to its end", FAILED, f"Bazel says {status}"))
    return cases


def run(report, pattern, config=""):
    """config: '' or a sanitizer's --config."""
    labels = [label for label in targets(pattern) if not config or SANITIZED[config].match(label)]
    if not labels:
        return
    name = f" [{config}]" if config else ""
    with tempfile.NamedTemporaryFile(mode="r", suffix=".json") as events:
        command = ["test", "--keep_going", f"--build_event_json_file={events.name}", "--test_output=errors"]
        # bazel-bin stays where the guest tests look for binaries.
        command += [f"--config={config}", "--symlink_prefix=/"] if config else []
        answer = bazel(*command, "--", *labels, stdout=subprocess.PIPE, stderr=None, text=True)
        results = read_events(events)
    for label in labels:
        status, seconds, files = results.get(label, ("NO_STATUS", None, {}))
        log = ""
        if os.path.exists(files.get("test.log", "")):
            with open(files["test.log"], encoding="utf-8", errors="replace") as stream:
                log = stream.read()
        cases = cases_of(status, files) if label in results else [
            Case("ran", FAILED, f"did not build or was not run (bazel's exit code {answer.returncode}, messages above)")]
        report.add(f"{label}{name}", cases, log, seconds)
