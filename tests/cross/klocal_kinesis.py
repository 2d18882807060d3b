#!/usr/bin/env python3
"""klocal's Kinesis as boto3 sees it: every operation, its limits, and its errors."""
# limit: 600
import base64
import hashlib
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import klocal

klocal.need_boto3()
import botocore
import botocore.auth
import botocore.awsrequest
import botocore.credentials

ALL_BYTES = bytes(range(256))
MIB = 1 << 20
TOP = (1 << 128) - 1


def iterator(client, stream, shard, kind="TRIM_HORIZON", **more):
    return client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def read(client, text):
    """All records from an iterator to the tip, or to the end of the shard."""
    found = []
    while text:
        answer = client.get_records(ShardIterator=text)
        found += answer["Records"]
        text = answer.get("NextShardIterator")
        if answer["MillisBehindLatest"] == 0:
            break
    return found


def shard_id(number):
    return f"shardId-{number:012d}"


def streams(client):
    client.create_stream(StreamName="walk", ShardCount=3)
    summary = client.describe_stream_summary(StreamName="walk")["StreamDescriptionSummary"]
    check.equal("a new stream has its shards", (3, "ACTIVE", 24),
                (summary["OpenShardCount"], summary["StreamStatus"], summary["RetentionPeriodHours"]))
    check.equal("its ARN names region and account", "arn:aws:kinesis:us-east-1:123456789012:stream/walk", summary["StreamARN"])
    check.ok("its time is now", abs(summary["StreamCreationTimestamp"].timestamp() - time.time()) < 60)
    shards = client.describe_stream(StreamName="walk")["StreamDescription"]["Shards"]
    ranges = [(int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"])) for s in shards]
    check.equal("the shards cover every hash key", (0, TOP, True),
                (ranges[0][0], ranges[-1][1], all(a[1] + 1 == b[0] for a, b in zip(ranges, ranges[1:]))))
    check.refused("a stream is made once", ["ResourceInUseException"], lambda: client.create_stream(StreamName="walk", ShardCount=1))
    check.refused("an unknown stream", ["ResourceNotFoundException"], lambda: client.describe_stream(StreamName="nobody"))
    check.refused("a name with a blank", ["ValidationException"], lambda: client.create_stream(StreamName="a b", ShardCount=1))
    check.refused("too many shards", ["LimitExceededException"], lambda: client.create_stream(StreamName="many", ShardCount=20001))
    for number in range(3):
        client.create_stream(StreamName=f"list-{number}", ShardCount=1)
    pages = client.list_streams(Limit=2)
    check.equal("ListStreams pages", (["list-0", "list-1"], True), (pages["StreamNames"], pages["HasMoreStreams"]))
    rest = client.list_streams(Limit=2, ExclusiveStartStreamName="list-1")
    check.equal("ListStreams goes on", (["list-2", "walk"], False), (rest["StreamNames"], rest["HasMoreStreams"]))
    for number in range(3):
        client.delete_stream(StreamName=f"list-{number}")
    check.equal("deleted streams are gone", ["walk"], client.list_streams()["StreamNames"])
    if "StreamARN" in client.meta.service_model.operation_model("PutRecord").input_shape.members:
        arn = summary["StreamARN"]
        check.ok("StreamARN names a stream", client.put_record(StreamARN=arn, Data=b"x", PartitionKey="k")["ShardId"])
        check.refused("another account's ARN", ["AccessDeniedException"], lambda: client.put_record(
            StreamARN=arn.replace("123456789012", "999999999999"), Data=b"x", PartitionKey="k"))
        check.refused("name and ARN that differ", ["InvalidArgumentException"], lambda: client.put_record(
            StreamName="other", StreamARN=arn, Data=b"x", PartitionKey="k"))


def records(client):
    client.create_stream(StreamName="records", ShardCount=4)
    shards = client.list_shards(StreamName="records")["Shards"]
    cases = [(b"", "a"), (b"x", "a"), (ALL_BYTES, "a"), (b"1", "\U0001f600" * 256), (b"2", "quo\"te\\back\x01\x1f\x7f"),
             (b"3", "\u00e9\u4e2d"), (os.urandom(MIB - 1), "k")]
    sent = {}
    for data, key in cases:
        answer = client.put_record(StreamName="records", Data=data, PartitionKey=key)
        sent[answer["SequenceNumber"]] = (answer["ShardId"], key, data)
        hashed = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        owner = next(s["ShardId"] for s in shards if int(s["HashKeyRange"]["StartingHashKey"]) <= hashed
                     <= int(s["HashKeyRange"]["EndingHashKey"]))
        check.equal(f"the key {key[:12]!r} ({len(data)} bytes) goes to its shard", owner, answer["ShardId"])
    answer = client.put_record(StreamName="records", Data=b"top", PartitionKey="a", ExplicitHashKey=str(TOP))
    check.equal("an explicit hash key wins", shards[-1]["ShardId"], answer["ShardId"])
    sent[answer["SequenceNumber"]] = (answer["ShardId"], "a", b"top")
    found = {}
    for shard in shards:
        numbers = []
        for record in read(client, iterator(client, "records", shard["ShardId"])):
            found[record["SequenceNumber"]] = (shard["ShardId"], record["PartitionKey"], record["Data"])
            numbers.append(int(record["SequenceNumber"]))
        check.ok(f"sequence numbers grow in {shard['ShardId']}", numbers == sorted(set(numbers)))
    check.equal("everything comes back as it was", sent, found)
    check.ok("sequence numbers have 56 digits", all(len(number) == 56 for number in sent))
    kept = {record["SequenceNumber"]: record for shard in klocal_.admin("state?stream=records&records=1")["Streams"][0]["Shards"]
            for record in shard["Records"]}
    check.equal("the admin page knows the same records", {n: hashlib.sha256(v[2]).hexdigest() for n, v in sent.items()},
                {n: r["Sha256"] for n, r in kept.items()})


def batches(client):
    client.create_stream(StreamName="batch", ShardCount=2)
    entries = [{"Data": str(i).encode(), "PartitionKey": f"key{i}"} for i in range(500)]
    answer = client.put_records(StreamName="batch", Records=entries)
    check.equal("500 records in one request", (0, 500), (answer["FailedRecordCount"], len(answer["Records"])))
    found = [r["Data"] for s in range(2) for r in read(client, iterator(client, "batch", shard_id(s)))]
    check.equal("all 500 are there", sorted(e["Data"] for e in entries), sorted(found))
    check.refused("501 records", ["ValidationException"], lambda: client.put_records(
        StreamName="batch", Records=entries + [{"Data": b"x", "PartitionKey": "k"}]))
    ten = [{"Data": bytes(MIB - 1), "PartitionKey": "k"}] * 10
    check.equal("10 MiB in one request", 0, client.put_records(StreamName="batch", Records=ten)["FailedRecordCount"])
    check.refused("10 MiB and one byte", ["InvalidArgumentException"], lambda: client.put_records(
        StreamName="batch", Records=ten + [{"Data": b"", "PartitionKey": "k"}]))
    check.refused("a record of 1 MiB with its key on top", ["InvalidArgumentException"], lambda: client.put_record(
        StreamName="batch", Data=bytes(MIB), PartitionKey="k"))
    answer = client.get_records(ShardIterator=iterator(client, "batch", "shardId-000000000000", "TRIM_HORIZON"))
    other = client.get_records(ShardIterator=iterator(client, "batch", "shardId-000000000001", "TRIM_HORIZON"))
    sizes = [sum(len(r["Data"]) + len(r["PartitionKey"]) for r in a["Records"]) for a in (answer, other)]
    check.ok("GetRecords gives at most 10 MiB", max(sizes) <= 10 * MIB, sizes)
    large = max((answer, other), key=lambda a: len(a["NextShardIterator"]) and sum(len(r["Data"]) for r in a["Records"]))
    check.ok("and says how far behind it is", large["MillisBehindLatest"] > 0 or len(large["Records"]) > 500, large["MillisBehindLatest"])


def next_second():
    """Waits for the next whole second: Debian's botocore sends no fractions."""
    second = int(time.time()) + 1
    time.sleep(second + 0.01 - time.time())
    return second


def positions(client):
    client.create_stream(StreamName="where", ShardCount=1)
    shard = shard_id(0)
    start = time.time()
    latest = iterator(client, "where", shard, "LATEST")
    numbers = [client.put_record(StreamName="where", Data=bytes([i]), PartitionKey="k")["SequenceNumber"] for i in range(3)]
    middle = next_second()
    numbers += [client.put_record(StreamName="where", Data=bytes([i]), PartitionKey="k")["SequenceNumber"] for i in range(3, 6)]

    behind = next_second()

    def data(text):
        return b"".join(r["Data"] for r in read(client, text))

    check.equal("LATEST taken before", b"\0\1\2\3\4\5", data(latest))
    check.equal("LATEST taken now", b"", data(iterator(client, "where", shard, "LATEST")))
    check.equal("TRIM_HORIZON", b"\0\1\2\3\4\5", data(iterator(client, "where", shard)))
    check.equal("AT_SEQUENCE_NUMBER", b"\2\3\4\5", data(iterator(client, "where", shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2])))
    check.equal("AFTER_SEQUENCE_NUMBER", b"\3\4\5", data(iterator(client, "where", shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2])))
    check.equal("AFTER the last", b"", data(iterator(client, "where", shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[5])))
    check.equal("AT_TIMESTAMP in the middle", b"\3\4\5", data(iterator(client, "where", shard, "AT_TIMESTAMP", Timestamp=middle)))
    check.equal("AT_TIMESTAMP before all", b"\0\1\2\3\4\5", data(iterator(client, "where", shard, "AT_TIMESTAMP", Timestamp=start - 1000)))
    check.equal("AT_TIMESTAMP behind all", b"", data(iterator(client, "where", shard, "AT_TIMESTAMP", Timestamp=behind)))
    check.refused("AT_TIMESTAMP in the future", ["InvalidArgumentException"], lambda: iterator(client, "where", shard, "AT_TIMESTAMP", Timestamp=time.time() + 100))
    check.refused("a number of another shard", ["InvalidArgumentException"], lambda: iterator(
        client, "where", shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[0][:-1] + "7"))
    check.refused("a number from nowhere", ["InvalidArgumentException"], lambda: iterator(client, "where", shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber="0"))
    check.refused("a number for TRIM_HORIZON", ["InvalidArgumentException"], lambda: iterator(client, "where", shard, StartingSequenceNumber=numbers[0]))
    check.refused("an unknown shard", ["ResourceNotFoundException"], lambda: iterator(client, "where", "shardId-000000000009"))
    check.refused("a type that is none", ["ValidationException"], lambda: iterator(client, "where", shard, "NEWEST"))
    check.refused("a bogus iterator", ["InvalidArgumentException"], lambda: client.get_records(ShardIterator="bogus"))
    text = iterator(client, "where", shard)
    check.refused("a changed iterator", ["InvalidArgumentException"], lambda: client.get_records(
        ShardIterator=text[:20] + ("A" if text[20] != "A" else "B") + text[21:]))
    check.refused("Limit 10001", ["InvalidArgumentException"], lambda: client.get_records(ShardIterator=text, Limit=10001))
    two = client.get_records(ShardIterator=text, Limit=2)
    check.ok("Limit 2 gives two, and more is there", len(two["Records"]) == 2 and two["MillisBehindLatest"] > 0)
    klocal_.admin("clock", {"advance_ms": 240000})
    check.equal("an iterator lives for 5 minutes", 6, len(client.get_records(ShardIterator=text)["Records"]))
    klocal_.admin("clock", {"advance_ms": 61000})
    check.refused("and no longer", ["ExpiredIteratorException"], lambda: client.get_records(ShardIterator=text))
    klocal_.admin("clock", {"advance_ms": 25 * 3600 * 1000})
    check.equal("records are trimmed after 24 hours", b"", data(iterator(client, "where", shard)))


