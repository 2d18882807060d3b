#!/usr/bin/env python3
"""kcat follows a stream that kput, boto3 and the AWS CLI write to and that is split and merged meanwhile; it is disturbed,
killed at any moment, and goes on from its checkpoint. Every life is played again: each shard has a place that only its next
record may move, children wait for their parents, keys stay in order, nothing is missing and nothing comes again that a
checkpoint had. On klocal with faults, on kinesis-mock and on kinesalite; LONG: 200 seeds and 5."""
# limit: 1500
import concurrent.futures
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import klocal
import services

LONG = bool(os.environ.get("LONG"))
KCAT = os.path.join(services.BIN, "kcat")
FORMAT = r"%s %o %u %k %v\n"
HASHES = 2**128
READS = ("GetRecords", "GetShardIterator", "ListShards")
FAULTS = {
    "calm": [],
    "throttled": [{"fault": "throttle", "probability": 0.3}],
    "refused": [{"fault": "internal", "probability": 0.15}, {"fault": "unavailable", "probability": 0.1},
                {"fault": "html", "probability": 0.05}],
    "reset": [{"fault": "reset_before", "probability": 0.1}, {"fault": "reset_during", "probability": 0.1},
              {"fault": "drop_answer", "probability": 0.1}, {"fault": "reset_answer", "probability": 0.1}],
    "cut": [{"fault": "truncate", "probability": 0.15}, {"fault": "wrong_length", "delta": 9, "probability": 0.1},
            {"fault": "wrong_length", "delta": -9, "probability": 0.05}],
    "expired": [{"fault": "error", "status": 400, "code": "ExpiredIteratorException", "operation": "GetRecords",
                 "probability": 0.2}],
    "slow": [{"fault": "slow", "bytes": 200, "delay_ms": 3, "probability": 0.2},
             {"fault": "stall", "delay_ms": 700, "probability": 0.1}, {"fault": "delay", "delay_ms": 300, "probability": 0.2}],
    "garbage": [{"fault": "garbage", "probability": 0.1, "operation": "GetRecords"}],
    "tokens": [{"fault": "expired_token", "probability": 0.1}],
    "clock": [],
}


# ---- what is in the stream, and what of it came

class Truth:
    """The records of each shard in their order, by boto3, and the parents of each shard."""

    def __init__(self, client, stream):
        self.parents, self.records = {}, {}
        for shard in client.list_shards(StreamName=stream)["Shards"]:
            name = shard["ShardId"]
            self.parents[name] = [shard[p] for p in ("ParentShardId", "AdjacentParentShardId") if shard.get(p)]
            self.records[name] = []
        for (shard, number), (key, data) in services.records(client, stream).items():
            self.records[shard].append((number, key, data.decode()))

    def place(self, shard, checkpoint):
        """Which record of the shard comes first in a life that begins there."""
        words = checkpoint.get(shard, ["oldest"])
        if words[0] == "end":
            return len(self.records[shard])
        if words[0] != "after":
            return 0
        return next((i for i, r in enumerate(self.records[shard]) if int(r[0]) > int(words[1])), len(self.records[shard]))

    def replay(self, checkpoint, lines, complain):
        """A life. Returns the places at its end."""
        at = {shard: self.place(shard, checkpoint) for shard in self.records}
        last = {}
        for line in lines:
            shard, number, _, key, value = line.split(" ")
            where = [i for i, r in enumerate(self.records.get(shard, [])) if r[0] == number]
            if not where:
                complain(f"not in the stream: {line}")
                continue
            if where[0] != at[shard]:
                complain(f"{shard}: record {where[0]} came, {at[shard]} was to come")
            if self.records[shard][where[0]] != (number, key, value):
                complain(f"{line} is {self.records[shard][where[0]]}")
            for parent in self.parents[shard]:
                if at.get(parent, 0) < len(self.records.get(parent, [])):
                    complain(f"{shard} began when {parent} was at {at[parent]} of {len(self.records[parent])}")
            order = int(value.split(":")[1])
            if last.get(key, -1) >= order:
                complain(f"key {key}: {order} came behind {last[key]}")
            last[key] = order
            at[shard] = where[0] + 1
        return at


def read_checkpoint(path):
    try:
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    return {words[0]: words[1:] for words in (line.split(" ") for line in lines[2:-1])}


# ---- a scene

