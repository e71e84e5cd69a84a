#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Changes base_slice again and again over one connection; a line for each change: GENERATION APPLIED MILLISECONDS.

    update_latency.py TARGET COUNT

A client of its own (server reflection, no generated code), because schedctl's time is mostly that of starting a process.
The time is the client's: from before the call until the reply is there. Fails when a call fails.
"""

import sys
import time

import grpc
from google.protobuf import json_format

sys.path.insert(0, "/usr/local/bin")  # where the guest's payload has it
import reflection_client  # noqa: E402


def main():
    target, count = sys.argv[1], int(sys.argv[2])
    with grpc.insecure_channel(target) as channel:
        server = reflection_client.Server(channel, 30)
        method = server.method("schedd.v1.PolicyService/UpdatePolicy")
        request_type = server.factory.GetPrototype(method.input_type)
        update = channel.unary_unary("/schedd.v1.PolicyService/UpdatePolicy",
                                     request_serializer=request_type.SerializeToString,
                                     response_deserializer=server.factory.GetPrototype(method.output_type).FromString)
        for number in range(count):
            request = json_format.ParseDict({
                "policy": {"name": "policies/default", "parameters": {"baseSlice": f"0.00{5 + number % 2}s"}},
                "updateMask": "parameters.baseSlice",
            }, request_type(), descriptor_pool=server.pool)
            before = time.monotonic()
            policy = update(request, timeout=30)
            print(policy.generation, policy.applied_generation, round((time.monotonic() - before) * 1e3, 1), flush=True)


if __name__ == "__main__":
    main()
