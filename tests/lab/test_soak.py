#!/usr/bin/python3
"""kput and kcat run on both hosts while stages are switched back and forth and the endpoint's address changes.

What was acknowledged is compared with what kcat delivered: nothing may be lost, and nothing may come twice that is not
accounted for. 20 s by hand, ten minutes with LONG (SOAK_SECONDS says otherwise)."""
# long
# limit: 1200
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stage  # noqa: E402
from stage import check  # noqa: E402

LONG = bool(os.environ.get("LONG"))
SECONDS = int(os.environ.get("SOAK_SECONDS") or (600 if LONG else 20))
CHANGES = (
    ("kinesis-interface", "--endpoint-address", "10.0.1.50"),
    ("kinesis-interface", "--endpoint-address", "10.0.1.60"),
    ("kinesis-interface", "--endpoint-address", "10.0.1.50", "--security-group", "closed"),
    ("kinesis-interface", "--private-dns", "off"),
    ("s3-gateway",),
    ("igw",),
    ("igw", "--outside", "missing"),
    ("kinesis-interface", "--outside", "silent", "--delay", "20"),
    ("s3-gateway", "--delay", "0"),
)


class Producer(threading.Thread):
    """Lines into kput on one host, in order of their numbers, until it is told to stop."""

    def __init__(self, lab, host, folder):
        super().__init__()
        self.host, self.lines, self.stopped = host, 0, threading.Event()
        self.failed, self.errors = f"{folder}/{host}.failed", open(f"{folder}/{host}.err", "w+", encoding="utf-8")
        self.process = lab.start(host, "kput", "-o", "json", "--stats", "--deadline", str(SECONDS + 120), "-K", " ",
                                 "--failed", self.failed, "numbers", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=self.errors)
        self.acknowledged = []
        self.reader = threading.Thread(target=self.read)

    def read(self):
        for line in self.process.stdout:
            self.acknowledged.append(json.loads(line)["SequenceNumber"])

    def run(self):
        self.reader.start()
        while not self.stopped.is_set():
            # Key and record: kput blocks when its memory is full, and so does this.
            self.process.stdin.write(f"{self.host}{self.lines % 7} {self.host} {self.lines}\n")
            self.process.stdin.flush()
            self.lines += 1
            time.sleep(0.005)
        self.process.stdin.close()

    def begun(self):
        """Until its first record is acknowledged: a kput that never reached anything gives up soon, and rightly."""
        until = time.monotonic() + 60
        while not self.acknowledged and self.process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)

    def kept(self):
        """How many lines of its file of what was not, or not certainly, written; the first one says what it is."""
        try:
            with open(self.failed, encoding="utf-8") as file:
                return max(0, sum(1 for _ in file) - 1)
        except FileNotFoundError:
            return 0

    def end(self):
        self.stopped.set()
        self.join()
        status = self.process.wait(timeout=SECONDS + 240)
        self.reader.join()
        self.errors.seek(0)
        return status, self.errors.read()


def fates(text):
    return next((json.loads(line) for line in text.splitlines() if line.startswith("{")), {})


def wander(lab, seconds, dice):
    """From network to network, each for a while."""
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        words = dice.choice(CHANGES)
        check.say(f"# {' '.join(words)}")
        lab.stage(*words)
        count += 1
        time.sleep(min(dice.uniform(0.5, 8 if LONG else 3), max(0.0, until - time.monotonic())))
    return count


def read_all(lab, host):
    """The whole stream when all is well: sequence numbers and lines."""
    ran = lab.on(host, "kcat", "-e", "-f", "%o %v\\n", "numbers", limit=600)
    if ran.status:
        raise RuntimeError(f"kcat: {ran}")
    return [line.split(" ", 1) for line in ran.out.splitlines()]