class Scene:
    def __init__(self, service, what, seed, cli=False):
        self.service, self.what, self.seed, self.cli = service, what, seed, cli
        self.dice = random.Random(f"{service.name} {what} {seed}")
        self.client = service.client("kinesis")
        self.stream = f"history-{os.getpid()}-{what}-{seed}"
        self.keys = [f"key-{i}" for i in range(self.dice.randrange(1, 9))]
        self.orders = dict.fromkeys(self.keys, 0)
        self.violations, self.lives, self.delivered = [], [], 0
        self.written = threading.Event()
        self.trouble = None

    def some(self, count):
        """So many records: key, and value that tells its place among the key's."""
        for _ in range(count):
            key = self.dice.choice(self.keys)
            self.orders[key] += 1
            yield key, f"{key}:{self.orders[key]}:{'x' * self.dice.randrange(200)}"

    def write(self):
        way = self.dice.randrange(3 if self.cli else 2)
        if way == 0:
            text = "".join(f"{key}\t{value}\n" for key, value in self.some(self.dice.randrange(1, 40)))
            # with patience, so that nothing is put twice on a slow machine
            self.service.tool("kput", "-K", "\t", "--ordered", "--deadline", "110", "--read-timeout", "110", self.stream,
                              input=text.encode())
        elif way == 1:
            for key, value in self.some(self.dice.randrange(1, 6)):
                self.client.put_record(StreamName=self.stream, PartitionKey=key, Data=value.encode())
        else:
            for key, value in self.some(1):
                with tempfile.NamedTemporaryFile(prefix="reading-history-") as file:
                    file.write(value.encode())
                    file.flush()
                    self.service.cli("kinesis", "put-record", "--stream-name", self.stream, "--partition-key", key, "--data",
                                     f"fileb://{file.name}")

    def await_active(self):
        deadline = time.monotonic() + 60
        while self.client.describe_stream(StreamName=self.stream)["StreamDescription"]["StreamStatus"] != "ACTIVE":
            if time.monotonic() > deadline:
                raise TimeoutError("the stream does not become active")
            time.sleep(0.1)

    def open_shards(self):
        described = self.client.describe_stream(StreamName=self.stream)["StreamDescription"]  # kcat's calls go wrong
        shards = [s for s in described["Shards"] if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        return sorted(shards, key=lambda s: int(s["HashKeyRange"]["StartingHashKey"]))

    def reshard(self):
        """kinesalite allows ten shards in all, and other suites want some."""
        try:
            self.split_or_merge(self.open_shards(), 2 if self.cli else 4)
        except self.client.exceptions.LimitExceededException:
            return
        self.await_active()

    def split_or_merge(self, shards, most):
        first = self.dice.randrange(len(shards))
        if len(shards) > 1 and (len(shards) > most or self.dice.random() < 0.5):
            first = min(first, len(shards) - 2)
            self.client.merge_shards(StreamName=self.stream, ShardToMerge=shards[first]["ShardId"],
                                     AdjacentShardToMerge=shards[first + 1]["ShardId"])
        else:
            low, high = (int(shards[first]["HashKeyRange"][k]) for k in ("StartingHashKey", "EndingHashKey"))
            self.client.split_shard(StreamName=self.stream, ShardToSplit=shards[first]["ShardId"],
                                    NewStartingHashKey=str(low + (high - low) // self.dice.randrange(2, 5)))

    def writing(self):
        """Chains of splits and merges between the records."""
        try:
            for _ in range(self.dice.randrange(4, 7) if self.cli and not LONG else self.dice.randrange(6, 12)):
                self.write()
                for _ in range(self.dice.choice((0, 0, 1, 2))):
                    self.reshard()
                time.sleep(self.dice.random() * 0.6)
            self.write()
        except Exception as error:  # said by the scene, which is in another thread
            self.trouble = error
        self.written.set()

    def live(self, folder, dies):
        """One kcat: what it printed in whole lines, and the checkpoint it began with."""
        checkpoint = os.path.join(folder, "checkpoint")
        begin = read_checkpoint(checkpoint)
        words = [KCAT, "-c", checkpoint, "-f", FORMAT, "-q", "-X", "idle_ms=150", "-X",
                 f"max_records_per_fetch={self.dice.choice((3, 10, 1000))}", "--endpoint-url", self.service.url,
                 "--region", services.REGION, self.stream]
        with open(os.path.join(folder, "out"), "w+b") as out:
            process = subprocess.Popen(words if dies else [*words, "-e"], env=self.service.environment(),
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
            if dies:
                time.sleep(self.dice.choice((0.5, 1.5, 3, 6.5)) * self.dice.random() + 0.1)
                process.send_signal(self.dice.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGINT)))
            _, said = process.communicate(timeout=400)  # a shard full of small pages, throttled, takes minutes
            out.seek(0)
            text = out.read().decode()
        self.lives.append((begin, text.split("\n")[:-1]))
        return process.returncode, said.decode(errors="replace")

    def following(self, folder):
        while not self.written.is_set():
            self.live(folder, dies=True)
        for _ in range(5):  # a trouble of many reads in a row may end it
            code, said = self.live(folder, dies=False)
            if code == 0:
                return
        self.violations.append(f"kcat never came to the end: exit {code}: {said[-300:]}")

    def create(self):
        deadline = time.monotonic() + 200
        while True:
            try:
                return services.stream(self.client, self.stream, 1 if self.cli else self.dice.randrange(1, 4))
            except self.client.exceptions.LimitExceededException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def play(self):
        self.create()
        with tempfile.TemporaryDirectory(prefix="reading-history-") as folder:
            writer = threading.Thread(target=self.writing)
            writer.start()
            self.disturb()
            try:
                self.following(folder)
            finally:
                writer.join()
                self.calm()
        if self.trouble:
            raise self.trouble
        self.truth = truth = Truth(self.client, self.stream)
        for number, (checkpoint, lines) in enumerate(self.lives):
            at = truth.replay(checkpoint, lines, lambda text, n=number: self.violations.append(f"life {n}: {text}"))
            self.delivered += len(lines)
        for shard, records in truth.records.items():
            if at[shard] != len(records):
                self.violations.append(f"{shard}: {at[shard]} of {len(records)} at the end")
        self.records = sum(map(len, truth.records.values()))
        if self.records != sum(self.orders.values()):
            self.violations.append(f"{sum(self.orders.values())} were put, {self.records} are there")
        self.client.delete_stream(StreamName=self.stream)
        return self

    def disturb(self):
        pass

    def calm(self):
        pass


class OnKlocal(Scene):
    """With a klocal of its own, for its faults."""

    def __init__(self, what, seed):
        self.klocal = klocal.Klocal()
        super().__init__(services.Service("klocal", "KLOCAL_OF_A_SCENE", self.klocal.url), what, seed)

    def disturb(self):
        rules = []
        for fault in FAULTS[self.what]:
            rules += [{"operation": operation, **fault} for operation in READS]
        self.klocal.admin("faults", {"seed": self.seed, "rules": rules})
        if self.what == "clock":
            threading.Thread(target=self.jump, daemon=True).start()

    def jump(self):
        """The writers sign with this machine's clock: boto3 and kput learn the difference, too."""
        while not self.written.is_set():
            time.sleep(0.7)
            self.klocal.admin("clock", {"skew_ms": self.dice.choice((0, 0, 120000, -120000))})

    def calm(self):
        self.klocal.admin("faults", {"rules": []})
        self.klocal.admin("clock", {"skew_ms": 0})

    def play(self):
        try:
            return super().play()
        finally:
            self.klocal.stop()


def perform(make):
    scene = make()
    with check.case(f"{scene.service.name}, {scene.what}, seed {scene.seed}"):
        scene.play()
        check.ok(f"{scene.service.name}, {scene.what}, seed {scene.seed}: {scene.records} records, {scene.delivered} delivered "
                 f"in {len(scene.lives)} lives", not scene.violations, "\n".join(scene.violations[:10]))
    return scene


def see_mistakes(scene):
    """The check itself: what a wrong consumer would have printed is noticed."""
    begin, lines = max(scene.lives, key=lambda life: len(life[1]))
    middle = len(lines) // 2
    same = [line for line in lines if line.split(" ")[0] == lines[middle].split(" ")[0]]
    i, k = lines.index(same[0]), lines.index(same[-1])
    swapped = list(lines)
    swapped[i], swapped[k] = lines[k], lines[i]
    ahead = {**begin, same[0].split(" ")[0]: ["after", same[-1].split(" ")[1]]}
    for text, checkpoint, wrong in (("a record that is skipped", begin, lines[:i] + lines[i + 1:]),
                                    ("a page that comes again", begin, lines[:middle] + lines[:middle] + lines[middle:]),
                                    ("records that change places", begin, swapped),
                                    ("a checkpoint ahead of what came", ahead, lines)):
        complaints = []
        scene.truth.replay(checkpoint, wrong, complaints.append)
        check.ok(f"the check sees {text}", len(same) > 2 and complaints)


def scenes():
    names = list(FAULTS)
    for i in range(200 if LONG else len(names)):
        yield lambda i=i: OnKlocal(names[i % len(names)], 1 + i // len(names))
    for name, prefix in (("kinesis-mock", "KINESIS_MOCK"), ("kinesalite", "KINESALITE")):
        service = services.Service(name, prefix)
        for seed in range(1, 6 if LONG else 2) if service.url else ():
            yield lambda service=service, seed=seed: Scene(service, "calm", seed, cli=True)


def main():
    services.skip_absent("KINESIS_MOCK", "KINESALITE")
    if not services.tool_exists("kcat") or not services.tool_exists("kput"):
        check.skip("all of it", "kcat or kput is not built")
        check.done()
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        done = list(pool.map(perform, scenes()))
    see_mistakes(max(done, key=lambda s: s.delivered))
    check.say(f"# {len(done)} scenes: {sum(getattr(s, 'records', 0) for s in done)} records, "
              f"{sum(s.delivered for s in done)} delivered in {sum(len(s.lives) for s in done)} lives")
    check.done()


if __name__ == "__main__":
    main()
