#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks JSON on stdin, one document a line, against a message type as the server describes it.

    json_fields.py TARGET MESSAGE

Prints a line for each field of MESSAGE (and of the messages in it) that a document lacks or that the type does not have. Fields
of a oneof may be missing. Knows the types by server reflection only, so a field that is documented and not printed is found.
"""

import json
import sys

import grpc

sys.path.insert(0, "/usr/local/bin")  # where the guest's payload has it
import reflection_client  # noqa: E402

OPTIONAL_TYPES = ("google.protobuf.Duration", "google.protobuf.Timestamp", "google.protobuf.FieldMask")


def problems(value, message, path):
    fields = {field.json_name: field for field in message.fields}
    for name in value:
        if name not in fields:
            yield f"{path}{name}: not a field of {message.full_name}"
    for name, field in fields.items():
        if name not in value:
            if field.containing_oneof is None:
                yield f"{path}{name}: missing"
        elif field.message_type is not None and field.message_type.full_name not in OPTIONAL_TYPES:
            many = field.label == field.LABEL_REPEATED
            for item in value[name] if many else [value[name]]:
                yield from problems(item, field.message_type, f"{path}{name}.")


def main():
    target, name = sys.argv[1:]
    with grpc.insecure_channel(target) as channel:
        server = reflection_client.Server(channel, 30)
        server.learn_symbol(name)
        message = server.pool.FindMessageTypeByName(name)
        found, documents = set(), 0
        for line in sys.stdin:
            documents += 1
            found.update(problems(json.loads(line), message, ""))
        for problem in sorted(found) + ([] if documents else ["no document on stdin"]):
            print(problem)
        sys.exit(bool(found) or not documents)


if __name__ == "__main__":
    main()
