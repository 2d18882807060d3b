#!/usr/bin/env python3
"""kcat on the command line: what it prints, how it ends, what it says, on every Kinesis there is."""
# limit: 900
import concurrent.futures
import fcntl
import hashlib
import itertools
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import services

KCAT = os.path.join(services.BIN, "kcat")
S0, S1 = "shardId-000000000000", "shardId-000000000001"
ALL_BYTES = bytes(range(256))


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


def words_of(service, *words):
    return [KCAT, *words, "--endpoint-url", service.url, "--region", services.REGION]


def kcat(service, *words, env=None, limit=240):
    done = subprocess.run(words_of(service, *words), env=env or service.environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, check=False)
    return Done(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def table(rows):
    """As the article's script prints it."""
    lines = [f"{'Shard':^20}{'Position':^60}{'Message':<40}\n"]
    lines += [f"{shard:^20}{position:^60}{message:<40}\n" for shard, position, message in rows]
    return "".join(lines)


class Following:
    """A kcat that runs while the test goes on; its lines as they come."""

    def __init__(self, service, *words, stderr=subprocess.PIPE, env=None):
        self.process = subprocess.Popen(words_of(service, *words), env=env or service.environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=stderr)
        self.lines = []
        self.reader = threading.Thread(target=self.collect, daemon=True)
        self.reader.start()

    def collect(self):
        for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    def wait_for(self, count, limit=120):
        deadline = time.monotonic() + limit
        while len(self.lines) < count and time.monotonic() < deadline and self.process.poll() is None:
            time.sleep(0.05)
        return len(self.lines) >= count

    def end(self, number=signal.SIGINT, limit=120):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=limit)
        self.reader.join(timeout=60)
        return code


counter = itertools.count(1)
clients, streams = {}, {}


def client_of(service):
    """Reading the model of a service takes a client long."""
    if service.name not in clients:
        clients[service.name] = service.client("kinesis")
    return clients[service.name]


def new_stream(service, shards=1):
    name = f"kcat-{os.getpid()}-{next(counter)}"
    client = client_of(service)
    services.stream(client, name, shards)
    streams.setdefault(service.name, []).append(name)
    return client, name


def drop_streams(service):
    """kinesalite allows ten shards at a time."""
    client = client_of(service)
    while streams.get(service.name):
        name = streams[service.name].pop()
        client.delete_stream(StreamName=name)
        deadline = time.monotonic() + 60
        while name in client.list_streams()["StreamNames"] and time.monotonic() < deadline:
            time.sleep(0.05)


def put(client, name, data, key="k", shard=None):
    more = {"ExplicitHashKey": str(0 if shard == 0 else 2**128 - 1)} if shard is not None else {}
    return client.put_record(StreamName=name, PartitionKey=key, Data=data, **more)["SequenceNumber"]


# ---- what it prints ----

def the_articles_table(service):
    client, name = new_stream(service)
    texts = ["Hello", "", "x" * 50, "a word", "ä€😀", "e"]
    rows = [(S0, put(client, name, text.encode()), text) for text in texts]
    done = kcat(service, "-e", name)
    check.equal("the table, byte for byte", table(rows).encode(), done.out)
    check.equal("and nothing else is said", (0, ""), (done.code, done.err))


def json_of(line):
    record = json.loads(line)
    import base64
    return record["data"].encode() if "data" in record else base64.b64decode(record["data_base64"], validate=True)


