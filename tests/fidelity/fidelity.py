#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How close the simulated machine is to a real kernel: the same workloads on both, with the same parameters.

Each workload of tests/fidelity runs under schedd in a guest whose time follows the instructions it executes, with each of three
settings of the policy, all in one boot, and in the simulator. Compared are the share of each group of tasks, and how the settings
rank by the 99th percentile of the wake-up latency of one group (a comment "# compared: GROUP" in the workload says which).

Builds nothing; needs //server/daemon:schedd, //client/schedctl:schedctl and //tests/fidelity:all of bazel-bin. A guest of ten
workloads takes about ten minutes a run.

Exit code: 0, 1 when something could not be measured or does not agree as it should, 2 wrong arguments.
"""

import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import compare  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
BIN = os.path.join(REPO, "bazel-bin/tests/fidelity")
GUEST_LIMIT_S = 5400

SETTINGS = {
    "eager": {"base_slice": "4ms", "min_slice": "500us", "wakeup_preempt_margin": "500us"},
    "middling": {"base_slice": "12ms", "min_slice": "4ms", "wakeup_preempt_margin": "10ms"},
    "patient": {"base_slice": "36ms", "min_slice": "24ms", "wakeup_preempt_margin": "20ms"},
}

# What the guest's machine costs: medians of --calibrate, see docs/fidelity.md. The load deducts what a switch costs from its runs.
COSTS = {"task_switch": "0us", "wake_idle": "450us", "interrupt": "560us", "move_core": "0us", "engine_call": "5us", "doorbell_delay": "560us"}

UNITS_NS = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def say(text):
    print(text, file=sys.stderr, flush=True)


def nanos(duration):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", duration).groups()
    return round(float(number) * UNITS_NS[unit])


def workload_files(wanted, folder=HERE):
    return [path for path in sorted(glob.glob(f"{folder}/*.textproto")) if wanted.search(os.path.basename(path))]


def compared_group(path):
    with open(path, encoding="utf-8") as stream:
        return re.search(r"^# compared: (\S+)$", stream.read(), re.MULTILINE)[1]


def measure_in_guest(options, files, settings, lines):
    """Adds to `lines` what in_guest.py prints."""
    command = ["python3", f"{REPO}/tests/guest/guest.py", "--icount", "--kernel", options.kernel, "--cpus", "4", "--with", "python",
               "--timeout", str(GUEST_LIMIT_S), "--file", f"{HERE}:/fidelity", "--file", f"{BIN}/workload_run:/usr/local/bin/workload_run"]
    for file in options.file:
        command += ["--file", file]
    command += ["--", "python3", "/fidelity/guest/in_guest.py", str(options.runs), json.dumps(settings),
                *(f"/fidelity/{os.path.relpath(path, HERE)}" for path in files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as guest:
        for line in guest.stdout:
            lines.append(json.loads(line))
            if "workload" in lines[-1]:
                say(f"guest, run {lines[-1]['run'] + 1} of {options.runs}: {lines[-1]['workload']}, {lines[-1]['setting']}")
    problems = [line["problem"] for line in lines if "problem" in line]
    if guest.returncode != 0 or problems:
        raise RuntimeError(f"the guest could not measure: {' '.join(problems) or f'exit code {guest.returncode}'}")


def simulate(path, parameters):
    numbers = [f"{name}={nanos(value)}" for name, value in {**COSTS, **parameters}.items()]
    answer = subprocess.run([f"{BIN}/simulate_run", path, *numbers], stdout=subprocess.PIPE, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"simulate_run {path}: exit code {answer.returncode}")
    return json.loads(answer.stdout)


def simulate_seeded(path, parameters, seed):
    with tempfile.NamedTemporaryFile("w", suffix=".textproto") as file, open(path, encoding="utf-8") as original:
        file.write(f"{original.read()}seed: {seed}\n")
        file.flush()
        return simulate(file.name, parameters)


def simulate_all(files, seed=None):
    """With the seeds of the files, or all with another one."""
    return [{"workload": os.path.basename(path).split(".")[0], "setting": name,
             **(simulate(path, parameters) if seed is None else simulate_seeded(path, parameters, seed))}
            for path in files for name, parameters in SETTINGS.items()]


def calibrate(options):
    """Prints what the costs of the guest's machine are made of: medians of waits, and rounds."""
    files = workload_files(options.workload, f"{HERE}/calibration")
    lines = []
    measure_in_guest(options, files, {"eager": SETTINGS["eager"]}, lines)
    for line in lines:
        for task in line.get("tasks", []):
            if task["group"] == "taker":
                print(f"{line['workload']}, run {line['run'] + 1}: median wait {task['p50_ns'] / 1000:.0f} us, mean {task['mean_ns'] / 1000:.0f} us, "
                      f"{task['rounds']} rounds")


def compare_all(files, guest, simulated):
    guest, simulated = compare.group_by_workload(guest), compare.group_by_workload(simulated)
    names = {os.path.basename(path).split(".")[0]: path for path in files}
    return [compare.Comparison(name, compared_group(path), guest[name], simulated[name]) for name, path in names.items() if name in guest]


def parse(argv):
    parser = argparse.ArgumentParser(prog="fidelity.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2, metavar="N", help="repetitions in the guest (default 2)")
    parser.add_argument("--workload", type=re.compile, default=re.compile(""), metavar="REGEX", help="only workloads whose name matches")
    parser.add_argument("--kernel", default="newest", metavar="VERSION", help="of the guest, as of ./run guest")
    parser.add_argument("--file", action="append", default=[], metavar="SRC[:DST]", help="a further file for the guest, as of ./run guest")
    parser.add_argument("--json", metavar="FILE", help="write there what the guest measured")
    parser.add_argument("--guest", action="append", default=[], metavar="FILE",
                        help="boot nothing: FILE, which an earlier --json wrote, says what the guest measured (may be given more than once)")
    parser.add_argument("--calibrate", action="store_true", help="compare nothing: measure what the costs of the guest's machine are")
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="say how it is with N other seeds in the simulator, too")
    parser.add_argument("--markdown", metavar="FILE", help="write the table there, too")
    options = parser.parse_args(argv)
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    return options


def write_json(path, lines):
    if path:
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(lines, stream)


def main(argv):
    options = parse(argv)
    files = workload_files(options.workload)
    guest = []
    try:
        if options.calibrate:
            calibrate(options)
            return 0
        for name in options.guest:
            with open(name, encoding="utf-8") as stream:
                guest += json.load(stream)
        if not options.guest:
            try:
                measure_in_guest(options, files, SETTINGS, guest)
            finally:  # what there is cost time
                write_json(options.json, guest)
        comparisons = compare_all(files, guest, simulate_all(files))
    except (RuntimeError, OSError) as error:
        say(f"fidelity: {error}")
        return 1
    table = compare.table(comparisons)
    text, good = compare.verdict(comparisons)
    print(f"{table}\n{text}")
    for seed in range(2, options.seeds + 2):
        others = compare_all(files, guest, simulate_all(files, seed))
        turned = [one.workload for one in others if not one.rankings_agree()]
        print(f"seed {seed}: {compare.verdict(others)[0]}" + (f"; other ranking: {', '.join(turned)}" if turned else ""))
    if options.markdown:
        with open(options.markdown, "w", encoding="utf-8") as stream:
            stream.write(table)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
