#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A gRPC client that knows nothing but server reflection: JSON in, JSON out.

    reflection_client.py TARGET list
    reflection_client.py TARGET health
    reflection_client.py TARGET call SERVICE/METHOD [JSON] [--count N] [--deadline SECONDS]

It has no generated code and none of schedd's .proto files, so it shows what a client that is not ours
sees. A call prints one JSON value a line for each message; --count ends a stream after N messages. A
refused call prints {"code": …, "message": …, "details": […]} and exits with 1; wrong usage exits with 2.
"""

import argparse
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

REFLECTION = "grpc.reflection.v1alpha"
FIELD = descriptor_pb2.FieldDescriptorProto


def _add_message(file, name, fields):
    """fields: (name, number, type, repeated or not, name of the message type or None)."""
    message = file.message_type.add(name=name)
    for field_name, number, kind, repeated, type_name in fields:
        field = message.field.add(name=field_name, number=number, type=kind)
        field.label = FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL
        if type_name:
            field.type_name = f".{REFLECTION}.{type_name}"


def _reflection_messages():
    """The few messages of the reflection service that are used here, built by hand."""
    file = descriptor_pb2.FileDescriptorProto(name="reflection_subset.proto", package=REFLECTION)
    text, data, number, message = FIELD.TYPE_STRING, FIELD.TYPE_BYTES, FIELD.TYPE_INT32, FIELD.TYPE_MESSAGE
    _add_message(file, "ServerReflectionRequest", [
        ("file_by_filename", 3, text, False, None),
        ("file_containing_symbol", 4, text, False, None),
        ("list_services", 7, text, False, None),
    ])
    _add_message(file, "Files", [("file_descriptor_proto", 1, data, True, None)])
    _add_message(file, "Service", [("name", 1, text, False, None)])
    _add_message(file, "Services", [("service", 1, message, True, "Service")])
    _add_message(file, "Error", [("error_code", 1, number, False, None), ("error_message", 2, text, False, None)])
    _add_message(file, "ServerReflectionResponse", [
        ("file_descriptor_response", 4, message, False, "Files"),
        ("list_services_response", 6, message, False, "Services"),
        ("error_response", 7, message, False, "Error"),
    ])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return tuple(
        factory.GetPrototype(pool.FindMessageTypeByName(f"{REFLECTION}.{name}"))
        for name in ("ServerReflectionRequest", "ServerReflectionResponse"))


class Server:
    """What reflection tells about a server."""

    def __init__(self, channel, deadline):
        self._channel = channel
        self._deadline = deadline
        self._request, response = _reflection_messages()
        self._ask = channel.stream_stream(
            f"/{REFLECTION}.ServerReflection/ServerReflectionInfo",
            request_serializer=self._request.SerializeToString,
            response_deserializer=response.FromString)
        self._files = set()
        self.pool = descriptor_pool.DescriptorPool()
        self.factory = message_factory.MessageFactory(self.pool)

    def _reflect(self, **question):
        # An empty text in a field without presence is not sent: "*" is as good for list_services.
        answers = self._ask(iter([self._request(**question)]), timeout=self._deadline)
        answer = next(iter(answers))
        if answer.HasField("error_response"):
            raise LookupError(answer.error_response.error_message)
        return answer

    def services(self):
        return sorted(s.name for s in self._reflect(list_services="*").list_services_response.service)

    def _learn(self, answer):
        """Adds files to the pool, imports first."""
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            if file.name in self._files:
                continue
            self._files.add(file.name)
            for name in file.dependency:
                if name not in self._files:
                    self._learn(self._reflect(file_by_filename=name))
            self.pool.Add(file)

    def learn_symbol(self, symbol):
        self._learn(self._reflect(file_containing_symbol=symbol))

    def method(self, path):
        service_name, _, method_name = path.partition("/")
        self.learn_symbol(service_name)
        service = self.pool.FindServiceByName(service_name)
        for method in service.methods:
            if method.name == method_name:
                return method
        raise LookupError(f"{service_name} has no method {method_name}")

    def server_streams(self, method):
        """Whether the reply is a stream: this protobuf's MethodDescriptor does not say."""
        file = descriptor_pb2.FileDescriptorProto()
        method.containing_service.file.CopyToProto(file)
        for service in file.service:
            if service.name == method.containing_service.name:
                return next(m.server_streaming for m in service.method if m.name == method.name)
        raise LookupError(method.full_name)

    def error(self, error):
        """A refused call as JSON, its google.rpc.Status details included."""
        shown = {"code": error.code().name, "message": error.details(), "details": []}
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status_type = self.factory.GetPrototype(self.pool.FindMessageTypeByName("google.rpc.Status"))
                status = status_type.FromString(value)
                for detail in status.details:
                    shown["details"].append(
                        json_format.MessageToDict(detail, descriptor_pool=self.pool,
                                                  preserving_proto_field_name=True))
        return shown


def _print(value):
    print(json.dumps(value), flush=True)


def health(channel, deadline):
    """The health of the server as a whole. The service has no reflection here, but is the same everywhere."""
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    names = {b"": "UNKNOWN", b"\x08\x01": "SERVING", b"\x08\x02": "NOT_SERVING"}
    return names[check(b"", timeout=deadline)]


def call(server, channel, path, request_json, count, deadline):
    method = server.method(path)
    # Now, since a server that refuses a call because it ends does not answer questions any more.
    for symbol in ("google.rpc.Status", "google.rpc.ErrorInfo"):
        server.learn_symbol(symbol)
    request_type = server.factory.GetPrototype(method.input_type)
    response_type = server.factory.GetPrototype(method.output_type)
    request = json_format.Parse(request_json, request_type(), descriptor_pool=server.pool)
    coding = {
        "request_serializer": request_type.SerializeToString,
        "response_deserializer": response_type.FromString,
    }

    def show(message):
        _print(json_format.MessageToDict(message, preserving_proto_field_name=True,
                                         descriptor_pool=server.pool))

    try:
        if not server.server_streams(method):
            show(channel.unary_unary(f"/{path}", **coding)(request, timeout=deadline))
            return 0
        messages = channel.unary_stream(f"/{path}", **coding)(request, timeout=deadline)
        for number, message in enumerate(messages, 1):
            show(message)
            if number == count:
                messages.cancel()
                break
        return 0
    except grpc.RpcError as error:
        _print(server.error(error))
        return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", help="for example unix:///run/schedd/schedd.sock")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    commands.add_parser("health")
    caller = commands.add_parser("call")
    caller.add_argument("method")
    caller.add_argument("json", nargs="?", default="{}")
    caller.add_argument("--count", type=int, default=0)
    caller.add_argument("--deadline", type=float, default=10)
    arguments = parser.parse_args()

    deadline = getattr(arguments, "deadline", 10)
    with grpc.insecure_channel(arguments.target) as channel:
        if arguments.command == "health":
            print(health(channel, deadline))
            return 0
        server = Server(channel, deadline)
        if arguments.command == "list":
            for name in server.services():
                print(name)
            return 0
        try:
            return call(server, channel, arguments.method, arguments.json, arguments.count, deadline)
        except (LookupError, json_format.ParseError) as error:
            print(f"{arguments.method}: {error}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