def json_lines(service):
    client, name = new_stream(service)
    datas = [bytes([i]) for i in range(256)] + [ALL_BYTES, b"", "ä€😀 \u2028 \u202e".encode(), b'"\\/\t\r\n', b"\xed\xa0\x80"]
    numbers = []
    for i in range(0, len(datas), 100):
        answer = client.put_records(StreamName=name, Records=[
            {"Data": data, "PartitionKey": f"\"key\\ \x01 \u0085 {i}"} for data in datas[i:i + 100]])
        numbers += [record["SequenceNumber"] for record in answer["Records"]]
    done = kcat(service, "-e", "-J", name)
    lines = done.out.decode().split("\n")[:-1]
    check.equal("-J: each record is a line", len(datas), len(lines))
    check.equal("-J: every byte survives", datas, [json_of(line) for line in lines])
    check.equal("-J: sequence numbers in order", numbers, [json.loads(line)["sequence"] for line in lines])
    check.equal("-J: keys survive", "\"key\\ \x01 \u0085 0", json.loads(lines[0])["key"])
    check.equal("-J: the shard", {S0}, {json.loads(line)["shard"] for line in lines})
    check.ok("-J: nothing in it steers a terminal", not any(
        ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202c\u202d\u202e" for line in lines for c in line))
    if not shutil.which("jq"):
        raise check.Skip("jq is not installed")
    read = subprocess.run(["jq", "-c", "[.sequence, .key, .data, .data_base64]"], input=done.out, capture_output=True, check=True)
    records = [json.loads(line) for line in lines]
    check.equal("-J: jq reads the same", [[record.get(name) for name in ("sequence", "key", "data", "data_base64")]
                                          for record in records], [json.loads(line) for line in read.stdout.splitlines()])


def raw(service):
    client, name = new_stream(service)
    for data in (ALL_BYTES, b"\r\n\0", ALL_BYTES[::-1] * 100):
        put(client, name, data)
    done = kcat(service, "-e", "--raw", name)
    check.equal("--raw is the bytes and nothing else", ALL_BYTES + b"\r\n\0" + ALL_BYTES[::-1] * 100, done.out)


def formats(service):
    client, name = new_stream(service)
    number = put(client, name, b"a\0b", key="kä")
    done = kcat(service, "-e", "-f", r"%s|%o|%k|%v|%S|%%|\t\n\x41\0\\", name)
    check.equal("-f", f"{S0}|{number}|kä|a\0b|3|%|\t\nA\0\\".encode(), done.out)
    done = kcat(service, "-e", "-f", r"%t %l\n", name)
    arrived, lag = (int(word) for word in done.out.split())
    check.ok("-f: arrival and lag", abs(arrived / 1000 - time.time()) < 300 and lag >= 0, done.out)
    for wrong in ("%q", "%", "\\q", "\\x4", "\\"):
        check.equal(f"-f {wrong} is refused", 2, kcat(service, "-f", wrong, name).code)


AGGREGATE = bytes.fromhex("f3899ac20a026b310a026b321a0908001a0568656c6c6f1a0908011a05776f726c64"
                          "c4b234c121650f4512d22bf67dca9de2")


def aggregates(service):
    client, name = new_stream(service, 2)
    number = put(client, name, AGGREGATE, shard=0)
    put(client, name, b"alone", shard=0)
    done = kcat(service, "-e", "-f", "%o %u %k %v\\n", "-s", S0, name)
    lines = done.out.decode().split("\n")
    check.equal("an aggregate is opened", [f"{number} 0 k1 hello", f"{number} 1 k2 world"], lines[:2])
    outside = sum(int(hashlib.md5(key).hexdigest(), 16) >= 2**127 for key in (b"k1", b"k2"))
    check.ok("members of another shard are reported", f"kcat: {outside} records came in" in done.err, done.err)
    done = kcat(service, "-e", "-J", "-s", S0, name)
    records = [json.loads(line) for line in done.out.decode().split("\n")[:-1]]
    check.equal("-J says so, too", [0, 1, None], [record.get("sub_sequence") for record in records])
    check.equal("and which", outside, sum(record.get("outside_shard", False) for record in records))
    other, other_name = new_stream(service, 1)
    damaged = AGGREGATE[:4] + b"\x1a\x7f" + hashlib.md5(b"\x1a\x7f").digest()
    put(other, other_name, damaged)
    done = kcat(service, "-e", "-J", other_name)
    record = json.loads(done.out)
    check.equal("a damaged one is marked, as it came", (True, damaged), (record.get("damaged_aggregate"), json_of(done.out)))
    check.ok("and told", "1 aggregates cannot be read" in done.err, done.err)
    kput = os.path.join(services.BIN, "kput")
    subprocess.run([kput, "--endpoint-url", service.url, "--region", services.REGION, "-q", "--aggregate", "-k", "k",
                    "--explicit-hash-key", "7", other_name], input=b"a\nb\n", env=service.environment(), timeout=60, check=True)
    lines = [json.loads(line) for line in kcat(service, "-e", "-J", other_name).out.splitlines()[1:]]
    check.equal("an aggregate's hash keys", [("a", "7"), ("b", "7")], [(line["data"], line.get("explicit_hash_key")) for line in lines])
    done = kcat(service, "-e", "--raw", "--no-deaggregate", "-s", S0, name)
    check.equal("--no-deaggregate", AGGREGATE + b"alone", done.out)
    with tempfile.TemporaryDirectory() as folder:
        words = ("-c", os.path.join(folder, "c"), "-f", "%v\\n", "-s", S0, name)
        got = [kcat(service, "-n", "1", *words).out for _ in range(3)]
        check.equal("a checkpoint within an aggregate", [b"hello\n", b"world\n", b"alone\n"], got)


# ---- where it begins and ends ----

def offsets(service):
    client, name = new_stream(service)
    numbers = [put(client, name, f"r{i}".encode()) for i in range(6)]
    time.sleep(1.1)
    middle = time.time()
    time.sleep(1.1)
    numbers += [put(client, name, f"r{i}".encode()) for i in range(6, 9)]

    def read(*words):
        return kcat(service, "-e", "-f", "%v ", *words, name).out.decode().split()

    def expected(first, last=9):
        return [f"r{i}" for i in range(first, last)]

    check.equal("-o oldest", expected(0), read("-o", "oldest"))
    check.equal("-o latest -e", [], read("-o", "latest"))
    check.equal("-o =SEQ", expected(4), read("-o", "=" + numbers[4], "-s", S0))
    check.equal("-o +SEQ", expected(5), read("-o", "+" + numbers[4], "-s", S0))
    check.equal("-o @SECONDS", expected(6), read("-o", f"@{middle:.3f}"))
    iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(middle)) + f".{int(middle % 1 * 1000):03d}Z"
    check.equal("-o @ISO", expected(6), read("-o", "@" + iso))
    check.equal("--until", expected(0, 6), read("--until", f"{middle:.3f}"))
    done = kcat(service, "--until", "0", "-f", "%v ", name)
    check.equal("--until the beginning of time", (0, b""), (done.code, done.out))
    check.equal("-n", expected(0, 4), read("-n", "4"))
    for wrong in ("newest", "=", "=12x", "@", "@tomorrow", "checkpoint"):
        check.equal(f"-o {wrong} is refused", 2, kcat(service, "-o", wrong, name).code)
    check.equal("a sequence number without a shard is refused", 2, kcat(service, "-o", "=1", name).code)
    done = kcat(service, "--idle", "3", "-f", "%v ", name)
    check.equal("--idle", (0, expected(0)), (done.code, done.out.decode().split()))


def shards(service):
    client, name = new_stream(service, 2)
    for i in range(10):
        put(client, name, f"r{i}".encode(), shard=i % 2)
    done = kcat(service, "-e", "-f", "%s %v\n", name)
    lines = done.out.decode().split("\n")[:-1]
    for shard, wanted in ((S0, range(0, 10, 2)), (S1, range(1, 10, 2))):
        check.equal(f"{shard} in order", [f"{shard} r{i}" for i in wanted], [line for line in lines if shard in line])
    done = kcat(service, "-e", "-s", S1, "-f", "%v ", name)
    check.equal("-s", [f"r{i}" for i in range(1, 10, 2)], done.out.decode().split())


# ---- how it fails ----

def failures(service):
    _, name = new_stream(service)
    done = kcat(service, "-e", "kcat-no-such-stream")
    check.equal("an unknown stream ends with 5", 5, done.code)
    said = done.err.splitlines()
    check.ok("and a line, and what to do", 1 <= len(said) <= 2 and all(line.startswith("kcat: ") for line in said), said)
    check.equal("-L of an unknown stream, too", 5, kcat(service, "-L", "kcat-no-such-stream").code)
    for offset in ("oldest", "latest"):
        done = kcat(service, "-e", "-o", offset, "-s", "shardId-000000000077", name)
        check.equal(f"an unknown shard ends with 5 ({offset})", 5, done.code)
        check.ok("and is named", "shardId-000000000077" in done.err, done.err)
    env = service.environment()
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del env[variable]
    check.equal("no credentials end with 3", 3, kcat(service, "-e", name, env=env).code)
    env = service.environment()
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        del env[variable]
    done = subprocess.run([KCAT, "-e", "--endpoint-url", service.url, name], env=env, capture_output=True, timeout=240)
    check.equal("no region ends with 2", 2, done.returncode)
    check.equal("no stream ends with 2", 2, kcat(service).code)
    check.equal("two streams end with 2", 2, kcat(service, name, name).code)
    check.equal("two forms end with 2", 2, kcat(service, "-J", "--raw", name).code)
    nowhere = services.Service("nowhere", "NOWHERE", "http://127.0.0.1:1")
    done = kcat(nowhere, "-e", name)
    check.equal("nothing that listens ends with 4", 4, done.code)
    check.ok("and says where", "127.0.0.1" in done.err, done.err)


def closed_pipes(service):
    client, name = new_stream(service)
    for _ in range(3):
        client.put_records(StreamName=name, Records=[{"Data": b"x" * 1000, "PartitionKey": "k"}] * 300)
    command = " ".join(words_of(service, name)) + " | head -n 2"
    done = subprocess.run(["bash", "-c", command + "; echo ${PIPESTATUS[0]}"], env=service.environment(), timeout=240,
                          capture_output=True)
    check.equal("a pipe that is closed early: quiet", b"", done.stderr)
    check.equal("and exit code 0", b"0", done.stdout.split(b"\n")[-2])
    process = subprocess.Popen(words_of(service, "-o", "latest", name), env=service.environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    check.equal("a pipe that is closed while nothing comes ends it", 0, process.wait(timeout=120))
    check.equal("quietly", b"", process.stderr.read())
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words_of(service, "-e", name), env=service.environment(), stdout=full,
                              stderr=subprocess.PIPE, timeout=240)
    check.equal("a full disk ends with 1", 1, done.returncode)
    check.ok("and says so", b"No space left" in done.stderr, done.stderr)


def interrupts(service):
    client, name = new_stream(service)
    for number in (signal.SIGINT, signal.SIGTERM):
        following = Following(service, "-f", "%v\n", name)
        put(client, name, b"before")
        check.ok("following, a record arrives", following.wait_for(1))
        check.equal(f"{number.name} ends it with 130", 130, following.end(number))
        check.equal("quietly", b"", following.process.stderr.read())


# ---- on a terminal ----

def on_terminal(service, *words):
    """What a terminal would be sent."""
    master, slave = pty.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    process = subprocess.Popen(words_of(service, *words), env=service.environment(), stdout=slave,
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    os.close(slave)
    out = b""
    while True:
        try:
            more = os.read(master, 65536)
        except OSError:
            break
        if not more:
            break
        out += more
    os.close(master)
    process.wait(timeout=240)
    return out


def terminals(service):
    client, name = new_stream(service)
    nasty = b"\x1b[2J\x07a\x00\x7f" + "\u009b31m\u202eä".encode() + b"\xff\n"
    put(client, name, nasty, key="\x1b]0;key\x07")
    safe = rb"\x1b[2J\x07a\x00\x7f\xc2\x9b31m\xe2\x80\xae" + "ä".encode() + rb"\xff\x0a"
    check.equal("-f on a terminal", rb"\x1b]0;key\x07 " + safe + b"\n", on_terminal(service, "-e", "-f", r"%k %v\n", name))
    shown = on_terminal(service, "-e", name)
    check.ok("the table on a terminal", safe in shown and b"\x1b" not in shown, shown)
    check.ok("-J on a terminal", b"\x1b" not in on_terminal(service, "-e", "-J", name))
    check.ok("in a pipe nothing is changed", nasty in kcat(service, "-e", name).out)
    check.equal("--raw is raw on a terminal", nasty, on_terminal(service, "-e", "--raw", name))


def read_until(master, pattern, limit=120):
    """What a terminal was sent, up to where the pattern is in it."""
    said, deadline = b"", time.monotonic() + limit
    while not re.search(pattern, said) and time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            said += os.read(master, 65536)
    return said


def progress(service):
    client, name = new_stream(service, shards=2)
    client.put_records(StreamName=name, Records=[{"PartitionKey": str(i), "Data": b"x"} for i in range(160)])
    time.sleep(1)  # so that there is a lag
    master, slave = pty.openpty()
    following = Following(service, "-f", "%v\n", "-X", "max_records_per_fetch=4", name, stderr=slave)
    os.close(slave)
    said = read_until(master, rb"2 shards; behind: \d by \d+\.\d s, \d by \d+\.\d s")
    check.ok("progress on a terminal: each shard's lag", re.search(rb"behind: \d by \d+\.\d s, \d by \d+\.\d s", said), said)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 20, 0, 0))
    said = read_until(master, rb"\r\x1b\[K160 records, 2 shar\r")
    check.ok("no line is wider than the terminal", b"160 records, 2 shar\r" in said, said)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    said = read_until(master, rb"160 records, 2 shards, at the tip")
    check.ok("and that there is none", b"160 records, 2 shards, at the tip" in said, said)
    code = following.end()
    said = read_until(master, rb"\r\x1b\[K$")
    os.close(master)
    check.ok("it is taken away at the end", said.endswith(b"\r\x1b[K"), said)
    check.equal("interrupted with 130", 130, code)


