#!/usr/bin/env python3
"""Records through put-record and get-records, and through boto3 and the AWS CLI on the other side, byte for byte, on every
Kinesis there is: what one writes, each of the others reads, in order, at the place the writer was told."""
# limit: 1800
import base64
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import services

QUICK = bool(os.environ.get("QUICK"))
MIB = 1024 * 1024
ALL_BYTES = bytes(range(256))
WIDEST = "\U0001f600" * 256
RECORDS = [  # what is special, partition key, data
    ("an empty record", "empty", b""),
    ("one byte", "one", b"\0"),
    ("all byte values", "bytes", ALL_BYTES),
    ("text with line ends", "text", "ä line\r\nand another\n".encode()),
    ("the article's record", "adam", b"Hello, world!"),
    ("128 four-byte characters in the key", "\U0001f600" * 128, b"wide key"),
    ("256 four-byte characters in the key", WIDEST, b"widest key"),
    ("quotes in the key", "\"it's\" ``", b"quotes"),
    ("backslashes in the key", "\\a\\\\\\\"\\u0041\\", b"backslashes"),
    ("control characters in the key", "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f", b"control"),
    ("emoji and joiners in the key", "👩‍👩‍👧‍👦 e\u0301 \u2028\u2029 \ufeff", b"emoji"),
    ("separators in the key", " a=b&c;d,{e}:[f]/%2F+ ", b"separators"),
    ("data that looks like JSON", "json", b'{"Data":"AAAA"}'),
    ("64 KiB", "large", ALL_BYTES * 256),
    ("1 MiB with the key, the most there is", "m", (ALL_BYTES * (MIB // 256))[1:]),
]
SHARDS = ["shardId-000000000000", "shardId-000000000001"]


class Writers:
    """Each puts one record and returns the shard and the sequence number it was told."""

    def __init__(self, service, stream, folder):
        self.service, self.stream, self.folder = service, stream, folder
        self.boto3_client = service.client("kinesis")

    def file_of(self, data):
        path = os.path.join(self.folder, "data")
        with open(path, "wb") as out:
            out.write(data)
        return path

    def put_record(self, key, data, *more):
        """Our program; data by file for even lengths and by pipe for odd ones, so that both ways are used."""
        words = ["--stream-name", self.stream, "--partition-key", key, *more]
        if len(data) % 2:
            answer = self.service.tool("put-record", *words, "--data", "-", input=data)
        else:
            answer = self.service.tool("put-record", *words, "--data", "file://" + self.file_of(data))
        return self.told(json.loads(answer))

    def aws_cli(self, key, data, *more):
        return self.told(json.loads(self.service.cli(
            "kinesis", "put-record", "--stream-name", self.stream, "--partition-key", key, "--data",
            "fileb://" + self.file_of(data), *more)))

    def boto3(self, key, data):
        return self.told(self.boto3_client.put_record(StreamName=self.stream, PartitionKey=key, Data=data))

    @staticmethod
    def told(answer):
        return answer["ShardId"], answer["SequenceNumber"]


class Readers:
    """Each returns everything as {(shard, sequence number): (key, data)}, in the order read."""

    def __init__(self, service, stream):
        self.service, self.stream = service, stream

    def boto3(self):
        return services.records(self.service.client("kinesis"), self.stream)

    def aws_cli(self):
        return self.pages(lambda shard: json.loads(self.service.cli(
            "kinesis", "get-shard-iterator", "--stream-name", self.stream, "--shard-id", shard, "--shard-iterator-type",
            "TRIM_HORIZON"))["ShardIterator"], lambda *words: self.service.cli("kinesis", "get-records", *words))

    def get_records(self):
        """Our program: the first page by stream and shard, the others by the iterator of the page before."""
        return self.pages(None, lambda *words: self.service.tool("get-records", *words))

    def pages(self, iterator_of, read):
        found = {}
        for shard in SHARDS:
            if iterator_of:
                answer = json.loads(read("--shard-iterator", iterator_of(shard)))
            else:
                answer = json.loads(read("--stream-name", self.stream, "--shard-id", shard, "--limit", "5"))
            while answer["Records"] or answer["MillisBehindLatest"]:
                for record in answer["Records"]:
                    found[shard, record["SequenceNumber"]] = (
                        record["PartitionKey"], base64.b64decode(record["Data"], validate=True))
                answer = json.loads(read("--shard-iterator", answer["NextShardIterator"]))
        return found


def write(text, put, records):
    """Puts the records and returns what a reader must find."""
    expected = {}
    for what, key, data in records:
        with check.case(f"{text} writes {what}"):
            expected[put(key, data)] = key, data
            check.ok(f"{text} writes {what}", True)
    return expected


def compare(text, expected, read):
    with check.case(text):
        if not expected:
            raise check.Skip("nothing was written")
        found = read()
        check.equal(f"{text}: as many records", len(expected), len(found))
        for place, record in expected.items():
            if found.get(place) != record:
                check.equal(f"{text}: key {record[0][:20]!r} at {place}", record, found.get(place))
                return
        order = [place for shard in SHARDS for place in expected if place[0] == shard]
        check.equal(f"{text}: every byte, in the order written", order, list(found))


def explicit_hash(service, writers):
    """The shard is the one whose range holds the hash given, whatever the key says. (moto places nothing at the last hash
    of a range and answers 500: one less there.)"""
    for shard in writers.boto3_client.list_shards(StreamName=writers.stream)["Shards"]:
        hashes = shard["HashKeyRange"]
        last = int(hashes["EndingHashKey"]) - (service.name == "moto")
        for number in (hashes["StartingHashKey"], str(last)):
            text = f"{service.name}: --explicit-hash-key {number} is in {shard['ShardId']}"
            with check.case(text):
                check.equal(text, shard["ShardId"], writers.put_record("k", b"x", "--explicit-hash-key", number)[0])


def widest_key_refused(service, writers):
    """kinesis-mock and kinesalite count UTF-16 units: their refusal must arrive as one."""
    text = f"{service.name}: put-record tells that 256 four-byte characters are refused"
    try:
        writers.put_record(WIDEST, b"x")
        check.ok(text, False, "accepted")
    except services.Failed as failed:
        check.ok(text, "InvalidArgumentException" in failed.stderr or "ValidationException" in failed.stderr, failed)


def text_argument(service, writers):
    """--data with the text itself: its bytes are the record."""
    name = f"{service.name}: --data TEXT"
    with check.case(name):
        answer = json.loads(service.tool("put-record", "--stream-name", writers.stream, "--partition-key", "adam",
                                         "--data", "Grüße, \"world\"\\n"))
        found = services.records(service.client("kinesis"), writers.stream)
        check.equal(name, ("adam", "Grüße, \"world\"\\n".encode()), found.get(Writers.told(answer)))


def round_trips(service, folder):
    client, name = service.client("kinesis"), f"roundtrip-{os.getpid()}"
    units = service.name in ("kinesis-mock", "kinesalite")
    records = [record for record in RECORDS if not (units and record[1] == WIDEST)]
    ours, theirs, cli = name + "-ours", name + "-boto3", name + "-cli"
    for stream in (ours, theirs, cli):
        services.stream(client, stream, shards=2)
    expected = write(f"{service.name}: put-record", Writers(service, ours, folder).put_record, records)
    for reader in ("boto3", "get_records", "aws_cli"):
        compare(f"{service.name}: {reader} reads what put-record wrote", expected, getattr(Readers(service, ours), reader))
    expected = write(f"{service.name}: boto3", Writers(service, theirs, folder).boto3, records)
    compare(f"{service.name}: get-records reads what boto3 wrote", expected, Readers(service, theirs).get_records)
    expected = write(f"{service.name}: the AWS CLI", Writers(service, cli, folder).aws_cli, records[:5] if QUICK else records)
    compare(f"{service.name}: get-records reads what the AWS CLI wrote", expected, Readers(service, cli).get_records)
    if units:
        widest_key_refused(service, Writers(service, ours, folder))
    text_argument(service, Writers(service, ours, folder))
    explicit_hash(service, Writers(service, ours, folder))
    for stream in (ours, theirs, cli):
        client.delete_stream(StreamName=stream)


def main():
    for tool in ("put-record", "get-records"):
        if not services.tool_exists(tool):
            check.skip("kinesis round trips", f"{tool} is not built")
            check.done()
    services.skip_absent("KINESIS_MOCK", "KINESALITE", "MOTO", "KLOCAL")
    with tempfile.TemporaryDirectory() as folder:
        for service in services.kinesis_services():
            with check.case(f"{service.name}: round trips"):
                round_trips(service, folder)
    check.done()


main()
