#!/usr/bin/env python3
"""Many records of mixed sizes into kinesis-mock with kput; all of them out again with boto3, counted and hashed."""
# limit: 1800
import hashlib
import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import services

COUNT = 5_000
ROUNDS = 20 if os.environ.get("LONG") else 1  # of a stream each: the mock takes the longer for a record the more it has
KPUT = os.path.join(services.BIN, "kput")
SHARDS = 4


def record(i):
    """Most are small, some are not; no byte value is left out but the delimiter's."""
    dice = random.Random(i)
    size = dice.choice((0, 1, 10, 100, 300, 1000, 1000, 3000)) if i % 100 else dice.randrange(60_000)
    data = dice.randbytes(size).replace(b"\n", b"\0")
    return b"key-%d" % (i % 997), b"%d;" % i + data


def sum_of(pairs):
    """Of all of them, in any order."""
    total = count = 0
    for key, data in pairs:
        total += int.from_bytes(hashlib.sha256(b"%d:%b%b" % (len(key), key, data)).digest(), "big")
        count += 1
    return count, hex(total % 2**256)


def stored(client, name):
    for shard in client.list_shards(StreamName=name)["Shards"]:
        iterator = client.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator, Limit=1000)
            for got in answer["Records"]:
                yield got["PartitionKey"].encode(), got["Data"]
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                break
            iterator = answer.get("NextShardIterator")


def feed(process, numbers):
    for i in numbers:
        process.stdin.write(b"%b\t%b\n" % record(i))
    process.stdin.close()


def one_round(service, client, numbers):
    name = f"many-{os.getpid()}-{numbers.start}"
    services.stream(client, name, SHARDS)
    began = time.monotonic()
    words = [KPUT, "--endpoint-url", service.url, "--region", services.REGION, "-K", r"\t", "--stats",
             # It is slow, and slower when asked for several things at a time.
             "--read-timeout", "300", "--deadline", "900", "-X", "max_requests_in_flight=2", "-X", "max_batch_bytes=1MiB", name]
    process = subprocess.Popen(words, env=service.environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    feed(process, numbers)
    err = process.stderr.read().decode()
    code = process.wait(timeout=600)
    stats = json.loads(next(line for line in err.splitlines() if line.startswith("{")))
    check.say(f"# {len(numbers)} records, {stats['bytes_written']} bytes in {time.monotonic() - began:.1f} s: {err.strip()[-600:]}")
    check.equal("kput writes all of them", (0, len(numbers), 0), (code, stats["written"], stats["maybe_twice"]))
    check.equal("boto3 reads the same records", sum_of(record(i) for i in numbers), sum_of(stored(client, name)))
    client.delete_stream(StreamName=name)


def main():
    check.require("KINESIS_MOCK_URL")
    service = services.Service("kinesis-mock", "KINESIS_MOCK")
    client = service.client("kinesis")
    for first in range(0, ROUNDS * COUNT, COUNT):
        one_round(service, client, range(first, first + COUNT))
    check.done()


main()