# ---- splits, merges, checkpoints ----

def wait_active(client, name):
    deadline = time.monotonic() + 120
    while client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def reshard(client, name):
    """Split, write, merge, write: what each write said."""
    written = []

    def some(count):
        for _ in range(count):
            number = len(written)
            written.append(f"r{number}")
            client.put_record(StreamName=name, PartitionKey=f"k{number % 5}", Data=f"r{number}".encode())

    some(10)
    client.split_shard(StreamName=name, ShardToSplit=S0, NewStartingHashKey=str(2**127))
    wait_active(client, name)
    some(10)
    client.merge_shards(StreamName=name, ShardToMerge=S1, AdjacentShardToMerge="shardId-000000000002")
    wait_active(client, name)
    some(10)
    return written


def in_order(lines):
    """Per key, across shards."""
    return all([line for line in lines if int(line[1:]) % 5 == key] ==
               sorted((line for line in lines if int(line[1:]) % 5 == key), key=lambda line: int(line[1:]))
               for key in range(5))


def resharding(service):
    client, name = new_stream(service)
    following = Following(service, "-f", "%v\n", name)
    written = reshard(client, name)
    following.wait_for(len(written))
    code = following.end()
    check.equal("following a split and a merge: all, once", sorted(written), sorted(following.lines))
    check.ok("in the order of their keys", in_order(following.lines), following.lines)
    check.equal("and 130", 130, code)
    done = kcat(service, "-e", "-f", "%v\n", name)
    check.equal("afterwards: all, once", sorted(written), sorted(done.out.decode().split()))
    check.ok("in the order of their keys", in_order(done.out.decode().split()))
    done = kcat(service, "-L", name)
    rows = [line.split() for line in done.out.decode().split("\n") if line.startswith("shardId")]
    check.equal("-L: shards and their states", ["closed", "closed", "closed", "open"], [row[1] for row in rows])
    check.equal("-L: parents", [S1, "shardId-000000000002"], rows[3][4:] if len(rows) == 4 else rows)
    lines = [json.loads(line) for line in kcat(service, "-L", "-J", name).out.decode().split("\n")[:-1]]
    check.equal("-L -J", ["ACTIVE", [False, False, False, True], [S0]],
                [lines[0]["status"], [line["open"] for line in lines[1:]], lines[2]["parents"]])


