#!/usr/bin/env python3
"""The resolver of a VPC, as small as it can be: IPv4 addresses from a JSON file that is read again when it changes.

    names.py ADDRESS FILE

FILE: {"ttl": S, "names": {"a.example": "10.0.0.1", "*.b.example": "10.0.0.2"}}. All other names do not exist."""
import json
import os
import socket
import struct
import sys

TYPE_A, CLASS_IN, NXDOMAIN, FORMERR = 1, 1, 3, 1


class Zone:
    def __init__(self, path):
        self.path, self.stamp, self.data = path, None, {}

    def read(self):
        stamp = os.stat(self.path)
        if (stamp.st_ino, stamp.st_mtime_ns) != self.stamp:
            with open(self.path, encoding="utf-8") as file:
                self.data = json.load(file)
            self.stamp = (stamp.st_ino, stamp.st_mtime_ns)
        return self.data

    def find(self, name):
        names = self.read()["names"]
        if name in names:
            return names[name]
        labels = name.split(".")
        return next((names["*." + t] for t in (".".join(labels[i:]) for i in range(1, len(labels)))
                     if "*." + t in names), None)


def question(query):
    """The name, the type and where the question ends."""
    labels, at = [], 12
    while query[at]:
        size = query[at]
        if size > 63:
            raise ValueError("a pointer in a question")
        labels.append(query[at + 1:at + 1 + size].decode("ascii").lower())
        at += 1 + size
    kind, of_class = struct.unpack_from("!HH", query, at + 1)
    if of_class != CLASS_IN:
        raise ValueError("not the internet class")
    return ".".join(labels), kind, at + 5


def answer(zone, query):
    """The answer, recursion available; a name that is there without such a record has an empty one."""
    number, flags, questions = struct.unpack_from("!HHH", query)
    said = 0x8080 | (flags & 0x7900)
    try:
        if questions != 1:
            raise ValueError("not one question")
        name, kind, end = question(query)
    except (ValueError, IndexError, struct.error):
        return struct.pack("!6H", number, said | FORMERR, 0, 0, 0, 0)
    address = zone.find(name)
    record = b""
    if address and kind == TYPE_A:
        record = struct.pack("!HHHIH", 0xC00C, TYPE_A, CLASS_IN, zone.data.get("ttl", 60), 4)
        record += socket.inet_aton(address)
    code = 0 if address else NXDOMAIN
    return struct.pack("!6H", number, said | code, 1, 1 if record else 0, 0, 0) + query[12:end] + record


def main():
    zone = Zone(sys.argv[2])
    zone.read()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((sys.argv[1], 53))
        print("names: ready", flush=True)
        while True:
            query, client = server.recvfrom(4096)
            if len(query) >= 12:
                server.sendto(answer(zone, query), client)


if __name__ == "__main__":
    main()
