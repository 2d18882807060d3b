#!/usr/bin/env python3
"""kcat --fan-out on klocal, over HTTP/1.1 and, behind nghttpx, over HTTP/2 with TLS: all records, once, in order."""
# limit: 600
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import klocal
import services

KCAT = os.path.join(services.BIN, "kcat")
S0, S1 = "shardId-000000000000", "shardId-000000000001"


class Front:
    """One way to klocal."""

    def __init__(self, name, url, *words):
        self.name, self.url, self.words = name, url, words


class Kcat:
    def __init__(self, server, front, *words):
        self.process = subprocess.Popen([KCAT, *words, "--endpoint-url", front.url, *front.words], env=server.environment(),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines, self.said = [], b""
        self.readers = [threading.Thread(target=self.collect, daemon=True), threading.Thread(target=self.listen, daemon=True)]
        for reader in self.readers:
            reader.start()

    def collect(self):
        for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    def listen(self):
        self.said = self.process.stderr.read()

    def wait_for(self, count, limit=120):
        deadline = time.monotonic() + limit
        while len(self.lines) < count and time.monotonic() < deadline and self.process.poll() is None:
            time.sleep(0.05)
        return len(self.lines) >= count

    def wait(self, limit=180):
        code = self.process.wait(timeout=limit)
        for reader in self.readers:
            reader.join(timeout=60)
        return code

    def end(self, number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def http2_front(server, folder):
    """nghttpx, which Debian has; None without it."""
    nghttpx = shutil.which("nghttpx") or next((p for p in ("/usr/sbin/nghttpx", "/usr/bin/nghttpx") if os.path.exists(p)), None)
    if not nghttpx:
        check.skip("HTTP/2", "nghttpx is not installed (apt-get install nghttp2-proxy)")
        return None, None
    port = free_port()
    key, cert, log = (os.path.join(folder, name) for name in ("key.pem", "cert.pem", "log"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    proxy = subprocess.Popen([nghttpx, "--conf=/dev/null", "--workers=1", f"--frontend=127.0.0.1,{port}",
                              f"--backend=127.0.0.1,{server.port}", f"--accesslog-file={log}",
                              "--accesslog-format=$alpn $status", key, cert], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    front = Front("HTTP/2", f"https://localhost:{port}", "--ca-bundle", cert)
    front.log = log
    return front, proxy


def wait_active(client, name):
    while client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        time.sleep(0.05)


def in_order(lines):
    """Per key, across shards."""
    for key in range(6):
        mine = [int(line) for line in lines if int(line) % 6 == key]
        if mine != sorted(mine):
            return False
    return True


def to_the_tip(server, client, front):
    name = "tip-" + front.name.replace("/", "-")
    client.create_stream(StreamName=name, ShardCount=3)
    for i in range(60):
        client.put_record(StreamName=name, PartitionKey=f"k{i % 6}", Data=str(i).encode())
    first = Kcat(server, front, "-e", "--fan-out", "tip", "-f", "%v\n", name)
    check.equal(f"{front.name}: -e ends well", 0, first.wait())
    check.equal(f"{front.name}: all, once", [str(i) for i in range(60)], sorted(first.lines, key=int))
    check.ok(f"{front.name}: in order", in_order(first.lines), first.lines)
    check.ok(f"{front.name}: it says that it registered", b"registered the consumer tip" in first.said, first.said)
    arn = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    consumer = client.describe_stream_consumer(StreamARN=arn, ConsumerName="tip")["ConsumerDescription"]["ConsumerARN"]
    second = Kcat(server, front, "-n", "5", "--fan-out", consumer, "-f", "%v\n", "-s", S0, name)
    check.equal(f"{front.name}: by ARN, so soon after the first: waits, quietly", (0, b""), (second.wait(), second.said))
    check.equal(f"{front.name}: -n 5", 5, len(second.lines))
    third = Kcat(server, front, "--idle", "0.5", "--fan-out", consumer, "-f", "%v\n", "-s", S0, name)
    check.equal(f"{front.name}: --idle does not count before the beginning", (0, True), (third.wait(), len(third.lines) >= 5))
    gone = Kcat(server, front, "-e", "--fan-out", consumer[:-3] + "123", name)
    check.equal(f"{front.name}: an unknown ARN ends with 5", 5, gone.wait())


def follow(server, client, fronts):
    """Through ends of subscriptions, broken ones, and a split, with a life that ends in between."""
    name = "follow"
    client.create_stream(StreamName=name, ShardCount=1)
    rules = [{"fault": fault, "operation": "SubscribeToShard", "offset": offset, "skip": skip, "count": 1}
             for fault, offset, skip in (("reset_answer", 900, 0), ("corrupt", 1200, 0), ("truncate", 700, 1))]
    server.admin("faults", {"rules": rules})
    with tempfile.TemporaryDirectory() as folder:
        def start(front):
            return Kcat(server, front, "--fan-out", "follow-" + front.name[-1], "-f", "%v\n", "-c",
                        os.path.join(folder, front.name[-1]), name)
        readers = {front: start(front) for front in fronts}
        got = {front: [] for front in fronts}
        for i in range(300):
            client.put_record(StreamName=name, PartitionKey=f"k{i % 6}", Data=str(i).encode())
            time.sleep(0.04)
            if i == 150:
                client.split_shard(StreamName=name, ShardToSplit=S0, NewStartingHashKey=str(2**127))
                wait_active(client, name)
            if i == 220:
                for front, reader in readers.items():
                    check.equal(f"{front.name}: SIGINT ends it with 130", 130, reader.end())
                    got[front] += reader.lines
                    readers[front] = start(front)
        for front, reader in readers.items():
            reader.wait_for(300 - len(got[front]))
            reader.end()
            got[front] += reader.lines
            check.equal(f"{front.name}: following: all, once", [str(i) for i in range(300)], sorted(got[front], key=int))
            check.ok(f"{front.name}: following: in the order of their keys", in_order(got[front]), got[front])
    state = server.admin("faults")
    check.ok("the faults fired", [rule["Fired"] for rule in state["Rules"]] == [1, 1, 1], json.dumps(state))


def main():
    if not services.tool_exists("kcat"):
        check.skip("kcat", "it is not built")
        check.done()
    server = klocal.Klocal("--heartbeat-ms", "300", "--subscription-ms", "6000")
    client = server.client("kinesis")
    fronts, proxy = [Front("HTTP/1.1", server.url)], None
    with tempfile.TemporaryDirectory() as folder:
        try:
            http2, proxy = http2_front(server, folder)
            if http2:
                fronts.append(http2)
            with check.case("following"):
                follow(server, client, fronts)
            for front in fronts:
                with check.case(f"{front.name}: to the tip"):
                    to_the_tip(server, client, front)
            if http2:
                with open(http2.log) as log:
                    lines = log.read().split("\n")
                check.ok("subscriptions were HTTP/2", "h2 200" in lines, lines[:20])
        finally:
            if proxy:
                proxy.terminate()
                proxy.wait()
    check.done()


main()
