# SPDX-License-Identifier: Apache-2.0
"""Compares what workloads did in the guest with what the simulator says.

A measurement is {"workload", "setting", "tasks": [{"group", "run_ns", "rounds", "p99_ns", …}]}; several of the same workload and
setting are repetitions. Pure functions; nothing fails but by KeyError for what is no measurement.
"""

import collections
import statistics

POINTS = 3  # a share may be off by so many percentage points
RANKINGS = 8  # so many workloads of ten must have the same ranking


def shares(tasks):
    """{group: percent of the CPU time of all groups}."""
    run_ns = collections.Counter()
    for task in tasks:
        run_ns[task["group"]] += task["run_ns"]
    total = sum(run_ns.values())
    return {group: 100 * ns / total if total else 0 for group, ns in run_ns.items()}


def p99_ms(tasks, group):
    """Of the group's tasks on average: schedd knows percentiles of single tasks. Those that never woke have none."""
    values = [task["p99_ns"] for task in tasks if task["group"] == group and task.get("wakeups")]
    return statistics.mean(values) / 1e6 if values else float("nan")


def rounds(tasks, group):
    return sum(task["rounds"] for task in tasks if task["group"] == group)


def ranking(p99):
    """Settings from the least p99 to the greatest."""
    return sorted(p99, key=lambda setting: p99[setting])


class Side:
    """The measurements of one workload on one side, guest or simulator; means over repetitions."""

    def __init__(self, measurements, compared):
        by_setting = collections.defaultdict(list)
        for measurement in measurements:
            by_setting[measurement["setting"]].append(measurement["tasks"])
        self.shares, self.p99, self.range, self.rounds = {}, {}, {}, {}
        for setting, runs in by_setting.items():
            each = [shares(tasks) for tasks in runs]
            self.shares[setting] = {group: statistics.mean(one[group] for one in each) for group in each[0]}
            values = [p99_ms(tasks, compared) for tasks in runs]
            self.p99[setting] = statistics.mean(values)
            self.range[setting] = (min(values), max(values))
            self.rounds[setting] = statistics.mean(rounds(tasks, compared) for tasks in runs)


class Comparison:
    """One workload in the guest and in the simulator."""

    def __init__(self, workload, compared, guest, simulated):
        self.workload, self.compared = workload, compared
        self.guest, self.simulated = Side(guest, compared), Side(simulated, compared)

    def worst_share(self):
        """(points, group, setting, percent in the guest, percent in the simulator) of the share that is furthest off."""
        every = [(abs(percent - self.simulated.shares[setting][group]), group, setting, percent, self.simulated.shares[setting][group])
                 for setting, groups in self.guest.shares.items() for group, percent in groups.items()]
        return max(every)

    def shares_agree(self):
        return self.worst_share()[0] <= POINTS

    def rankings(self):
        return ranking(self.guest.p99), ranking(self.simulated.p99)

    def rankings_agree(self):
        of_guest, of_simulator = self.rankings()
        return of_guest == of_simulator


def group_by_workload(lines):
    """{workload: [measurement]} of all lines that are measurements, in their order."""
    result = collections.defaultdict(list)
    for line in lines:
        if "workload" in line:
            result[line["workload"]].append(line)
    return result


def table(comparisons):
    """Markdown."""
    settings = list(comparisons[0].guest.p99)
    rows = [["Workload", "Compared", *(f"p99 with {name}, guest / simulator" for name in settings), "Ranking", "Share furthest off"]]
    for comparison in comparisons:
        points, group, setting, of_guest, of_simulator = comparison.worst_share()
        of_share = f"{points:.1f} points: `{group}`, {setting}, {of_guest:.1f} % / {of_simulator:.1f} %"
        rows.append([f"`{comparison.workload}`", f"`{comparison.compared}`",
                     *(f"{comparison.guest.p99[name]:.2f} / {comparison.simulated.p99[name]:.2f} ms" for name in settings),
                     "same" if comparison.rankings_agree() else f"**{' < '.join(comparison.rankings()[0])}** / {' < '.join(comparison.rankings()[1])}",
                     of_share if comparison.shares_agree() else f"**{of_share}**"])
    rows.insert(1, ["---"] * len(rows[0]))
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def verdict(comparisons):
    """(text, whether all that is asked for holds)."""
    of_shares = sum(comparison.shares_agree() for comparison in comparisons)
    of_rankings = sum(comparison.rankings_agree() for comparison in comparisons)
    good = of_shares == len(comparisons) and of_rankings * 10 >= len(comparisons) * RANKINGS
    return (f"{of_rankings} of {len(comparisons)} rankings are the same; "
            f"{of_shares} of {len(comparisons)} workloads have all shares within {POINTS} points"), good
