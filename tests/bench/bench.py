#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./run bench: what schedd costs, side by side with the kernel's own scheduler.

micro measures single operations on this host. api serves a simulated machine of 10,000 tasks over a unix socket on this host and
measures calls, streams, and what these do to the scheduling thread; the host should have CPUs to spare. guest runs workloads in an
emulated machine, under each scheduler in turn (ABAB) in one boot: medians with the least and the greatest, and the ratio of each
scheduler to "none", the kernel's own. In the mode "icount" the guest's time follows the instructions it executes (repeatable
within some per cent); in "parallel" each CPU is a thread, and only differences of twice as much mean anything.

--check compares the figures with the targets of tests/bench/targets.py: a target is missed when its figure is beyond the bound by
more than the noise margin. What was left out is "not measured" and misses nothing. With FILE nothing is measured.

Exit code: 0, 1 when something could not be measured or a target is missed, 2 wrong arguments or a FILE that is none of --json's.
"""

import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys

import check

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
PARTS = ("micro", "guest", "api")
MODES = ("icount", "parallel")
MICRO = ("policy_benchmark", "engine_benchmark")
LOAD_S = 60
GUEST_LIMIT_S = 6000


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse(argv):
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--check", nargs="?", const="", metavar="FILE",
                        help="compare with the targets: the figures measured now, or those in FILE, which an earlier --json wrote")
    parser.add_argument("--runs", type=int, default=5, metavar="N",
                        help="repetitions (default 5); in the guest rounds that count, one more warms up")
    parser.add_argument("--workload", type=re.compile, default=re.compile(""), metavar="REGEX", help="only figures whose name matches")
    parser.add_argument("--mode", choices=(*MODES, "both"), default="both", help="of the guest (default both)")
    parser.add_argument("--cpus", type=int, default=4, metavar="N", help="of the guest (default 4)")
    parser.add_argument("--kernel", default="newest", metavar="VERSION", help="of the guest, as of ./run guest")
    parser.add_argument("--versus", action="append", default=[], metavar="NAME=COMMAND",
                        help="a further scheduler: COMMAND attaches it in the guest until it gets SIGINT")
    parser.add_argument("--file", action="append", default=[], metavar="SRC[:DST]", help="a file for that, as of ./run guest")
    options = parser.parse_args(argv)
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"unknown part '{part}'; there are: {', '.join(PARTS)}")
    for word in options.versus:
        if not re.fullmatch(r"\w[\w.-]*=.+", word):
            parser.error(f"--versus {word}: must be NAME=COMMAND")
    if options.runs < 1 or options.cpus < 1:
        parser.error("--runs and --cpus must be at least 1")
    if options.check in PARTS:  # a part is meant: "--check micro"
        options.parts.append(options.check)
        options.check = ""
    if options.check and (options.parts or options.json):
        parser.error("--check FILE measures nothing: leave out the parts and --json")
    options.parts = options.parts or list(PARTS)
    return options


def table(rows):
    """Columns as wide as they must be; the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                        for column, (cell, width) in enumerate(zip(row, widths))).rstrip())


def number(value):
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"


def micro(options):
    """[{"name", "ns"}] by Google Benchmark, the median of --runs repetitions."""
    figures = []
    for program in MICRO:
        answer = subprocess.run(
            [f"bazel-bin/tests/bench/micro/{program}", "--benchmark_format=json", f"--benchmark_repetitions={options.runs}",
             "--benchmark_enable_random_interleaving=true", "--benchmark_min_time=0.2"],
            cwd=REPO, stdout=subprocess.PIPE, check=True)
        times = collections.defaultdict(list)
        counters = {}
        for entry in json.loads(answer.stdout)["benchmarks"]:
            if entry["run_type"] == "iteration" and options.workload.search(entry["run_name"]):
                times[entry["run_name"]].append(1e9 / entry["items_per_second"])
                counter = counters.setdefault(entry["run_name"], {})
                for key in ("allocations", "decided_each"):
                    if key in entry:  # the most of all repetitions: one allocation is one too many
                        counter[key] = max(entry[key], counter.get(key, entry[key]))
        for name, values in times.items():
            figures.append({"name": name, "ns": statistics.median(values), "min": min(values), "max": max(values), **counters[name]})
    if figures:
        table([["operation", "ns each", "least", "most", "heap calls"]] +
              [[f["name"], *(f"{f[key]:.0f}" for key in ("ns", "min", "max")), f"{f['allocations']:.0f}" if "allocations" in f else ""]
               for f in figures])
    return figures