def checkpoints(service):
    client, name = new_stream(service, 2)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint")
        words = ("-c", path, "-f", "%v\n")
        for i in range(20):
            put(client, name, f"r{i}".encode(), shard=i % 2)
        got = kcat(service, "-n", "7", *words, name).out.decode().split()
        check.equal("-n 7 with a checkpoint", 7, len(got))
        done = kcat(service, "-e", *words, "-o", "checkpoint", name)
        got += done.out.decode().split()
        check.equal("the rest comes next", sorted(f"r{i}" for i in range(20)), sorted(got))
        check.equal("then nothing", b"", kcat(service, "-e", *words, name).out)
        following = Following(service, *words, name)
        put(client, name, b"r20", shard=0)
        following.wait_for(1)
        check.equal("SIGINT with a checkpoint", 130, following.end())
        check.equal("it had that record", ["r20"], following.lines)
        check.equal("and remembers it", b"", kcat(service, "-e", *words, name).out)
        with open(path) as file:
            text = file.read()
        check.ok("a person can read it", text.startswith(f"kinesis-checkpoint 1\nstream {name}\n{S0} after "), text)
        before = text
        nowhere = services.Service("nowhere", "NOWHERE", "http://127.0.0.1:1")
        check.equal("unreachable", 4, kcat(nowhere, "-e", *words, name).code)
        with open(path) as file:
            check.equal("a run that fails forgets nothing", before, file.read())
        _, other = new_stream(service)
        check.equal("a checkpoint of another stream is refused", 1, kcat(service, "-e", *words, other).code)
        with open(path, "w") as file:
            file.write(text[:-3])
        done = kcat(service, "-e", *words, name)
        check.ok("one that was cut off is refused, by its name", done.code == 1 and f"{path}: checkpoint, line" in done.err, done.err)
        for text in (b"a letter\n", before.replace(name, other).encode()):
            with open(path, "wb") as file:
                file.write(text)
            done = kcat(service, "-e", "-o", "oldest", *words, name)
            with open(path, "rb") as file:
                check.equal("what is no checkpoint of this stream is not written over", (1, b"", text), (done.code, done.out, file.read()))
        os.symlink("real", f"{folder}/link")
        with open(f"{folder}/real", "w") as file:
            file.write(before)
        put(client, name, b"r21", shard=1)
        check.equal("through a symbolic link", b"r21\n", kcat(service, "-e", "-c", f"{folder}/link", "-f", "%v\n", name).out)
        with open(f"{folder}/real") as file:
            check.ok("the link stays", os.path.islink(f"{folder}/link") and file.read() not in ("", before))
        os.mkfifo(f"{folder}/pipe")
        for where, why in (("/nonexistent/c", "No such file"), (folder, "no regular file"), (f"{folder}/pipe", "no regular file")):
            done = kcat(service, "-e", "-c", where, name)
            check.ok(f"-c {where}: refused before anything is read", (done.code, done.out) == (2, b"") and why in done.err, done.err)


