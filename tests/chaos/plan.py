# SPDX-License-Identifier: Apache-2.0
"""What a chaos run does, in which order: a seeded generator of faults that knows nothing of the machine.

So the same seed gives the same actions on every kernel, however long each takes. The generator keeps the little state that
tells which faults make sense now (a stopped daemon cannot be asked for anything), and sees to it that the daemon is never away
for long and that everything is looked at again and again ("settle"). Pure; single-threaded.
"""

import dataclasses
import random

HOGS_BEYOND_CPUS = 2  # somebody always waits
MOST_OVERRIDES = 4
STOPPED_ACTIONS = 4  # at most so many while the daemon is stopped …
DEAD_ACTIONS = 3  # … or dead: fewer than fit into the dispatcher's orphan_timeout (world.py)
SETTLE_EVERY = (7, 12)

# Whatever is set, all rules between parameters hold with the others at their defaults or any of these (parameter_specs.cc).
PARAMETERS = {
    "base_slice": ("2ms", "5ms", "10ms", "20ms", "40ms"),
    "sleeper_credit": ("0s", "20ms", "100ms"),
    "starvation_bound": ("100ms", "500ms", "1s"),
    "wakeup_preempt_margin": ("0s", "2ms", "10ms"),
    "decision_budget": ("2ms", "20ms", "100ms"),
    "dispatch_batch_count": ("1", "16", "256"),
    "placement_mode": ("idle-bypass", "all-decisions"),
}

# Kind -> how often, relative to the others, when it is possible.
FAULTS = {
    "stop": 3, "kill": 4, "replace": 3, "detach": 2,
    "offline": 4, "online": 6,
    "affinity": 4, "renice": 3, "respawn": 2,
    "forks": 2, "threads": 2, "pids": 1,
    "boost": 4, "unboost": 2, "policy": 4,
}
ENDINGS = ("continue", "start", "attach", "settle")  # come by themselves
KINDS = (*FAULTS, *ENDINGS)


@dataclasses.dataclass(frozen=True)
class Action:
    """One step: what to do, with what, and how long to watch after it."""

    kind: str
    arguments: tuple = ()  # (name, value) pairs
    pause_s: float = 0.0

    def __str__(self):
        return " ".join([self.kind, *(f"{name}={_text(value)}" for name, value in self.arguments)])


def _text(value):
    if isinstance(value, tuple):  # masks: the last one stays
        return f"{len(value)} times, then {value[-1]:#x}"
    return str(value)


class Plan:
    """An endless iterator of actions."""

    def __init__(self, seed, cpus):
        self._random = random.Random(seed)
        self._cpus = cpus
        self.hogs = cpus + HOGS_BEYOND_CPUS
        self._daemon = "up"  # or stopped, or dead
        self._attached = True
        self._away = 0  # actions since the daemon or the dispatcher went
        self._offline_cpus = set()
        self._overrides = {}  # name -> hog
        self._made = 0
        self._until_settled = self._random.randint(*SETTLE_EVERY)

    def __iter__(self):
        return self

    def __next__(self):
        self._until_settled -= 1
        self._away += 1
        kind = self._due()
        if kind is None:
            possible = [kind for kind in FAULTS if self._is_possible(kind)]
            kind = self._random.choices(possible, [FAULTS[kind] for kind in possible])[0]
        arguments = getattr(self, "_do_" + kind)() or {}
        return Action(kind, tuple(arguments.items()), round(self._random.uniform(0.1, 2.0), 1))

    def _due(self):
        """What has to come now, whatever the dice say."""
        settle = self._until_settled <= 0
        if self._daemon == "stopped" and (settle or self._away > STOPPED_ACTIONS):
            return "continue"
        if self._daemon == "dead" and (settle or self._away > DEAD_ACTIONS):
            return "start"
        if self._daemon == "up" and not self._attached and (settle or self._away > STOPPED_ACTIONS):
            return "attach"
        return "settle" if settle else None

    def _is_possible(self, kind):
        serves = self._daemon == "up"
        return {
            "stop": serves,
            "kill": self._daemon != "dead",
            "replace": serves and self._attached,
            "detach": serves and self._attached,
            "offline": len(self._offline_cpus) < self._cpus - 1,
            "online": bool(self._offline_cpus),
            "affinity": self._cpus > 1,
            "boost": serves and self._attached and len(self._overrides) < min(MOST_OVERRIDES, self.hogs),
            "unboost": serves and bool(self._overrides),
            "policy": serves,
        }.get(kind, True)

    def _any_hog(self):
        return self._random.randrange(self.hogs)

    # -- the daemon --
    def _do_stop(self):
        self._daemon, self._away = "stopped", 0

    def _do_continue(self):
        self._daemon = "up"

    def _do_kill(self):
        self._daemon, self._away = "dead", 0

    def _do_start(self):
        self._daemon, self._attached = "up", True

    def _do_replace(self):
        pass

    def _do_detach(self):
        self._attached, self._away = False, 0

    def _do_attach(self):
        self._attached = True

    # -- what callers change --
    def _do_boost(self):
        self._made += 1
        name = f"chaos-{self._made}"
        # One for each task: which of two is in force is other tests' matter.
        hog = self._random.choice([hog for hog in range(self.hogs) if hog not in self._overrides.values()])
        self._overrides[name] = hog
        return {"id": name, "hog": hog, "weight": self._random.choice((1, 20, 50, 150, 400, 1000))}

    def _do_unboost(self):
        name = self._random.choice(sorted(self._overrides))
        del self._overrides[name]
        return {"id": name}

    def _do_policy(self):
        name = self._random.choice(sorted(PARAMETERS))
        return {"name": name, "value": self._random.choice(PARAMETERS[name])}

    # -- the machine --
    def _do_offline(self):
        cpu = self._random.choice([cpu for cpu in range(1, self._cpus) if cpu not in self._offline_cpus])
        self._offline_cpus.add(cpu)
        return {"cpu": cpu}

    def _do_online(self):
        cpu = self._random.choice(sorted(self._offline_cpus))
        self._offline_cpus.remove(cpu)
        return {"cpu": cpu}

    # -- the tasks --
    def _do_affinity(self):
        """Masks one after the other, in quick succession; each has a CPU that is there."""
        there = [cpu for cpu in range(self._cpus) if cpu not in self._offline_cpus]
        masks = []
        for _ in range(self._random.randrange(5, 50)):
            others = self._random.sample(range(self._cpus), self._random.randrange(self._cpus))
            masks.append(sum(1 << cpu for cpu in {self._random.choice(there), *others}))
        masks.append((1 << self._cpus) - 1 if self._random.random() < 0.7 else masks[-1])
        return {"hog": self._any_hog(), "masks": tuple(masks)}

    def _do_renice(self):
        return {"hog": self._any_hog(), "nice": self._random.randint(-10, 19)}

    def _do_respawn(self):
        hog = self._any_hog()
        self._overrides = {name: whose for name, whose in self._overrides.items() if whose != hog}
        return {"hog": hog}

    def _do_forks(self):
        return {"count": self._random.randrange(200, 2000, 100)}

    def _do_threads(self):
        return {"count": self._random.randrange(50, 400, 50)}

    def _do_pids(self):
        return {"count": self._random.randrange(150, 400, 50)}

    def _do_settle(self):
        self._until_settled = self._random.randint(*SETTLE_EVERY)
