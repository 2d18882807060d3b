#!/usr/bin/env python3
"""klocal --sink answers benchmarks in the shapes boto3 expects: as many results as records, as many bytes as asked for."""
# limit: 600
import io
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import klocal

klocal.need_boto3()
import boto3.s3.transfer

MIB = 1 << 20


def kinesis(client):
    check.equal("any stream is there", "ACTIVE",
                client.describe_stream_summary(StreamName="any")["StreamDescriptionSummary"]["StreamStatus"])
    check.equal("and has a shard", 1, len(client.list_shards(StreamName="any")["Shards"]))
    for count in (1, 2, 499, 500):
        answer = client.put_records(StreamName="any", Records=[{"Data": os.urandom(100), "PartitionKey": f"k{i}"} for i in range(count)])
        check.equal(f"{count} records, {count} results", (0, count), (answer["FailedRecordCount"], len(answer["Records"])))
    check.ok("a single record", client.put_record(StreamName="any", Data=b"x", PartitionKey="k")["SequenceNumber"])
    for size, wanted in ((100, 10000), (1024, 10000), (102400, 102)):
        text = client.get_shard_iterator(StreamName=f"bench-{size}", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        answer = client.get_records(ShardIterator=text)
        check.equal(f"records of {size} bytes", {size}, {len(r["Data"]) for r in answer["Records"]})
        check.ok(f"about {wanted} of them", 0.9 * wanted <= len(answer["Records"]) <= 10000, len(answer["Records"]))
        again = client.get_records(ShardIterator=answer["NextShardIterator"])
        check.equal("and again as many", len(answer["Records"]), len(again["Records"]))


def s3(client):
    client.create_bucket(Bucket="bucket")
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    client.upload_fileobj(io.BytesIO(bytes(12 * MIB)), "bucket", "up", Config=config)
    check.ok("an upload in parts vanishes", True)
    client.put_object(Bucket="bucket", Key="small", Body=b"x")
    check.equal("nothing is kept", 0, service.admin("state")["Buckets"][0]["Objects"])
    out = io.BytesIO()
    client.download_fileobj("bucket", f"size-{12 * MIB + 5}", out, Config=config)
    check.equal("a key names its size", 12 * MIB + 5, len(out.getvalue()))
    part = client.get_object(Bucket="bucket", Key=f"size-{12 * MIB + 5}", Range="bytes=1048570-1048589")["Body"].read()
    check.equal("a range is a part of the same bytes", out.getvalue()[1048570:1048590], part)
    check.equal("HEAD", 1000, client.head_object(Bucket="bucket", Key="size-1000")["ContentLength"])
    client.delete_object(Bucket="bucket", Key="small")


service = klocal.Klocal("--sink")
for part in (kinesis, s3):
    with check.case(part.__name__):
        part(service.client(part.__name__))
check.equal("klocal ends cleanly", 0, service.stop())
klocal.both_pythons()
check.done()
