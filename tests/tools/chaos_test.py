# SPDX-License-Identifier: Apache-2.0
"""The plan of a chaos run (tests/chaos/plan.py): the same for the same seed, complete, and possible."""

import itertools
import os
import sys
import unittest

import tap_unittest

sys.path.insert(0, os.path.join(tap_unittest.REPO, "tests/chaos"))
import plan  # noqa: E402
import world  # noqa: E402

CPUS = 4
LENGTH = 2000


def actions(seed, length=LENGTH, cpus=CPUS):
    return list(itertools.islice(plan.Plan(seed, cpus), length))


class ChaosPlan(unittest.TestCase):
    def test_the_same_seed_gives_the_same_actions(self):
        self.assertEqual(actions(7), actions(7))
        self.assertNotEqual(actions(7), actions(8))

    def test_the_number_of_actions_asked_for_changes_none(self):
        self.assertEqual(actions(7, 100), actions(7)[:100])

    def test_every_kind_of_fault_appears_soon(self):
        for seed in range(5):
            self.assertEqual({action.kind for action in actions(seed, 300)}, set(plan.KINDS), f"seed {seed}")

    def test_every_kind_can_be_carried_out(self):
        for kind in plan.KINDS:
            self.assertTrue(callable(getattr(world.World, "do_" + kind, None)), kind)

    def test_one_cpu_is_never_put_offline_or_bound(self):
        self.assertFalse({"offline", "online", "affinity"} & {action.kind for action in actions(1, cpus=1)})

    def test_parameters_keep_the_rules_between_them(self):
        def ms(value):
            return float(value.removesuffix("ms")) if value.endswith("ms") else 1e3 * float(value.removesuffix("s"))

        bound = min(map(ms, plan.PARAMETERS["starvation_bound"]))
        self.assertLessEqual(2 * 40, bound, "twice the default max_slice")
        self.assertLessEqual(max(map(ms, plan.PARAMETERS["base_slice"])), 40)
        self.assertLessEqual(max(map(ms, plan.PARAMETERS["decision_budget"])), bound)
        self.assertLessEqual(max(map(ms, plan.PARAMETERS["starvation_bound"])), 1e3 * world.WATCHDOG_S / 2)


class Possible(unittest.TestCase):
    """Follows the actions as the machine would: none is asked for that cannot be."""

    def setUp(self):
        self.actions = [action for seed in range(10) for action in [None, *actions(seed)]]

    def follow(self, step):
        state = {}
        for number, action in enumerate(self.actions):
            if action is None:
                state = {"daemon": "up", "attached": True, "since": 0, "offline": set(), "overrides": {}}
                continue
            step(state, action.kind, dict(action.arguments), f"action {number}, {action}")
            if action.kind in ("stop", "kill", "detach"):
                state["since"] = -1
            state["since"] += 1
            state["daemon"] = {"stop": "stopped", "continue": "up", "kill": "dead", "start": "up"}.get(action.kind, state["daemon"])
            state["attached"] = {"detach": False, "attach": True, "start": True}.get(action.kind, state["attached"])

    def test_a_daemon_that_does_not_serve_is_asked_for_nothing(self):
        def step(state, kind, _, what):
            if kind in ("stop", "replace", "detach", "attach", "boost", "unboost", "policy", "settle"):
                self.assertEqual(state["daemon"], "up", what)
            if kind in ("replace", "detach", "boost", "settle"):
                self.assertTrue(state["attached"], what)
            if kind in ("continue", "start"):
                self.assertEqual(state["daemon"], {"continue": "stopped", "start": "dead"}[kind], what)

        self.follow(step)

    def test_it_is_never_away_for_long(self):
        def step(state, kind, _, what):
            if state["daemon"] == "dead" and kind != "start":
                self.assertLess(state["since"], plan.DEAD_ACTIONS, what)
            if state["daemon"] == "stopped" and kind not in ("continue", "kill"):
                self.assertLess(state["since"], plan.STOPPED_ACTIONS, what)

        self.follow(step)

    def test_cpus_go_and_come_in_turn_and_the_first_one_stays(self):
        def step(state, kind, arguments, what):
            cpu, offline = arguments.get("cpu"), state["offline"]
            if kind == "offline":
                self.assertTrue(0 < cpu < CPUS and cpu not in offline, what)
                offline.add(cpu)
            elif kind == "online":
                offline.remove(cpu)
            elif kind == "affinity":
                there = sum(1 << cpu for cpu in range(CPUS) if cpu not in offline)
                self.assertTrue(all(mask & there for mask in arguments["masks"]), what)

        self.follow(step)

    def test_only_overrides_that_are_there_are_taken_back(self):
        def step(state, kind, arguments, what):
            overrides = state["overrides"]
            if kind == "boost":
                self.assertNotIn(arguments["id"], overrides, what)
                overrides[arguments["id"]] = arguments["hog"]
            elif kind == "unboost":
                del overrides[arguments["id"]]
            elif kind == "respawn":
                for name in [name for name, hog in overrides.items() if hog == arguments["hog"]]:
                    del overrides[name]

        self.follow(step)


tap_unittest.main()