def measure_api(program, *arguments):
    """What a program of tests/bench/api prints."""
    answer = subprocess.run([f"bazel-bin/tests/bench/api/{program}", *arguments], cwd=REPO, stdout=subprocess.PIPE, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"the API could not be measured: exit code {answer.returncode} of {program}")
    return json.loads(answer.stdout)


def api(options):
    result = measure_api("api_benchmark", str(options.runs))
    load = measure_api("api_load", str(LOAD_S))
    result["load"] = {key: load[key] for key in ("tasks", "readers", "stuck", "seconds")}
    result["figures"] += load["figures"]
    result["figures"] = [figure for figure in result["figures"] if options.workload.search(figure["name"])]
    print(f"\napi: {result['tasks']} tasks, {result['readers']} readers every {result['interval_ms']} ms, "
          f"{result['repetitions']} repetitions; under load, once: {load['tasks']} tasks, {load['readers']} readers, {load['stuck']} of "
          f"them stuck, {load['seconds']} s")
    if result["figures"]:
        table([["figure", "unit", "median", "least", "most"]] +
              [[f["name"], f["unit"], *(number(of(f["values"])) for of in (statistics.median, min, max))] for f in result["figures"]])
    return result


def measure_in_guest(options, mode):
    """The figures of one boot, as in_guest.py prints them."""
    command = ["python3", f"{REPO}/tests/guest/guest.py", "--kernel", options.kernel, "--cpus", str(options.cpus), "--with", "python",
               "--with", "bench", "--file", f"{HERE}/guest:/bench", "--timeout", str(GUEST_LIMIT_S)]
    command += ["--icount"] if mode == "icount" else []
    for file in options.file:
        command += ["--file", file]
    command += ["--", "python3", "/bench/in_guest.py", str(options.runs), options.workload.pattern, *options.versus]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as guest:
        for line in guest.stdout:
            entry = json.loads(line)
            lines.append(entry)
            if "done" in entry:
                say(f"{mode}: round {entry['done']} of {entry['of']} done" + (" (it warmed up)" if entry["done"] == 0 else ""))
    problems = [entry["problem"] for entry in lines if "problem" in entry]
    if guest.returncode != 0 or problems:
        raise RuntimeError(f"the guest could not measure: {' '.join(problems) or f'exit code {guest.returncode}'}")
    return lines


def guest(options, mode):
    lines = measure_in_guest(options, mode)
    about = lines[0]
    values = collections.defaultdict(list)
    figures = {}
    for entry in lines:
        if "value" in entry:
            figures[entry["figure"]] = entry
            values[entry["figure"], entry["scheduler"]].append(entry["value"])
    print(f"\nguest, {mode}: kernel {about['kernel']}, {about['cpus']} CPUs, medians of {options.runs} [least, most]; ratio to none")
    rows = [["workload", "better", *about["schedulers"], *(f"{name}/none" for name in about["schedulers"][1:])]]
    result = []
    for name, figure in figures.items():
        medians = {scheduler: statistics.median(values[name, scheduler]) for scheduler in about["schedulers"]}
        ratios = {scheduler: medians[scheduler] / medians["none"] if medians["none"] else float("nan") for scheduler in medians}
        cells = [f"{number(medians[s])} [{number(min(values[name, s]))}, {number(max(values[name, s]))}]" for s in medians]
        rows.append([f"{name}, {figure['unit']}" if figure["unit"] else name, figure["better"], *cells,
                     *(f"{ratios[s]:.2f}" for s in about["schedulers"][1:])])
        result.append({"name": name, "unit": figure["unit"], "better": figure["better"], "ratio": ratios,
                       "values": {s: values[name, s] for s in medians}})
    table(rows)
    return {"mode": mode, "kernel": about["kernel"], "cpus": about["cpus"], "figures": result}


def measure(options):
    result = {}
    if "micro" in options.parts:
        result["micro"] = micro(options)
    if "api" in options.parts:
        result["api"] = api(options)
    if "guest" in options.parts:
        result["guest"] = [guest(options, mode) for mode in (MODES if options.mode == "both" else (options.mode,))]
    if options.json:
        with open(options.json, "w", encoding="utf-8") as stream:
            json.dump(result, stream, indent=1)
    return result


def compare(result):
    """The exit code."""
    rows, good = check.check(result)
    print("\ntargets")
    table(rows)
    print(check.summary(rows))
    return 0 if good else 1


def main(argv):
    options = parse(argv)
    try:
        result = check.read(options.check) if options.check else measure(options)
        return 0 if options.check is None else compare(result)
    except check.BadFile as error:
        say(f"bench: {error}")
        return 2
    except RuntimeError as error:
        say(f"bench: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