def resharding(client):
    client.create_stream(StreamName="reshard", ShardCount=1)
    before = client.put_record(StreamName="reshard", Data=b"before", PartitionKey="k")
    client.split_shard(StreamName="reshard", ShardToSplit=shard_id(0), NewStartingHashKey=str(1 << 127))
    shards = client.list_shards(StreamName="reshard")["Shards"]
    check.equal("a split closes the parent and makes two children", [(None, True), (shard_id(0), False), (shard_id(0), False)],
                [(s.get("ParentShardId"), "EndingSequenceNumber" in s["SequenceNumberRange"]) for s in shards])
    end = client.get_records(ShardIterator=iterator(client, "reshard", shard_id(0)))
    check.equal("the parent is read to its end", ([b"before"], None, [shard_id(1), shard_id(2)]),
                ([r["Data"] for r in end["Records"]], end.get("NextShardIterator"), [c["ShardId"] for c in end["ChildShards"]]))
    check.equal("its number range holds its record", True, int(shards[0]["SequenceNumberRange"]["StartingSequenceNumber"])
                <= int(before["SequenceNumber"]) <= int(shards[0]["SequenceNumberRange"]["EndingSequenceNumber"]))
    check.refused("a closed shard is not split", ["ResourceInUseException"], lambda: client.split_shard(
        StreamName="reshard", ShardToSplit=shard_id(0), NewStartingHashKey="5"))
    check.refused("a split outside the range", ["InvalidArgumentException"], lambda: client.split_shard(
        StreamName="reshard", ShardToSplit=shard_id(1), NewStartingHashKey=str(1 << 127)))
    client.split_shard(StreamName="reshard", ShardToSplit=shard_id(1), NewStartingHashKey=str(1 << 126))
    check.refused("shards that are not neighbours do not merge", ["InvalidArgumentException"], lambda: client.merge_shards(
        StreamName="reshard", ShardToMerge=shard_id(3), AdjacentShardToMerge=shard_id(2)))
    client.merge_shards(StreamName="reshard", ShardToMerge=shard_id(4), AdjacentShardToMerge=shard_id(2))
    merged = client.list_shards(StreamName="reshard")["Shards"][-1]
    check.equal("a merge has two parents", (shard_id(4), shard_id(2), str(1 << 126), str(TOP)),
                (merged["ParentShardId"], merged["AdjacentParentShardId"], merged["HashKeyRange"]["StartingHashKey"],
                 merged["HashKeyRange"]["EndingHashKey"]))
    child = client.get_records(ShardIterator=iterator(client, "reshard", shard_id(2)))["ChildShards"][0]
    check.equal("both parents are in ChildShards", [shard_id(4), shard_id(2)], child["ParentShards"])
    filters = {"AT_LATEST": [3, 5], "FROM_TRIM_HORIZON": [0, 1, 2, 3, 4, 5], "AT_TRIM_HORIZON": [0]}
    for name, wanted in filters.items():
        found = client.list_shards(StreamName="reshard", ShardFilter={"Type": name})["Shards"]
        check.equal(f"ListShards {name}", [shard_id(n) for n in wanted], [s["ShardId"] for s in found])
    found = client.list_shards(StreamName="reshard", ShardFilter={"Type": "AFTER_SHARD_ID", "ShardId": shard_id(3)})["Shards"]
    check.equal("ListShards AFTER_SHARD_ID", [shard_id(4), shard_id(5)], [s["ShardId"] for s in found])
    pages, token = [], {"StreamName": "reshard"}
    while token:
        answer = client.list_shards(MaxResults=4, **token)
        pages.append(len(answer["Shards"]))
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else None
    check.equal("ListShards pages", [4, 2], pages)
    answer = client.list_shards(StreamName="reshard", MaxResults=1)
    check.refused("NextToken and a name", ["InvalidArgumentException"], lambda: client.list_shards(
        StreamName="reshard", NextToken=answer["NextToken"]))
    klocal_.admin("clock", {"advance_ms": 301000})
    check.refused("a NextToken lives for 300 s", ["ExpiredNextTokenException"], lambda: client.list_shards(NextToken=answer["NextToken"]))