def kills(service):
    """kill -9 at any moment: what was not yet in the checkpoint may come again, nothing is left out."""
    client, name = new_stream(service, 2)
    written, got = [], []
    waits = [0.2, 1.2, 2.6]
    if os.environ.get("LONG"):
        waits = [0.1 + life * 0.9 for life in range(8)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint")
        for wait in waits:
            for i in range(6):
                written.append(f"r{len(written)}")
                put(client, name, written[-1].encode(), shard=i % 2)
            following = Following(service, "-X", "save_ms=300", "-c", path, "-f", "%v\n", name)
            time.sleep(wait)
            following.end(signal.SIGKILL)
            got += following.lines
        got += kcat(service, "-e", "-c", path, "-f", "%v\n", name).out.decode().split()
    check.equal("kill -9: nothing is left out", set(written), set(got))
    check.ok("kill -9: not everything is repeated", len(got) < len(written) * 5, f"{len(got)} of {len(written)}")


def checkpoints_in_s3(service):
    """On klocal itself, and on radosgw: its checkpoint is an object, written only over the one that was read."""
    checkpoints_in(service, service)
    kinesalite, radosgw = services.Service("beside radosgw", "KINESALITE"), services.Service("radosgw", "RADOSGW")
    if kinesalite.url and radosgw.url:  # kinesalite takes any keys
        kinesalite.key, kinesalite.secret = radosgw.key, radosgw.secret
        checkpoints_in(kinesalite, radosgw)
        drop_streams(kinesalite)
    else:
        check.skip("a checkpoint in radosgw", "it, or kinesalite, is not available")


def checkpoints_in(service, s3):
    client, name = new_stream(service, 2)
    objects = s3.client("s3")
    bucket = f"kcat-{os.getpid()}-{next(counter)}"
    objects.create_bucket(Bucket=bucket)
    env = {**service.environment(), "AWS_ENDPOINT_URL_S3": s3.url}
    where = f"s3://{bucket}/a/b"
    words = ("-c", where, "-f", "%v\n", name)

    def run(*more):
        done = kcat(service, *more, *words, env=env)
        return done.out.decode().split()

    for i in range(20):
        put(client, name, f"r{i}".encode(), shard=i % 2)
    got = run("-n", "7")
    text = objects.get_object(Bucket=bucket, Key="a/b")["Body"].read().decode()
    check.ok(f"{s3.name}: the object is the text", text.startswith(f"kinesis-checkpoint 1\nstream {name}\n"), text)
    got += run("-e")
    check.equal(f"{s3.name}: the rest comes next", sorted(f"r{i}" for i in range(20)), sorted(got))
    check.equal(f"{s3.name}: then nothing", [], run("-e"))
    first = Following(service, "-X", "save_ms=3600000", "-s", S0, *words, env=env)
    put(client, name, b"r20", shard=0)
    put(client, name, b"r21", shard=1)
    first.wait_for(1)
    check.equal(f"{s3.name}: a second consumer takes the same record", ["r20", "r21"], sorted(run("-e")))
    check.equal(f"{s3.name}: and the first notices", 1, first.end())
    said = first.process.stderr.read().decode()
    check.ok(f"{s3.name}: and says so", "another consumer writes it, too" in said, said)
    check.equal(f"{s3.name}: what the second wrote stays", [], run("-e"))
    done = kcat(service, "-e", "-c", f"s3://{bucket}-none/a", name, env=env)
    check.equal(f"{s3.name}: no such bucket ends with 5", 5, done.code)
    done = kcat(service, "-e", "-c", f"s3://{bucket}", name, env=env)
    check.equal(f"{s3.name}: no key is refused", 2, done.code)


def a_lost_answer_is_no_other_consumer(service):
    """The object is written, the answer lost, the request repeated and refused: it is ours all the same."""
    import klocal
    server = klocal.Klocal()
    own = services.Service("klocal", "NO_SUCH", server.url)
    client = own.client("kinesis")
    services.stream(client, "lost")
    client.put_record(StreamName="lost", PartitionKey="k", Data=b"x")
    own.client("s3").create_bucket(Bucket="lost")
    server.admin("faults", {"rules": [{"fault": "drop_answer", "operation": "PutObject", "count": 1}]})
    env = {**own.environment(), "AWS_ENDPOINT_URL_S3": own.url}
    done = kcat(own, "-e", "-c", "s3://lost/c", "-f", "%v", "lost", env=env)
    check.equal("a lost answer", (0, b"x", ""), (done.code, done.out, done.err))
    check.equal("was one", 1, server.admin("faults")["Rules"][0]["Fired"])


def a_store_out_of_reach(service):
    """S3 fails for longer than a request is tried: kcat reads on, and saves when it can."""
    import klocal
    server = klocal.Klocal()
    own = services.Service("klocal", "NO_SUCH", server.url)
    client = own.client("kinesis")
    services.stream(client, "store")
    objects = own.client("s3")
    objects.create_bucket(Bucket="store")
    server.admin("faults", {"rules": [{"fault": "unavailable", "operation": "PutObject"}]})
    env = {**own.environment(), "AWS_ENDPOINT_URL_S3": own.url}
    following = Following(own, "-X", "save_ms=200", "-c", "s3://store/c", "-f", "%v\n", "store", env=env)
    line = following.process.stderr.readline().decode()
    check.ok("a checkpoint that cannot be saved is told", "could not be saved" in line and "trying again" in line, line)
    client.put_record(StreamName="store", PartitionKey="k", Data=b"x")
    check.ok("and reading goes on", following.wait_for(1), following.lines)
    server.admin("faults", {"rules": []})
    check.equal("saved in the end", 130, following.end())
    check.ok("with that record", b" after " in objects.get_object(Bucket="store", Key="c")["Body"].read())
    server.admin("faults", {"rules": [{"fault": "drop_answer", "operation": "PutObject", "count": 3}]})
    following = Following(own, "-X", "save_ms=200", "-c", "s3://store/c", "-f", "%v\n", "store", env=env)
    client.put_record(StreamName="store", PartitionKey="k", Data=b"x2")
    check.ok("every answer of a save is lost: reading goes on", following.wait_for(1), following.lines)
    check.ok("it is told", "could not be saved" in following.process.stderr.readline().decode())
    client.put_record(StreamName="store", PartitionKey="k", Data=b"x3")
    check.ok("and the next record comes", following.wait_for(2), following.lines)
    check.equal("the write that was done is not another consumer's", (130, b""), (following.end(), following.process.stderr.read()))
    server.admin("faults", {"rules": [{"fault": "unavailable", "operation": "PutObject"}]})
    client.put_record(StreamName="store", PartitionKey="k", Data=b"y")
    done = kcat(own, "-n", "1", "-c", "s3://store/c", "-f", "%v", "store", env=env)
    check.equal("one that cannot be saved at the end is a failure", (1, b"y"), (done.code, done.out))


def troubles(service):
    """Faults, a wrong clock, expired iterators and keys: everything once and in order, kcat goes on."""
    import klocal
    server = klocal.Klocal("--container-token", "token")
    own = services.Service("klocal", "NO_SUCH", server.url)
    client = own.client("kinesis")
    services.stream(client, "trouble")
    env = {name: value for name, value in own.environment().items() if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    env.update(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{server.url}/v2/credentials/x", AWS_CONTAINER_AUTHORIZATION_TOKEN="token")
    kinds = [("throttle", 0.15), ("internal", 0.1), ("reset_answer", 0.1), ("truncate", 0.1), ("drop_answer", 0.1), ("garbage", 0.03)]
    server.admin("faults", {"seed": 4, "rules": [
        {"fault": "error", "status": 400, "code": "ExpiredIteratorException", "operation": "GetRecords", "skip": 5, "count": 1},
        *({"fault": kind, "operation": "Get*", "probability": chance} for kind, chance in kinds)]})
    following = Following(own, "-q", "-f", "%v\n", "-X", "idle_ms=200", "trouble", env=env)
    for i in range(60):
        if i == 20:
            server.admin("credentials/expire", {})
        if i in (35, 41):
            server.admin("clock", {"skew_ms": 3600000 if i == 35 else 0})
        if i == 50:
            server.admin("clock", {"advance_ms": 310000})
        if 35 <= i < 41:  # boto3 does not correct its clock
            own.tool("kput", "-k", "k", "-d", str(i), "-o", "none", "trouble")
        else:
            client.put_record(StreamName="trouble", PartitionKey="k", Data=str(i).encode())
            time.sleep(0.1)
    check.ok("with troubles: all arrive", following.wait_for(60, limit=240), following.lines)
    check.equal("with troubles: 130 at the end", 130, following.end())
    check.equal("with troubles: once, and in order", [str(i) for i in range(60)], following.lines)


def throttled_for_long(service):
    """A throttle is ordinary and not told; but one that lasts is, and kcat goes on."""
    import klocal
    server = klocal.Klocal()
    own = services.Service("klocal", "NO_SUCH", server.url)
    client = own.client("kinesis")
    services.stream(client, "busy")
    server.admin("faults", {"rules": [{"fault": "throttle", "operation": "GetRecords"}]})
    following = Following(own, "-f", "%v\n", "busy")
    line = following.process.stderr.readline().decode()
    check.ok("a throttle that lasts is told", "ProvisionedThroughputExceeded" in line and "trying again" in line, line)
    server.admin("faults", {"rules": []})
    client.put_record(StreamName="busy", PartitionKey="k", Data=b"x")
    check.ok("then the record comes", following.wait_for(1), following.lines)
    following.end()


# What a service has a part in; the rest is kcat's own and is shown on one of them, with LONG on all.
BY_SERVICE = [resharding, checkpoints, kills, offsets, the_articles_table, json_lines, raw, shards, failures]
ITS_OWN = [troubles, a_store_out_of_reach, throttled_for_long, checkpoints_in_s3, a_lost_answer_is_no_other_consumer, closed_pipes,
           aggregates, terminals, progress, interrupts, formats]

# moto answers 500 to boto3's own PutRecord with an ExplicitHashKey, and does not end the shards that were split.
NOT_ON_MOTO = (shards, resharding, checkpoints, kills)


# These bring their other services themselves.
ON_KLOCAL = (checkpoints_in_s3, a_lost_answer_is_no_other_consumer, a_store_out_of_reach, troubles,
             throttled_for_long)


def run_one(service, case, alone):
    if service.name != "klocal" and case in ON_KLOCAL:
        return
    if service.name == "moto" and case in NOT_ON_MOTO:
        check.skip(f"moto: {case.__name__}", "moto fails at hash keys and at the end of shards, with any client")
        return
    with check.case(f"{service.name}: {case.__name__}"):
        case(service)
    if alone:
        drop_streams(service)


def run_all(service, cases):
    for case in cases:
        run_one(service, case, True)


def main():
    found = services.kinesis_services()
    if not any(service.name == "klocal" for service in found):
        import klocal
        server = klocal.Klocal()
        os.environ.update(KLOCAL_URL=server.url, KLOCAL_ACCESS_KEY_ID=server.key, KLOCAL_SECRET_ACCESS_KEY=server.secret)
        found = services.kinesis_services()
    asked = [case for case in BY_SERVICE + ITS_OWN if case.__name__ in sys.argv[1:]]
    # All at once: they mostly wait. klocal keeps streams apart and has no limit to them.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        under_way = []
        for service in found:
            client_of(service)
            everything = service.name == "klocal" or os.environ.get("LONG")
            cases = asked or BY_SERVICE + (ITS_OWN if everything else [])
            if service.name == "klocal":
                under_way += [pool.submit(run_one, service, case, False) for case in cases]
            else:
                under_way.append(pool.submit(run_all, service, cases))
        for one in under_way:
            one.result()
    check.done()


main()