class Consumer(threading.Thread):
    """kcat on the private host while all this goes on. Where it ends because nothing is reached it is started again at
    its checkpoint, as a service would be."""

    def __init__(self, lab, folder):
        super().__init__()
        self.lab, self.checkpoint, self.stopped = lab, f"{folder}/checkpoint", threading.Event()
        self.seen, self.starts, self.process = [], 0, None

    def run(self):
        while not self.stopped.is_set():
            self.starts += 1
            where = [] if os.path.exists(self.checkpoint) else ["-o", "oldest"]
            self.process = self.lab.start("private", "kcat", "-q", *where, "-c", self.checkpoint, "-f", "%o %v\\n",
                                          "numbers", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL)
            for line in self.process.stdout:
                self.seen.append(line.split(" ", 1)[0])
            self.process.wait()
            self.stopped.wait(0.2)

    def caught_up(self, count, seconds):
        """Until it has seen so many different records, or for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and len(set(self.seen)) < count:
            time.sleep(0.5)

    def end(self):
        self.stopped.set()
        self.process.terminate()
        self.join(timeout=120)


def judge(stream, producers, consumer):
    """The books are closed: every line has one fate, and every written one is there."""
    by_number = dict(stream)
    check.equal("no sequence number twice in a read from the beginning", len(stream), len(by_number))
    texts = collections.Counter(by_number.values())
    for p in producers:
        status, said = p.result
        f = fates(said)
        check.say(f"# {p.host}: {p.lines} lines, exit {status}, " + ", ".join(
            f"{f.get(k)} {k}" for k in ("written", "not_written", "maybe_written", "maybe_twice", "retried")) +
                  f", {p.kept()} kept")
        check.equal(f"{p.host}: every line is acknowledged or kept", p.lines, len(p.acknowledged) + p.kept())
        check.equal(f"{p.host}: as many acknowledgements as its last words say", f.get("written"), len(p.acknowledged))
        lost = [n for n in p.acknowledged if n not in by_number]
        check.equal(f"{p.host}: acknowledged and not in the stream", [], lost[:10])
        missing = [i for i in range(p.lines) if not texts[f"{p.host} {i}"]]
        check.ok(f"{p.host}: lines that are not in the stream ({len(missing)}) are among those it kept",
                 len(missing) <= p.kept(), missing[:10])
        twice = sum(1 for i in range(p.lines) if texts[f"{p.host} {i}"] > 1)
        check.ok(f"{p.host}: lines that are there twice ({twice}) are not more than kput says may be",
                 twice <= f.get("maybe_twice", 0) + p.kept(), f)
    live, acknowledged = set(consumer.seen), {n for p in producers for n in p.acknowledged}
    check.equal(f"kcat, started {consumer.starts} times through all changes: acknowledged and not delivered", [],
                sorted(acknowledged - live)[:10])
    check.equal("and nothing of the stream was left out", 0, len(set(by_number) - live))
    check.say(f"# {len(acknowledged)} acknowledged, {len(acknowledged & live)} of them delivered, {len(by_number)} records "
              f"in the stream, {len(consumer.seen) - len(live)} delivered again after a restart")


def main():
    stage.need_root()
    seed = int(os.environ.get("SOAK_SEED") or time.time())
    check.say(f"# {SECONDS} s, seed {seed}")
    lab = stage.Lab("soak")
    with tempfile.TemporaryDirectory() as folder:
        lab.up("kinesis-interface")
        producers = [Producer(lab, host, folder) for host in ("public", "private")]
        consumer = Consumer(lab, folder)
        for thread in (*producers, consumer):
            thread.start()
        try:
            for p in producers:
                p.begun()
            count = wander(lab, SECONDS, random.Random(seed))
            lab.stage("kinesis-interface")
            check.say(f"# {count} changes; now all is well again")
            for p in producers:
                p.result = p.end()
            stream = read_all(lab, "private")
            consumer.caught_up(len(stream), 120)
        finally:
            for p in producers:
                p.process.kill()
            consumer.end()
        judge(stream, producers, consumer)
        lab.down()
    check.done()


main()