def settings(client):
    client.create_stream(StreamName="set", ShardCount=1)
    arn = client.describe_stream_summary(StreamName="set")["StreamDescriptionSummary"]["StreamARN"]
    client.increase_stream_retention_period(StreamName="set", RetentionPeriodHours=48)
    check.equal("retention grows", 48, client.describe_stream_summary(StreamName="set")["StreamDescriptionSummary"]["RetentionPeriodHours"])
    check.refused("and does not shrink by growing", ["InvalidArgumentException"], lambda: client.increase_stream_retention_period(
        StreamName="set", RetentionPeriodHours=24))
    if hasattr(client, "update_max_record_size"):
        client.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10240)
        data = os.urandom(10 * MIB - 1)
        client.put_record(StreamName="set", Data=data, PartitionKey="k")
        found = read(client, iterator(client, "set", shard_id(0)))
        check.ok("a stream with raised record size takes 10 MiB", found[0]["Data"] == data)
    client.start_stream_encryption(StreamName="set", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    check.equal("EncryptionType is told", "KMS", client.put_record(StreamName="set", Data=b"", PartitionKey="k").get("EncryptionType"))
    made = client.register_stream_consumer(StreamARN=arn, ConsumerName="fan")["Consumer"]
    check.equal("a consumer is active", "ACTIVE", client.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]["ConsumerStatus"])
    check.equal("consumers are listed", ["fan"], [c["ConsumerName"] for c in client.list_stream_consumers(StreamARN=arn)["Consumers"]])
    check.refused("a consumer is registered once", ["ResourceInUseException"], lambda: client.register_stream_consumer(StreamARN=arn, ConsumerName="fan"))
    check.refused("a stream with consumers stays", ["ResourceInUseException"], lambda: client.delete_stream(StreamName="set"))
    client.deregister_stream_consumer(StreamARN=arn, ConsumerName="fan")
    check.refused("a consumer is gone", ["ResourceNotFoundException"], lambda: client.describe_stream_consumer(ConsumerARN=made["ConsumerARN"]))


