#!/usr/bin/env python3
"""kput on the command line: every option, what it says, how it ends, what it does when the service misbehaves."""
# limit: 1200
import base64
import collections
import fcntl
import hashlib
import json
import os
import pty
import re
import resource
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
import klocal
import services

KPUT = os.path.join(services.BIN, "kput")
KCAT = os.path.join(services.BIN, "kcat")
LONG = bool(os.environ.get("LONG"))
ALL_BYTES = bytes(range(256))

server = klocal.Klocal()
client = server.client("kinesis")
Done = collections.namedtuple("Done", "code out err")
counter = 0


def new_stream(shards=1):
    global counter
    counter += 1
    name = f"kput-{os.getpid()}-{counter}"
    client.create_stream(StreamName=name, ShardCount=shards)
    client.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    return name


def words_of(*words, url=None):
    return [KPUT, "--endpoint-url", url or server.url, *words]


def kput(*words, input=b"", env=None, cwd=None, limit=300, url=None):
    done = subprocess.run(words_of(*words, url=url), env=env or server.environment(), input=input, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit, check=False)
    return Done(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def records(name):
    """All that is in the stream, as (shard, sequence number, key, data), shard after shard."""
    found = []
    for shard in client.list_shards(StreamName=name)["Shards"]:
        at = client.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        iterator = at["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator)
            found += [(shard["ShardId"], r["SequenceNumber"], r["PartitionKey"], r["Data"]) for r in answer["Records"]]
            iterator = answer.get("NextShardIterator")
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                break
    return found


def datas(name):
    return sorted(record[3] for record in records(name))


def read_back(name, *words):
    """What our reader makes of it: key and data of each record."""
    done = subprocess.run([KCAT, "--endpoint-url", server.url, "-e", "-J", *words, name], env=server.environment(),
                          stdout=subprocess.PIPE, timeout=120, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [(line["key"], line["data"].encode() if "data" in line else base64.b64decode(line["data_base64"])) for line in lines]


def faults(*rules, **more):
    server.admin("faults", {"rules": list(rules), **more})


def stats_of(done):
    return json.loads(next(line for line in done.err.splitlines() if line.startswith("{")))


class Running:
    """A kput that is fed while the test goes on."""

    def __init__(self, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE):
        self.process = subprocess.Popen(words_of(*words), env=server.environment(), stdin=subprocess.PIPE, stdout=stdout,
                                        stderr=stderr)

    def feed(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def has_read(self):
        """Nothing of what was fed is left in the pipe. Before it reads, it watches for signals."""
        return wait_until(lambda: not struct.unpack("i", fcntl.ioctl(self.process.stdin, termios.FIONREAD, bytes(4)))[0])

    def has_taken(self, number):
        """No such signal waits to be taken any more."""
        def pending():
            with open(f"/proc/{self.process.pid}/status") as file:
                return any(int(line.split()[1], 16) >> (number - 1) & 1 for line in file if line.startswith("ShdPnd"))
        return wait_until(lambda: not pending())

    def end(self, number=None, limit=120):
        if number:
            self.process.send_signal(number)
            code = self.process.wait(timeout=limit)
        out, err = self.process.communicate(timeout=limit)
        return Done(self.process.returncode, out, (err or b"").decode(errors="replace"))


def wait_until(condition, limit=120):
    deadline = time.monotonic() + limit
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def files(**contents):
    """A folder with these files in it."""
    folder = tempfile.TemporaryDirectory()
    for name, data in contents.items():
        with open(os.path.join(folder.name, name), "wb") as file:
            file.write(data)
    return folder


# ---- what becomes a record ----

def data_options():
    name = new_stream()
    done = kput(name, "-d", "one", "-d", "", "-d", "zwei ä", "-k", "adam")
    lines = [json.loads(line) for line in done.out.splitlines()]
    check.equal("-d: the records with their key", [("adam", b"one"), ("adam", b""), ("adam", "zwei ä".encode())],
                [(r[2], r[3]) for r in records(name)])
    check.equal("-d: JSON with the AWS member names", [{"ShardId": r[0], "SequenceNumber": r[1]} for r in records(name)],
                [{k: line[k] for k in ("ShardId", "SequenceNumber")} for line in lines])
    check.equal("-d: nothing else is said", (0, ""), (done.code, done.err))
    check.equal("--stream-name, an ARN", 0,
                kput("--stream-name", f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}", "-d", "four").code)
    check.ok("the ARN's record is there", b"four" in datas(name))


def lines():
    name = new_stream(2)
    done = kput(name, input=b"a\nb\n\nlast")
    check.equal("lines, an empty one, a last one without an end", [b"", b"a", b"b", b"last"], datas(name))
    check.equal("quiet by default", (0, b"", ""), done)
    check.equal("keys are made up and differ", 4, len({r[2] for r in records(name)}))
    name = new_stream()
    check.equal("no input is no record", (0, b"", ""), kput(name))
    check.equal("nothing is there", [], datas(name))


def delimiters():
    for text, words, delimiter in (("-D text", ["-D", "--"], b"--"), ("-D escapes", ["-D", r"\r\n"], b"\r\n"), ("-0", ["-0"], b"\0"),
                                   ("-D hex", ["-D", r"\xff\0"], b"\xff\0")):
        name = new_stream()
        parts = [b"one", b"x-y", b"two\rz", b"th\nree\xfe", b"", b"end"]
        check.equal(f"{text}: it ends", 0, kput(name, *words, input=delimiter.join(parts)).code)
        check.equal(f"{text}: the records", sorted(parts), datas(name))


def keys():
    name = new_stream(4)
    with files(a=b"k1\tv1\nk2\tv2\tx\n\tspread\n", b=b"k3\tv3") as folder:
        done = kput(name, "-K", r"\t", "a", "b", cwd=folder)
    check.equal("-K from two files", [("k1", b"v1"), ("k2", b"v2\tx"), ("k3", b"v3")],
                sorted((r[2], r[3]) for r in records(name) if r[3] != b"spread"))
    check.equal("an empty key is none", (0, 4), (done.code, len(records(name))))
    name = new_stream(2)
    check.equal("--explicit-hash-key", 0, kput(name, "-k", "k", "--explicit-hash-key", str(2**128 - 1), "-d", "x").code)
    check.equal("it chooses the shard", ["shardId-000000000001"], [r[0] for r in records(name)])
    done = kput(name, "-K", ":", input=b"a:1\nno key\nb:2\n")
    check.equal("a record without its key is named", (1, True), (done.code, "standard input: record 2 was not written" in done.err))
    check.equal("the others are written", [b"1", b"2", b"x"], datas(name))


def whole_files():
    name = new_stream()
    big = os.urandom(700_000)
    with files(a=ALL_BYTES * 3 + b"\n\n", empty=b"", big=big) as folder:
        done = kput(name, "--whole", "a", "empty", "big", "-", input=b"from\nstdin\n", cwd=folder)
    check.equal("--whole: a file is a record", sorted([ALL_BYTES * 3 + b"\n\n", b"", big, b"from\nstdin\n"]), datas(name))
    check.equal("--whole ends well", (0, ""), (done.code, done.err))


def every_byte():
    name = new_stream()
    data = b"\n".join(bytes(b for b in ALL_BYTES[i:] + ALL_BYTES[:i] if b != 10) for i in range(64))
    check.equal("every byte value in lines", 0, kput(name, "--ordered", "-k", "k", input=data).code)
    done = subprocess.run([KCAT, "--endpoint-url", server.url, "-e", "-f", "%v\n", name], env=server.environment(),
                          stdout=subprocess.PIPE, timeout=120, check=True)
    check.equal("kput --ordered | kcat: the same bytes", data + b"\n", done.stdout)
    name = new_stream()
    kput(name, "--whole", input=ALL_BYTES * 100)
    done = subprocess.run([KCAT, "--endpoint-url", server.url, "-e", "--raw", name], env=server.environment(),
                          stdout=subprocess.PIPE, timeout=120, check=True)
    check.equal("kput --whole | kcat --raw: the same bytes", ALL_BYTES * 100, done.stdout)


def sizes():
    name = new_stream()
    most = b"x" * (1048576 - 1)
    done = kput(name, "-k", "k", input=b"a\n" + most + b"\n" + b"y" * 1048576 + b"\nb\n" + b"z" * 11_000_000 + b"\nc\n")
    check.equal("records at the limit and beyond", sorted([b"a", most, b"b", b"c"]), datas(name))
    check.ok("the two that are too large are named", done.code == 1 and "record 3 was not written" in done.err
             and "record 5 was not written" in done.err, done.err)


# ---- what it says ----

def outputs():
    name = new_stream()
    done = kput(name, "-o", "text", input=b"a\nb\nc")
    check.equal("-o text", sorted((r[0], r[1]) for r in records(name)),
                sorted(tuple(line.split("\t")) for line in done.out.decode().splitlines()))
    done = kput(name, "-o", "json", input=b"d\n")
    check.equal("-o json for input", records(name)[-1][1], json.loads(done.out)["SequenceNumber"])
    check.equal("-o none with -d", b"", kput(name, "-o", "none", "-d", "x").out)
    done = kput(name, "--stats", input=b"12345\n" * 1000)
    numbers = stats_of(done)
    check.equal("--stats: counts as JSON", (1000, 1000, 0, 0, 5000), tuple(
        numbers[key] for key in ("accepted", "written", "not_written", "maybe_written", "bytes_written")))
    name = new_stream(2)
    done = kput(name, "--aggregate", "-o", "json", "-k", "k", input=b"a\nb\n")
    check.equal("an aggregated record has a place", [0, 1], [json.loads(line)["SubSequenceNumber"] for line in done.out.splitlines()])


def wrong_usage():
    name = new_stream()
    with files(a=b"x", noread=b"x") as folder:
        for text, words, what in (
                ("no stream", [], "which stream"), ("an unknown option", [name, "--no-such"], "no option"),
                ("-d and files", [name, "-d", "x", "a"], "not both"), ("a file that is not there", [name, "a", "nofile"], "nofile"),
                ("a folder", [name, "."], "Is a directory"), ("-k and -K", [name, "-k", "x", "-K", ":"], "choose one"),
                ("an empty key", [name, "-k", ""], "1 to 256"), ("a long key", [name, "-k", "ä" * 257], "1 to 256"),
                ("a key that is not UTF-8", [name, "-k", b"\xff"], "UTF-8"),
                ("a hash key above 2^128", [name, "--explicit-hash-key", str(2**128)], "2^128"),
                ("a hash key with a sign", [name, "--explicit-hash-key", "-1"], "2^128"),
                ("an unknown escape", [name, "-D", r"\q"], "escape"), ("an empty delimiter", [name, "-D", ""], "at least one byte"),
                ("-0 and -D", [name, "-0", "-D", "x"], "choose one"), ("an unknown form", [name, "-o", "xml"], "json, text or none"),
                ("--ordered without keys", [name, "--ordered", "a"], "no order"), ("no deadline at all", [name, "--deadline", "0"], "SECONDS from 0.001 to 86400, not '0'"),
                ("a stream's name that is none", ["no/name", "-d", "x"], "stream"),
                ("an unknown setting", [name, "-X", "colour=red"], "no setting 'colour'"),
                ("a setting out of range", [name, "-X", "max_batch_records=501"], "max_batch_records takes N from 1 to 500"),
                ("--failed where nothing can be", [name, "--failed", "no/such", "-d", "x"], "no/such")):
            done = kput(*words, input=b"never\n", cwd=folder)
            check.ok(f"{text}: exit 2 and a line about it", done.code == 2 and what in done.err and done.err.count("\n") == 1,
                     f"{done.code} {done.err}")
    check.equal("nothing of all that was sent", [], datas(name))


def failures():
    name = new_stream()
    check.equal("no such stream", 5, kput("nosuch", "-d", "x").code)
    check.equal("wrong keys", 3, kput(name, "-d", "x", env={**server.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"}).code)
    faults({"fault": "error", "operation": "PutRecords", "stream": name, "status": 400, "code": "InvalidArgumentException"})
    done = kput(name, "-d", "x")
    faults()
    check.ok("refused for good: one line, which promises nothing",
             done.code == 1 and done.err.count("\n") == 1 and "again" not in done.err, done.err)
    env = server.environment()
    del env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]
    check.equal("no keys", 3, kput(name, "-d", "x", env=env).code)
    done = kput(name, "-d", "x", url="http://127.0.0.1:1")
    check.ok("unreachable: what, and why", done.code == 4 and "refuses connections on port 1" in done.err, done)
    done = kput("nosuch", input=b"x\n" * 20000)
    check.ok("a failure of all is said once", done.code == 5 and done.err.count("\n") <= 3 and "maybe" not in done.err, done.err)
    with open("/dev/full", "wb") as full:
        process = subprocess.run(words_of(name, "-d", "x"), env=server.environment(), stdout=full, stderr=subprocess.PIPE, check=False)
    check.ok("a full disk behind stdout", process.returncode == 1 and b"No space left" in process.stderr, process.stderr)


def closed_pipe():
    name = new_stream()
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(words_of(name, "-o", "json"), env=server.environment(), input=b"x\n" * 2000, stdout=writer,
                          stderr=subprocess.PIPE, check=False)
    os.close(writer)
    check.equal("SIGPIPE does no harm", (0, b""), (done.returncode, done.stderr))
    check.equal("all is written", 2000, len(records(name)))


def slow_reader():
    """Nobody reads stdout for a while: the records are sent all the same."""
    name = new_stream()
    running = Running(name, "-o", "json", "--stats")
    feeder = threading.Thread(target=lambda: (running.feed(b"x\n" * 5000), running.process.stdin.close()))
    feeder.start()
    check.ok("a reader that rests keeps nobody from sending", wait_until(lambda: len(records(name)) == 5000))
    out, err = running.process.stdout.read(), running.process.stderr.read()
    feeder.join()
    check.equal("every line comes", (5000, 0), (out.count(b"\n"), running.process.wait(timeout=120)))
    running.process.stderr.close()
    running.process.stdout.close()


# ---- partial failures ----

def partial_failures():
    name = new_stream(4)
    faults({"fault": "throttle", "operation": "PutRecords", "stream": name, "records": True, "probability": 0.1},
           {"fault": "internal", "operation": "PutRecords", "stream": name, "records": True, "probability": 0.1}, seed=3)
    count = 1000
    done = kput(name, "--stats", "--linger", "5", input=b"".join(b"r%d\n" % i for i in range(count)))
    faults()
    check.equal("partial failures: each record once", sorted(b"r%d" % i for i in range(count)), datas(name))
    check.ok("partial failures: they were met", done.code == 0 and stats_of(done)["throttles"] > 20, done.err)


def ordered():
    name = new_stream(4)
    faults({"fault": "throttle", "operation": "PutRecords", "stream": name, "records": True, "probability": 0.1},
           {"fault": "unavailable", "operation": "PutRecords", "stream": name, "probability": 0.1}, seed=5)
    lines = [b"k%d:%05d" % (i % 20, i) for i in range(300)]
    for more in ([], ["--aggregate"]):
        done = kput(name, "-K", ":", "--ordered", "--linger", "0", *more, input=b"\n".join(lines))
        check.equal(f"--ordered {more}: ends well", 0, done.code)
    faults()
    per_key = collections.defaultdict(list)
    for key, data in read_back(name):
        per_key[key].append(data)
    wanted = {f"k{k}": [b"%05d" % i for i in range(k, 300, 20)] * 2 for k in range(20)}
    check.equal("--ordered: each key's records in their order, plain and aggregated", wanted, dict(per_key))


def lost_answers():
    name = new_stream()
    faults({"fault": "drop_answer", "operation": "PutRecords", "stream": name, "skip": 1, "count": 1})
    done = kput(name, "--stats", input=b"".join(b"%d\n" % i for i in range(2000)))
    faults()
    numbers = stats_of(done)
    check.equal("a lost answer: all is written", (0, 2000), (done.code, numbers["written"]))
    check.ok("and the doubt is said", numbers["maybe_twice"] and "may be in the stream twice" in done.err, done.err)


def outage():
    """Requests fail for a while in the middle."""
    name = new_stream(2)
    running = Running(name, "--stats", "--linger", "5")
    for i in range(1000):
        running.feed(b"a%d\n" % i)
    check.ok("before the outage", wait_until(lambda: len(records(name)) == 1000))
    faults({"fault": "reset_before", "operation": "PutRecords"})
    for i in range(1000):
        running.feed(b"b%d\n" % i)
    check.ok("an outage in the middle: it is met", wait_until(lambda: server.admin("faults")["Rules"][0]["Fired"]))
    time.sleep(1.5)
    faults()
    done = running.end()
    check.equal("an outage in the middle: each record once", 2000, len(set(datas(name))))
    check.ok("and a line about it", done.code == 0 and "trying again" in done.err, done.err)


def deadline():
    name = new_stream(2)
    faults({"fault": "throttle", "operation": "PutRecords", "stream": name, "partition_key": "bad", "records": True})
    done = kput(name, "-K", ":", "--deadline", "5", input=b"good:1\nbad:2\nbad:3\ngood:4\n")
    faults()
    check.equal("--deadline: what succeeds is written", [b"1", b"4"], datas(name))
    check.ok("the others are named", done.code == 1 and "Throughput" in done.err and (
        "records 2 to 3 were not written" in done.err or ("record 2 was" in done.err and "record 3 was" in done.err)), done.err)


def slow_shard():
    """A shard takes a megabyte a second: what waits in line does not run out of its deadline."""
    limited = klocal.Klocal("--shard-limits")
    slow = limited.client("kinesis")
    slow.create_stream(StreamName="slow", ShardCount=1)
    slow.get_waiter("stream_exists").wait(StreamName="slow", WaiterConfig={"Delay": 1})
    for words, count in ((["--deadline", "30"], 60_000 if LONG else 4000), (["--ordered", "-k", "k", "--linger", "0"], 1000)):
        done = kput("slow", "--stats", *words, input=(b"x" * 999 + b"\n") * count, url=limited.url)
        check.equal(f"a slow shard, {count} records: none is given up", (0, count), (done.code, stats_of(done)["written"]))
        check.say(f"# {done.err.splitlines()[-1]}")
    limited.stop()
    name = new_stream()
    faults({"fault": "throttle", "operation": "PutRecords", "stream": name})
    done = kput(name, "--max-attempts", "2", "-d", "x")
    faults()
    check.ok("--max-attempts", done.code == 1 and "after 2 attempts" in done.err, done.err)


# ---- --failed ----

def failed_round_trip():
    name = new_stream(4)
    lines = [b"k%d:" % (i % 7) + bytes(b for b in ALL_BYTES if b not in (10,)) + b"%d" % i for i in range(400)]
    source = b"\n".join(lines)
    with files(input=source) as folder:
        faults({"fault": "throttle", "operation": "PutRecords", "stream": name, "records": True, "partition_key": "k3"},
               {"fault": "internal", "operation": "PutRecords", "stream": name, "records": True, "partition_key": "k5"})
        done = kput("-K", ":", "--deadline", "8", "--failed", "F", name, "input", cwd=folder)
        faults()
        with open(f"{folder}/F", "rb") as file:
            kept = file.read().splitlines()
        check.ok("--failed: some were written, some kept", done.code == 1 and len(kept) == 1 + 57 * 2, f"{len(kept)} {done.err[-300:]}")
        check.equal("together they are the input", 400, len(records(name)) + len(kept) - 1)
        check.equal("no temporary file is left", ["F", "input"], sorted(os.listdir(folder)))
        done = kput("-K", ":", "--failed", "F", name, "F", cwd=folder)
        check.equal("kput F completes the job", (0, 0), (done.code, os.path.getsize(f"{folder}/F")))
        check.equal("an empty file of --failed is no record", 0, kput("-K", ":", "--failed", "F", name, "F", cwd=folder).code)
    check.equal("keys and bytes are the same", sorted(tuple(line.split(b":", 1)) for line in lines),
                sorted((r[2].encode(), r[3]) for r in records(name)))


def failed_everything():
    """Nothing at all can be sent: all of the input is kept, in its order, with keys and hash keys."""
    name = new_stream(2)
    with files(input=b"".join(b"r%d\n" % i for i in range(300))) as folder:
        done = kput("--failed", "F", "--explicit-hash-key", str(2**127), "-k", "kä", "nosuch", "input", cwd=folder)
        check.equal("no such stream", 5, done.code)
        done = kput("--ordered", "--failed", "F", "--linger", "0", name, "F", cwd=folder)
        check.equal("everything is written from the file", (0, 0), (done.code, os.path.getsize(f"{folder}/F")))
        found = records(name)
        check.equal("in the order of the input", [b"r%d" % i for i in range(300)], [r[3] for r in found])
        check.equal("with key and hash key", {("kä", "shardId-000000000001")}, {(r[2], r[0]) for r in found})
        name = new_stream()
        done = kput("-K", ":", "--failed", "F", name, input=b"a:1\nno key\nb:2", cwd=folder)
        check.equal("what has no key is kept as it is", 1, done.code)
        check.equal("and read with another delimiter", 0, kput("-K", " ", "--failed", "F", name, "F", cwd=folder).code)
        check.equal("nothing is lost", [("a", b"1"), ("b", b"2"), ("no", b"key")], sorted((r[2], r[3]) for r in records(name)))
        name = new_stream()
        done = kput("-K", ":", "--failed", "F", name, input=b"\xff:a\nk:b\n" + b"x" * 257 + b":c\n", cwd=folder)
        check.ok("keys that are none are told apart", done.code == 1 and "record 1 was not written: a partition key is UTF-8" in done.err
                 and "record 3 was not written: a partition key has 1 to 256" in done.err, done.err)
        with open(f"{folder}/F") as file:
            kept = [json.loads(line) for line in file][1:]
        check.equal("a key that is not UTF-8 is kept with its record", base64.b64encode(b"\xff:a").decode(), kept[0].get("Raw"))
        check.equal("a long key is kept", "x" * 257, kept[1].get("PartitionKey"))
        check.equal("and neither is written without its key", 1, kput("-K", ":", name, "F", cwd=folder).code)
        check.equal("only the third is there", [b"b"], datas(name))
        name = new_stream()
        done = kput("--failed", "F", name, "-d", "x", "-d", "y", url="http://127.0.0.1:1", cwd=folder)
        with open(f"{folder}/F", "a") as file:
            file.write("{broken\n")
        check.equal("unreachable", 4, done.code)
        done = kput(name, "F", cwd=folder)
        check.ok("a line that is not one is named", done.code == 1 and "F: record 3" in done.err, done.err)
        check.equal("the others are written", [b"x", b"y"], datas(name))


def failed_for_ever():
    """Input without an end, and nothing can be sent: that is said while it is read."""
    with files() as folder:
        running = Running("nosuch", "--failed", f"{folder}/F")
        running.feed(b"a\n")
        line = running.process.stderr.readline().decode()
        check.ok("why, and where the input goes", "ResourceNotFoundException" in line and f"is kept in {folder}/F" in line, line)
        running.feed(b"b\n")
        running.process.stdin.close()
        said = running.process.stderr.read().decode()
        check.equal("and its end", 5, running.process.wait(timeout=60))
        check.ok("it is not said twice", "ResourceNotFound" not in said and "2 records are kept" in said, said)
        with open(f"{folder}/F") as file:
            check.equal("both are kept", 3, len(file.readlines()))
        running.process.stdout.close()
        running.process.stderr.close()


def failed_on_a_full_disk():
    """What there was room for is kept, in a file that is named; an empty one is not left behind."""
    def little():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    name = new_stream()
    for room in (20_000, 0):
        with files() as folder:
            done = subprocess.run(words_of("nosuch", "-q", "--failed", f"{folder}/F"), env=server.environment(), preexec_fn=little,
                                  restore_signals=False, input=b"".join(b"r%d\n" % i for i in range(3000)), capture_output=True,
                                  timeout=60, check=False)
            said = done.stderr.decode()
            left = os.listdir(folder)
            check.ok(f"{room} bytes: the failure is told", done.returncode == 5 and "File too large" in said, said)
            if not room:
                check.equal("nothing is left", [], left)
                continue
            check.ok("the file is named", len(left) == 1 and said.count(f"kept is in {folder}/{left[0]}") == 1, (said, left))
            done = kput(name, f"{folder}/{left[0]}")
            check.ok("and can be read", done.code == 1 and done.err.count("is not one that --failed wrote") == 1, done.err)
            check.ok("up to where the room ended", datas(name) == sorted(b"r%d" % i for i in range(len(datas(name)))), len(datas(name)))


def closed_files():
    name = new_stream()
    for number, words, told in ((0, [], "cannot read standard input: Bad file descriptor"),
                                (1, ["-d", "x"], "cannot write: Bad file descriptor"), (2, ["-d", "x"], "")):
        done = subprocess.run(["sh", "-c", f'exec "$@" {number}>&-', "sh", *words_of(name, *words)], env=server.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        check.equal(f"closed file {number}", (1 if told else 0, told and f"kput: {told}\n"), (done.returncode, done.stderr.decode()))
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", KCAT, "--endpoint-url", server.url, "-e", name],
                          env=server.environment(), capture_output=True, timeout=60, check=False)
    check.equal("kcat with stdout closed", (1, b"kcat: cannot write: Bad file descriptor\n"), (done.returncode, done.stderr))


def failed_maybe():
    name = new_stream()
    with files() as folder:
        faults({"fault": "drop_answer", "operation": "PutRecords", "stream": name})
        done = kput("--failed", "F", "--deadline", "3", name, "-d", "x", cwd=folder)
        faults()
        with open(f"{folder}/F") as file:
            kept = json.loads(file.read().splitlines()[1])
        check.ok("what may have been written is kept, and marked", done.code in (1, 4) and kept["MaybeWritten"] is True, (done, kept))


# ---- signals ----

def signals():
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        name = new_stream()
        running = Running(name, "--linger", "60000", "--deadline", "600")
        running.feed(b"a\nb\nhalf a rec")
        check.ok(f"{number.name}: it has read", running.has_read())
        done = running.end(number)
        check.equal(f"{number.name}: exit code", code, done.code)
        check.equal(f"{number.name}: what was read is sent", [b"a", b"b"], datas(name))
    name = new_stream()
    faults({"fault": "throttle", "operation": "PutRecords", "stream": name})
    with files() as folder:
        running = Running(name, "--failed", f"{folder}/F", "--deadline", "600")
        running.feed(b"a\nb\nc\n")
        check.ok("what is to be sent is read", running.has_read())
        running.process.send_signal(signal.SIGTERM)
        check.ok("SIGTERM is taken", running.has_taken(signal.SIGTERM))
        time.sleep(0.5)
        check.equal("SIGTERM waits for what is to be sent", None, running.process.poll())
        done = running.end(signal.SIGTERM)
        with open(f"{folder}/F") as file:
            kept = file.read().splitlines()
        check.equal("a second one gives it up, kept in the file", (143, 4), (done.code, len(kept)))
    faults()


# ---- memory, terminals ----

def memory_of(process):
    with open(f"/proc/{process.pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) * 1024


def memory():
    """An endless pipe into a service that takes nothing any more: the reader waits, memory stays."""
    name = new_stream()
    running = Running(name, "--deadline", "600", "-X", "max_buffered_bytes=4MiB", "-q", "-k", "k")
    fed, stop = [0], threading.Event()

    def feed():
        line = b"x" * 999 + b"\n"
        try:
            while not stop.is_set():
                os.write(running.process.stdin.fileno(), line * 16)
                fed[0] += 16000
        except OSError:
            pass

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    check.ok("records flow", wait_until(lambda: fed[0] > 12_000_000))
    faults({"fault": "throttle", "operation": "PutRecords", "stream": name})
    before = fed[0]

    def rests():
        now = fed[0]
        time.sleep(2)
        return fed[0] == now

    check.ok("the reader comes to rest", wait_until(rests))
    seen = []
    for _ in range(25 if not LONG else 300):
        time.sleep(0.1)
        seen.append(memory_of(running.process))
    check.ok("the reader waits when the budget is used", fed[0] - before < 8_000_000, (before, fed))
    # AddressSanitizer's quarantine and shadow come on top.
    check.ok("memory is bounded", max(seen) < (500 if "asan" in services.BIN else 40) * 1e6, max(seen))
    check.ok("memory stays", seen[-1] <= seen[0] * 1.2, seen)
    check.say(f"# fed {fed[0]} bytes, resident {max(seen) / 1e6:.1f} MB")
    stop.set()
    faults()
    running.process.send_signal(signal.SIGTERM)
    check.equal("and ends", 143, running.process.wait(timeout=120))
    for pipe in (running.process.stdin, running.process.stdout, running.process.stderr):
        pipe.close()


def progress():
    name = new_stream()
    master, slave = pty.openpty()
    running = Running(name, stderr=slave)
    os.close(slave)
    running.feed(b"x\n" * 1000)
    shown = b""
    deadline = time.monotonic() + 120
    while b"1000 records" not in shown and time.monotonic() < deadline:
        shown += os.read(master, 4096)
    running.process.stdin.close()
    try:
        while True:
            more = os.read(master, 4096)
            if not more:
                break
            shown += more
    except OSError:
        pass
    code = running.process.wait(timeout=120)
    running.process.stdout.close()
    os.close(master)
    text = shown.decode()
    check.ok("progress on a terminal", re.search(r"1000 records, 0\.0 MB, [0-9.]+ MB/s, 0 in flight", text), text)
    check.ok("and a last word", code == 0 and text.rstrip().splitlines()[-1].endswith("MB/s") and "kput: 1000 records" in text, text)


# ---- the services of others ----

def on_others():
    for service in services.kinesis_services():
        if service.name == "klocal":
            continue
        other = service.client("kinesis")
        name = f"kput-{os.getpid()}"
        services.stream(other, name, 2)
        words = ["--endpoint-url", service.url, "--region", services.REGION, "--read-timeout", "120", name]
        sent = [b"%d" % i + ALL_BYTES * (i % 5) for i in range(1200)]
        # moto gives two records one number when it takes two requests at a time.
        alone = ["-X", "max_requests_in_flight=1"] if service.name == "moto" else []
        subprocess.run([KPUT, "-D", "|end|", "--deadline", "240", *alone, *words], input=b"|end|".join(sent), check=True,
                       env=service.environment(), timeout=300)
        done = subprocess.run([KCAT, "-e", "-J", *words], env=service.environment(), stdout=subprocess.PIPE, timeout=300, check=True)
        got = [json.loads(line) for line in done.stdout.splitlines()]
        got = [line["data"].encode() if "data" in line else base64.b64decode(line["data_base64"]) for line in got]
        check.equal(f"{service.name}: all of it, byte for byte", hashlib.sha256(b"".join(sorted(sent))).hexdigest(),
                    hashlib.sha256(b"".join(sorted(got))).hexdigest())
        other.delete_stream(StreamName=name)


CASES = [data_options, lines, delimiters, keys, whole_files, every_byte, sizes, outputs, wrong_usage, failures, closed_pipe, closed_files,
         slow_reader, partial_failures, ordered, lost_answers, outage, deadline, slow_shard, failed_round_trip, failed_everything, failed_for_ever, failed_maybe, failed_on_a_full_disk,
         signals, memory, progress, on_others]

for case in [case for case in CASES if case.__name__ in sys.argv[1:]] or CASES:
    began = time.monotonic()
    with check.case(case.__name__):
        case()
    check.say(f"# {case.__name__}: {time.monotonic() - began:.1f} s")
    faults()
check.done()
