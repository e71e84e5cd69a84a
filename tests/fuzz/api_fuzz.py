#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls every method of a schedd with requests made at random, and looks at what comes of it.

    api_fuzz.py TARGET [--seconds N] [--seed S]

The methods and their messages are those that server reflection tells, so a new one is called without a word here. What must hold:
every call ends, with OK or a code that the API has; a refusal says why (a message, and an ErrorInfo of domain "schedd"); one that was
refused, or asked to be checked only, has changed nothing. Bytes that are no such message are refused, too. On schedd's simulated
machine only: calls attach, detach and change whatever they hit.

stdout: a line for each finding, and at the end one with the counts by code. Exit code: 0, 1 with findings, 2 wrong arguments.
"""

import argparse
import calendar
import collections
import os
import random
import re
import sys
import time

import grpc
from google.protobuf import json_format

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "native"))
from reflection_client import Server  # noqa: E402

from messages import Generator, Memory, spoil  # noqa: E402

# The API's own codes. UNAVAILABLE is not among them here: nothing stops this daemon, and its disk is there.
CODES = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
         "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"}
CHANGES = ("Create", "Update", "Delete", "Rollback", "Attach", "Detach")
CALL_LIMIT_S, STREAM_LIMIT_S = 10, 0.5
MOST_FINDINGS = 20
EXPIRE_TIME, LAPSES_SOON_S = re.compile(r'"expireTime": "([^"]+)"'), 60


def unix_seconds(timestamp):
    """Of a time as JSON has it, down to a second."""
    return calendar.timegm(time.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S"))


class Fuzz:
    """Owns nothing but its counts; calls one after the other."""

    def __init__(self, channel, seed):
        self.random = random.Random(seed)
        self.server = Server(channel, CALL_LIMIT_S)
        self._channel = channel
        self.codes, self.findings, self.methods = collections.Counter(), [], []
        for name in self.server.services():
            if not name.startswith("schedd."):
                continue
            self.server.learn_symbol(name)
            self.methods += [(method, self.server.server_streams(method)) for method in self.server.pool.FindServiceByName(name).methods]
        for symbol in ("google.rpc.Status", "google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo"):
            try:
                self.server.learn_symbol(symbol)
            except LookupError:
                pass  # one that this server does not use
        self.memory = Memory(self.random)
        self.generator = Generator(self.random, self.server.factory, self.memory)

    def _type(self, descriptor):
        return self.server.factory.GetPrototype(descriptor)

    def _send(self, method, streams, data):
        """(code, messages, error) of one call with these bytes."""
        path = f"/{method.containing_service.full_name}/{method.name}"
        coding = {"request_serializer": lambda raw: raw, "response_deserializer": self._type(method.output_type).FromString}
        messages = []
        try:
            if not streams:
                messages.append(self._channel.unary_unary(path, **coding)(data, timeout=CALL_LIMIT_S))
            else:
                call = self._channel.unary_stream(path, **coding)(data, timeout=STREAM_LIMIT_S)
                for message in call:
                    messages.append(message)
                    if len(messages) == 3:
                        call.cancel()
                        break
        except grpc.RpcError as error:
            # A stream goes on until the time is over.
            if streams and error.code().name == "DEADLINE_EXCEEDED":
                return "OK", messages, None
            return error.code().name, messages, error
        return "OK", messages, None

    def state(self):
        """What calls can change, as text; None when something of it will lapse by itself soon, or cannot be read."""
        parts = []
        for method, streams in self.methods:
            if streams or method.name not in ("GetScheduler", "ListPolicies", "GetPolicy", "ListTaskOverrides"):
                continue
            request = self._type(method.input_type)()
            for field in request.DESCRIPTOR.fields:
                if field.name == "name":
                    request.name = {"GetScheduler": "schedulers/default", "GetPolicy": "policies/default"}[method.name]
                if field.name == "page_size":
                    request.page_size = 1000
            code, messages, _ = self._send(method, streams, request.SerializeToString())
            if code != "OK":
                return None
            for message in messages:
                if method.name == "GetScheduler":
                    parts.append(str(getattr(message, "state", "")) + str(getattr(message, "generation", "")))
                    continue
                text = json_format.MessageToJson(message, descriptor_pool=self.server.pool)
                if any(end < time.time() + LAPSES_SOON_S for end in map(unix_seconds, EXPIRE_TIME.findall(text))):
                    return None
                parts.append("\n".join(line for line in text.splitlines() if "matchedTaskCount" not in line and "apply" not in line))
        return "\n".join(parts)

    def find(self, method, what, request, data):
        shown = json_format.MessageToJson(request, descriptor_pool=self.server.pool, indent=None) if request is not None else data.hex()
        self.findings.append(f"{method.full_name}: {what}; request {shown[:2000]}")
        print(self.findings[-1], flush=True)

    def once(self):
        method, streams = self.random.choice(self.methods)
        request = self.generator.message(method.input_type)
        data = request.SerializeToString()
        spoiled = self.random.random() < 0.1
        if spoiled:
            data = spoil(self.random, data)
        changes = method.name.startswith(CHANGES)
        only_checks = getattr(request, "validate_only", False)
        before = self.state() if changes and (only_checks or self.random.random() < 0.3) else None
        code, messages, error = self._send(method, streams, data)
        self.codes[code] += 1
        for message in messages:
            self.memory.learn(message)
        if code == "OK" and not spoiled:
            self.memory.keep(request)  # what was good once, changed a little, comes further than what is new
        shown = None if spoiled else request
        # Bytes that are no such message gRPC itself refuses: a call with INTERNAL, a stream with UNIMPLEMENTED.
        refused_by_grpc = spoiled and code == "INTERNAL" and not streams
        if code not in CODES and not refused_by_grpc:
            self.find(method, f"ended with {code} ({error.details() if error else ''})", shown, data)
        elif error is not None and not spoiled and code != "RESOURCE_EXHAUSTED":
            told = self.server.error(error)
            if not told["message"]:
                self.find(method, f"{code} without a message", shown, data)
            if not any(detail.get("domain") == "schedd" and detail.get("reason") for detail in told["details"]):
                self.find(method, f"{code} without a reason: {told['message']}", shown, data)
        if before is not None and not spoiled and (error is not None or only_checks):
            after = self.state()
            if after is not None and after != before:
                self.find(method, f"ended with {code}, and yet it changed something: from {before[:1500]} to {after[:1500]}", shown, data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    # One connection: its state is not what is looked for.
    with grpc.insecure_channel(arguments.target, options=[("grpc.max_send_message_length", -1)]) as channel:
        fuzz = Fuzz(channel, arguments.seed)
        end, told = time.monotonic() + arguments.seconds, time.monotonic()
        while time.monotonic() < end and len(fuzz.findings) < MOST_FINDINGS:
            fuzz.once()
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print(f"{sum(fuzz.codes.values())} calls, {len(fuzz.findings)} findings", file=sys.stderr, flush=True)
        counts = ", ".join(f"{code} {count}" for code, count in fuzz.codes.most_common())
        print(f"seed {arguments.seed}: {sum(fuzz.codes.values())} calls of {len(fuzz.methods)} methods ({counts}), {len(fuzz.findings)} findings")
        return 1 if fuzz.findings else 0


if __name__ == "__main__":
    sys.exit(main())