def fan_out():
    """SubscribeToShard: event streams that botocore reads."""
    service = klocal.Klocal("--heartbeat-ms", "300")
    client = service.client("kinesis")
    client.create_stream(StreamName="fan", ShardCount=1)
    arn = client.describe_stream_summary(StreamName="fan")["StreamDescriptionSummary"]["StreamARN"]
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="one")["Consumer"]["ConsumerARN"]

    def subscribe(by=consumer, kind="TRIM_HORIZON", **more):
        return iter(client.subscribe_to_shard(ConsumerARN=by, ShardId=shard_id(0), StartingPosition={"Type": kind, **more})["EventStream"])

    def event(events):
        return next(events)["SubscribeToShardEvent"]

    client.put_record(StreamName="fan", Data=ALL_BYTES, PartitionKey="k")
    service.admin("clock", {"hold": True})  # five seconds are over soon on a slow machine
    events = subscribe()
    first = event(events)
    check.equal("an event brings what is there", ([ALL_BYTES], 0), ([r["Data"] for r in first["Records"]], first["MillisBehindLatest"]))
    check.equal("its continuation is the last record", first["Records"][-1]["SequenceNumber"], first["ContinuationSequenceNumber"])
    quiet = event(events)
    check.equal("a quiet shard says that it lives", [], quiet["Records"])
    client.put_record(StreamName="fan", Data=b"next", PartitionKey="k")
    check.equal("a new record comes at once", [b"next"], [r["Data"] for r in event(events)["Records"]])
    check.refused("a second subscription within 5 s", ["ResourceInUseException"], subscribe)
    other = client.register_stream_consumer(StreamARN=arn, ConsumerName="two")["Consumer"]["ConsumerARN"]
    check.equal("another consumer has its own", 2, len(event(subscribe(other))["Records"]))
    service.admin("clock", {"hold": False, "advance_ms": 6000})
    taken = subscribe(kind="AFTER_SEQUENCE_NUMBER", SequenceNumber=quiet["ContinuationSequenceNumber"])
    check.equal("after 5 s it takes over, from the continuation", [b"next"], [r["Data"] for r in event(taken)["Records"]])
    check.equal("and the old one ends", True, all(not e["SubscribeToShardEvent"]["Records"] for e in events))
    client.put_records(StreamName="fan", Records=[{"Data": bytes([i]), "PartitionKey": "k"} for i in range(100)])
    client.split_shard(StreamName="fan", ShardToSplit=shard_id(0), NewStartingHashKey=str(1 << 127))
    rest = [e["SubscribeToShardEvent"] for e in taken]
    check.equal("a closed shard is read to its end", 100, sum(len(e["Records"]) for e in rest))
    check.equal("its last event has the children and no continuation", ([shard_id(1), shard_id(2)], None),
                ([c["ShardId"] for c in rest[-1].get("ChildShards", [])], rest[-1].get("ContinuationSequenceNumber")))
    third = client.register_stream_consumer(StreamARN=arn, ConsumerName="three")["Consumer"]["ConsumerARN"]
    live = iter(client.subscribe_to_shard(ConsumerARN=third, ShardId=shard_id(1), StartingPosition={"Type": "LATEST"})["EventStream"])
    event(live)
    service.admin("clock", {"advance_ms": 301000})
    check.ok("a subscription ends after five minutes", all(not e["SubscribeToShardEvent"]["Records"] for e in live))
    live = iter(client.subscribe_to_shard(ConsumerARN=third, ShardId=shard_id(1), StartingPosition={"Type": "LATEST"})["EventStream"])
    event(live)
    client.delete_stream(StreamName="fan", EnforceConsumerDeletion=True)
    check.refused("a deleted stream is an exception in the stream", ["ResourceNotFoundException"], lambda: {"events": list(live)})
    check.refused("an unknown consumer", ["ResourceNotFoundException"], subscribe)
    client.create_stream(StreamName="fan", ShardCount=1)
    held = client.register_stream_consumer(StreamARN=arn, ConsumerName="one")["Consumer"]["ConsumerARN"]
    service.admin("faults", {"rules": [{"fault": "corrupt", "operation": "SubscribeToShard", "offset": 150, "count": 1}]})
    try:
        list(subscribe(held))
        check.ok("a wrong bit in an event is seen", False)
    except Exception as error:
        check.ok("a wrong bit in an event is seen", "hecksum" in type(error).__name__ + str(error), f"{type(error).__name__}: {error}")
    service.admin("clock", {"advance_ms": 6000})
    held = subscribe(held)
    check.equal("klocal ends cleanly with a subscription open", 0, service.stop())


