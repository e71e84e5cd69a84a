#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments under a writer: what was acknowledged is there afterwards, what was not is there as a whole or not at all.

    crashes.py DIRECTORY ROUNDS [SEED]

Each round starts a schedd (found by PATH, on the simulated machine) in the same state directory, compares what it has with what the
writer knows, and lets the writer go on until the kill. Prints one line of figures; exit code 1 and a sentence when something is lost,
or half there. The writer is one, so at most one change is ever without an answer.
"""

import copy
import os
import random
import signal
import subprocess
import sys
import threading
import time

import grpc
from google.protobuf import duration_pb2, json_format

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reflection_client  # noqa: E402

POLICIES, TASKS = "schedd.v1.PolicyService", "schedd.v1.TaskService"
MOST = 12  # policies, and overrides


class Lost(Exception):
    """Something is not as it must be."""


class Caller:
    """Calls by reflection, JSON in and out."""

    def __init__(self, channel):
        self._channel = channel
        self._server = reflection_client.Server(channel, 10)
        self._methods = {}

    def __call__(self, path, **request):
        if path not in self._methods:
            method = self._server.method(path)
            kinds = [self._server.factory.GetPrototype(kind) for kind in (method.input_type, method.output_type)]
            self._methods[path] = kinds[0], self._channel.unary_unary(
                f"/{path}", request_serializer=kinds[0].SerializeToString, response_deserializer=kinds[1].FromString)
        kind, call = self._methods[path]
        return json_format.MessageToDict(call(json_format.ParseDict(request, kind(), descriptor_pool=self._server.pool), timeout=10),
                                         descriptor_pool=self._server.pool)


def seconds(number):
    """A slice that no other change has: 1 ms and so many microseconds. As JSON has it: 0.002s, not 0.002000s."""
    return duration_pb2.Duration(nanos=1_000_000 + 1000 * number).ToJsonString()


class State:
    """What may be lost: the default policy's slice, the other policies, the overrides."""

    def __init__(self):
        self.slice = None
        self.policies = {}   # ID: slice
        self.overrides = {}  # ID: weight

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return str(vars(self))


def read(call):
    state = State()
    for policy in call(f"{POLICIES}/ListPolicies", pageSize=100)["policies"]:
        name, value = policy["name"].split("/")[1], policy["parameters"].get("baseSlice")
        revisions = call(f"{POLICIES}/ListPolicyRevisions", parent=policy["name"], pageSize=1)["policyRevisions"]
        newest = revisions[0]
        if newest["generation"] != policy["generation"] or newest["parameters"].get("baseSlice") != value:
            raise Lost(f"the newest revision of {name} is not what is in force: {newest} and {policy}")
        if name == "default":
            state.slice = value
        else:
            state.policies[name] = value
    for override in call(f"{TASKS}/ListTaskOverrides", pageSize=100).get("taskOverrides", []):
        state.overrides[override["name"].split("/")[1]] = override["weight"]
    return state


class Writer:
    """Changes one thing after another until a call fails."""

    def __init__(self, state, rng):
        self.state = state  # as acknowledged
        self.pending = None  # what it would be after the change under way
        self.generation = 0  # the newest acknowledged
        self.number = 0      # of changes tried
        self.problem = None  # after run(): why it ended, if not by the kill
        self._rng = rng

    def run(self, call):
        try:
            while True:
                self.pending = copy.deepcopy(self.state)
                self.number += 1
                reply = self._change(call, self.pending, self.number)
                self.state, self.pending = self.pending, None
                given = int(reply.get("generation", 0))
                if given and given <= self.generation:
                    raise Lost(f"generation {given} was given twice, or after {self.generation}")
                self.generation = max(self.generation, given)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                self.problem = f"a change ended with {error.code().name}: {error.details()}"
        except Lost as problem:
            self.problem = str(problem)

    def _change(self, call, to, number):
        kinds = ["slice", "slice"]
        kinds += ["create"] if len(to.policies) < MOST else []
        kinds += ["delete", "update"] if to.policies else []
        kinds += ["boost"] if len(to.overrides) < MOST else []
        kinds += ["unboost"] if to.overrides else []
        kind = self._rng.choice(kinds)
        value = seconds(number)
        if kind == "slice":
            to.slice = value
            return call(f"{POLICIES}/UpdatePolicy", policy={"name": "policies/default", "parameters": {"baseSlice": value}})
        if kind == "create":
            to.policies[f"p{number}"] = value
            return call(f"{POLICIES}/CreatePolicy", policyId=f"p{number}",
                        policy={"selector": {"cgroupPath": f"/g{number}"}, "parameters": {"baseSlice": value}})
        if kind == "update":
            name = self._rng.choice(sorted(to.policies))
            to.policies[name] = value
            return call(f"{POLICIES}/UpdatePolicy", policy={"name": f"policies/{name}", "parameters": {"baseSlice": value}})
        if kind == "delete":
            name = self._rng.choice(sorted(to.policies))
            del to.policies[name]
            return call(f"{POLICIES}/DeletePolicy", name=f"policies/{name}")
        if kind == "boost":
            to.overrides[f"o{number}"] = 1 + number % 10000
            return call(f"{TASKS}/CreateTaskOverride", taskOverrideId=f"o{number}",
                        taskOverride={"selector": {"comm": "hog-a"}, "weight": 1 + number % 10000, "ttl": "3600s"})
        name = self._rng.choice(sorted(to.overrides))
        del to.overrides[name]
        return call(f"{TASKS}/DeleteTaskOverride", name=f"taskOverrides/{name}")


def start(directory):
    target = f"unix://{directory}/s.sock"
    with open(f"{directory}/log", "ab") as log:
        process = subprocess.Popen(["schedd", "--kernel=sim", "--listen", target, "--state-dir", f"{directory}/state"], stderr=log)
    channel = grpc.insecure_channel(target, options=[("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 100)])
    grpc.channel_ready_future(channel).result(timeout=20)
    return process, channel


def main():
    directory, rounds = sys.argv[1], int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else None)
    writer, changes, halfway = None, 0, 0
    for number in range(rounds + 1):
        process, channel = start(directory)
        try:
            call = Caller(channel)
            found = read(call)
            if writer is None:
                writer = Writer(found, rng)
            elif found == writer.pending:
                halfway += 1
            elif found != writer.state:
                raise Lost(f"round {number}: acknowledged {writer.state}, under way {writer.pending}, found {found}")
            writer.state, writer.pending = found, None
            if number == rounds:
                break
            before = writer.number
            thread = threading.Thread(target=writer.run, args=(call,))
            thread.start()
            time.sleep(rng.uniform(0.02, 0.4))
            process.send_signal(signal.SIGKILL)
            thread.join()
            if writer.problem:
                raise Lost(writer.problem)
            changes += writer.number - before
        finally:
            channel.close()
            process.kill()
            process.wait()
    print(f"{rounds} kills, {changes} changes, {halfway} of those under way had been stored")


if __name__ == "__main__":
    try:
        main()
    except Lost as problem:
        sys.exit(str(problem))
