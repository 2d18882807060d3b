"""boto3 against the sink: peer_boto3.py put|get URL SIZE BATCH SECONDS. Prints what bench_put prints."""
import json
import os
import resource
import sys
import time

import boto3
import botocore.config

what, url, size, batch, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
client = boto3.client("kinesis", endpoint_url=url, region_name="us-east-1", config=botocore.config.Config(retries={"max_attempts": 0}))
data = os.urandom(size)
records = [{"Data": data, "PartitionKey": f"partition-{i:06}"} for i in range(batch)]


def put(_):
    answer = client.put_records(StreamName="bench", Records=records)
    return len(answer["Records"]), None


def get(iterator):
    if iterator is None:
        iterator = client.get_shard_iterator(StreamName=f"bench-{size}", ShardId="shardId-000000000000",
                                             ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    answer = client.get_records(ShardIterator=iterator, Limit=batch)
    return len(answer["Records"]), answer["NextShardIterator"]


once = put if what == "put" else get
_, state = once(None)
wall, cpu, count = time.perf_counter(), time.process_time(), 0
while time.perf_counter() - wall < seconds:
    n, state = once(state)
    count += n
print(json.dumps({"what": f"boto3 {boto3.__version__}", "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "records": count,
                  "bytes": count * size, "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