def send(operation, body, content_type="application/x-amz-json-1.1"):
    """A signed request with a body that boto3 would not write."""
    headers = {"Content-Type": content_type, "X-Amz-Target": f"Kinesis_20131202.{operation}"}
    request = botocore.awsrequest.AWSRequest("POST", klocal_.url + "/", data=body, headers=headers)
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(klocal.KEY, klocal.SECRET), "kinesis", "us-east-1").add_auth(request)
    return klocal_.send("POST", "/", dict(request.headers.items()), body)


def strictness(client):
    client.create_stream(StreamName="strict", ShardCount=1)
    good = {"StreamName": "strict", "PartitionKey": "k", "Data": "eHg="}
    for text, code, change in (
            ("base64 without padding", "SerializationException", {"Data": "eHg"}),
            ("base64 with a blank", "SerializationException", {"Data": "eH g="}),
            ("base64 with a line break", "SerializationException", {"Data": "eHg=\n"}),
            ("base64 of the URL kind", "SerializationException", {"Data": "_-8="}),
            ("base64 with stray bits", "SerializationException", {"Data": "eHh="}),
            ("Data that is a number", "SerializationException", {"Data": 5}),
            ("no Data", "ValidationException", {"Data": None}),
            ("an empty partition key", "ValidationException", {"PartitionKey": ""}),
            ("257 characters of partition key", "ValidationException", {"PartitionKey": "\U0001f600" * 257}),
            ("a hash key with a sign", "ValidationException", {"ExplicitHashKey": "-1"}),
            ("a hash key with a leading zero", "ValidationException", {"ExplicitHashKey": "01"}),
            ("a hash key beyond 128 bits", "InvalidArgumentException", {"ExplicitHashKey": str(TOP + 1)}),
            ("a stream name with a slash", "ValidationException", {"StreamName": "a/b"}),
            ("no stream at all", "InvalidArgumentException", {"StreamName": None}),
            ("a stream nobody made", "ResourceNotFoundException", {"StreamName": "nobody"})):
        klocal.refused(text, 400, code, send("PutRecord", json.dumps({**good, **change}).encode()))
    for text, body in (("cut off JSON", b'{"StreamName":"strict"'), ("an array", b"[]"), ("nothing", b""),
                       ("a member twice", b'{"StreamName":"strict","StreamName":"strict","Data":"","PartitionKey":"k"}'),
                       ("a lone surrogate", b'{"StreamName":"strict","Data":"","PartitionKey":"\\ud800"}'),
                       ("not UTF-8", b'{"StreamName":"strict","Data":"","PartitionKey":"\xff"}')):
        klocal.refused(f"a body that is {text}", 400, "SerializationException", send("PutRecord", body))
    klocal.refused("an unknown operation", 400, "UnknownOperationException", send("PutRecordz", b"{}"))
    klocal.refused("another content type", 400, "UnknownOperationException", send("PutRecord", b"{}", "application/json"))
    klocal.refused("no records", 400, "ValidationException", send("PutRecords", b'{"StreamName":"strict","Records":[]}'))
    klocal.refused("Limit as text", 400, "SerializationException", send("ListStreams", b'{"Limit":"5"}'))
    klocal.refused("a time as text", 400, "SerializationException", send("GetShardIterator", json.dumps(
        {"StreamName": "strict", "ShardId": shard_id(0), "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": "now"}).encode()))
    status, headers, body = send("PutRecord", json.dumps({**good, "PartitionKey": "a\0b"}).encode())
    check.equal("a partition key may hold a NUL", 200, status)
    check.ok("answers carry a request id and a date", headers.get("x-amzn-requestid") and headers.get("date"), headers)
    found = read(client, iterator(client, "strict", shard_id(0)))
    check.equal("only the good record was written", [("a\0b", b"xx")], [(r["PartitionKey"], r["Data"]) for r in found])
    status, headers, body = send("PutRecord", b"{}")
    check.equal("errors name their type in a header", "ValidationException", headers.get("x-amzn-errortype"))
    check.ok("and all problems in one message", b"2 validation errors detected" in body, body)
    status, _, body = send("PutRecord", json.dumps({**good, "Data": base64.b64encode(bytes(10 * MIB + 1)).decode()}).encode())
    check.ok("a record above 10 MiB is invalid", status == 400 and b"ValidationException" in body, body[:200])


