#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Peers that do not keep to the protocol, or leave in the middle of it.

    hostile_peers.py ENDPOINT bytes NAME     connects and sends what is no gRPC: NAME of BYTES; waits until the server hangs up or 1 s
    hostile_peers.py ENDPOINT message        a call with a message of 100 MB: prints the code of its refusal
    hostile_peers.py ENDPOINT connections N  opens and drops N connections, some after a few bytes
    hostile_peers.py ENDPOINT streams N      N clients that begin WatchTasks, never read, and are killed
    hostile_peers.py ENDPOINT silent N CMD…  holds N connections that say nothing while CMD runs; its exit code

ENDPOINT: unix:///PATH or HOST:PORT.
"""

import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
RANDOM = random.Random(1)


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


BYTES = {
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + RANDOM.randbytes(600),
    "http1": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "random": RANDOM.randbytes(1 << 20),
    "zeros": bytes(1 << 20),
    "preface": PREFACE,
    "frames": PREFACE + b"".join(frame(RANDOM.randrange(12), RANDOM.randrange(256), RANDOM.randrange(9), RANDOM.randbytes(40)) for _ in range(500)),
    "huge_frame": PREFACE + frame(4, 0, 0, b"") + b"\xff\xff\xff\x01\x04\x00\x00\x00\x01" + bytes(1 << 16),
    # Each asks for an answer.
    "settings": PREFACE + frame(4, 0, 0, b"") * 20_000,
    "pings": PREFACE + frame(4, 0, 0, b"") + frame(6, 0, 0, bytes(8)) * 20_000,
    # Streams that are opened and reset at once.
    "resets": PREFACE + frame(4, 0, 0, b"") + b"".join(
        frame(1, 4, 2 * i + 1, b"\x82\x86\x84\x41\x01a") + frame(3, 0, 2 * i + 1, bytes(4)) for i in range(5_000)),
    # Header blocks that never end.
    "continuations": PREFACE + frame(4, 0, 0, b"") + frame(1, 0, 1, b"\x82") + frame(9, 0, 1, b"\x40\x01a\x01b" * 100) * 2_000,
}


def connect(endpoint, limit_s=10):
    if endpoint.startswith("unix:"):
        peer = socket.socket(socket.AF_UNIX)
        address = endpoint.removeprefix("unix:").removeprefix("//")
    else:
        peer = socket.socket(socket.AF_INET)
        host, _, port = endpoint.rpartition(":")
        address = (host, int(port))
    peer.settimeout(limit_s)
    while True:
        try:
            peer.connect(address)
            return peer
        except BlockingIOError:  # a unix socket's queue is full
            time.sleep(0.001)


def send_bytes(endpoint, name):
    with connect(endpoint, 1) as peer:
        try:
            peer.sendall(BYTES[name])
            while peer.recv(1 << 16):
                pass
        except (TimeoutError, ConnectionError):
            pass
    return 0


def send_message(endpoint):
    import grpc  # not needed else

    with grpc.insecure_channel(endpoint, options=[("grpc.max_send_message_length", -1)]) as channel:
        try:
            channel.unary_unary("/schedd.v1.TaskService/ListTasks")(bytes(100 << 20), timeout=30)
        except grpc.RpcError as error:
            print(error.code().name)
            return 0
    print("OK")
    return 1


def drop_connections(endpoint, count):
    for i in range(count):
        with connect(endpoint) as peer:
            if i % 3 == 0:
                peer.sendall(PREFACE[:i % len(PREFACE)])
            if i % 5 == 0:  # a reset instead of an end
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return 0


def watch(endpoint):
    """Begins a stream and reads nothing, for ever."""
    import grpc

    channel = grpc.insecure_channel(endpoint)
    call = channel.unary_stream("/schedd.v1.TaskService/WatchTasks")(b"", timeout=600)
    call.initial_metadata()
    print("watching", flush=True)
    time.sleep(600)


def kill_streams(endpoint, count):
    peers = [subprocess.Popen([sys.executable, __file__, endpoint, "watch"], stdout=subprocess.PIPE, text=True) for _ in range(count)]
    begun = [peer.stdout.readline() for peer in peers]
    for peer in peers:
        peer.send_signal(signal.SIGKILL)
    for peer in peers:
        peer.wait()
        peer.stdout.close()
    return 0 if all(line == "watching\n" for line in begun) else 1


def stay_silent(endpoint, count, command):
    peers = [connect(endpoint) for _ in range(count)]
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        for peer in peers:
            peer.close()


def main():
    words = sys.argv[1:]
    if words[1:] == ["message"]:
        return send_message(words[0])
    if words[1:] == ["watch"]:
        return watch(words[0])
    if len(words) == 3 and words[1] == "bytes":
        return send_bytes(words[0], words[2])
    if len(words) == 3 and words[1] in ("connections", "streams"):
        return (drop_connections if words[1] == "connections" else kill_streams)(words[0], int(words[2]))
    if len(words) > 3 and words[1] == "silent":
        return stay_silent(words[0], int(words[2]), words[3:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    # A peer that the server hangs up on is no error of ours.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    sys.exit(main())