def limits():
    """Per-shard throughput, when it is switched on. Time stands still: on a slow machine a second is over soon."""
    service = klocal.Klocal("--shard-limits", "--create-ms", "300")
    client = service.client("kinesis")
    service.admin("clock", {"hold": True})
    client.create_stream(StreamName="slow", ShardCount=1)
    status = client.describe_stream_summary(StreamName="slow")["StreamDescriptionSummary"]["StreamStatus"]
    check.equal("a stream is CREATING for a while", "CREATING", status)
    check.refused("and takes no record yet", ["ResourceNotFoundException"], lambda: client.put_record(StreamName="slow", Data=b"", PartitionKey="k"))
    service.admin("clock", {"advance_ms": 300})
    status = client.describe_stream_summary(StreamName="slow")["StreamDescriptionSummary"]["StreamStatus"]
    check.equal("then it is ACTIVE", "ACTIVE", status)
    answers = [client.put_records(StreamName="slow", Records=[{"Data": b"x", "PartitionKey": "k"}] * 500) for _ in range(6)]
    failed = sum(a["FailedRecordCount"] for a in answers)
    codes = {r.get("ErrorCode") for a in answers for r in a["Records"]}
    check.equal("more than 1000 records in a second are throttled, one by one", 2000, failed)
    check.equal("with the right code", {None, "ProvisionedThroughputExceededException"}, codes)
    text = iterator(client, "slow", shard_id(0))
    refused = 0
    for _ in range(12):
        try:
            client.get_records(ShardIterator=text, Limit=1)
        except client.exceptions.ProvisionedThroughputExceededException:
            refused += 1
    check.equal("more than 5 reads in a second are throttled", 7, refused)
    service.admin("clock", {"advance_ms": 1000})
    check.equal("a second later there is room", 0, client.put_records(
        StreamName="slow", Records=[{"Data": b"x", "PartitionKey": "k"}] * 500)["FailedRecordCount"])
    service.admin("clock", {"hold": False})
    check.equal("klocal's clock is held or not", 400, service.send("POST", "/_klocal/clock", {}, b'{"hold":1}')[0])
    check.equal("klocal ends cleanly", 0, service.stop())


klocal_ = klocal.Klocal()
check.say(f"# botocore {botocore.__version__}")
for part in (streams, records, batches, positions, resharding, settings, strictness):
    with check.case(part.__name__):
        klocal_.admin("reset", {})
        part(klocal_.client("kinesis"))
for part in (fan_out, limits):
    with check.case(part.__name__):
        part()
check.equal("klocal ends cleanly after all", 0, klocal_.stop())
klocal.both_pythons()
check.done()
