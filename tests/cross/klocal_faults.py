#!/usr/bin/env python3
"""klocal's faults, one by one: what the rules match, what arrives, and what was done in secret."""
# limit: 600
import http.client
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import klocal

klocal.need_boto3()
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def signed(kind, method, path, headers=None, body=b""):
    request = AWSRequest(method, service.url + path, data=body, headers=headers or {})
    (S3SigV4Auth if kind == "s3" else SigV4Auth)(Credentials(klocal.KEY, klocal.SECRET), kind, "us-east-1").add_auth(request)
    return service.send(method, path, dict(request.headers.items()), body)


def call(operation, **members):
    return signed("kinesis", "POST", "/", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"},
                  json.dumps(members).encode())


def put(data="eHg=", key="k", stream="s"):
    return call("PutRecord", StreamName=stream, PartitionKey=key, Data=data)


def rules(*items, **more):
    service.admin("faults", {"rules": items, **more})


def stored(stream="s"):
    shards = service.admin(f"state?stream={stream}")["Streams"][0]["Shards"]
    return sum(s["RecordCount"] for s in shards)


def broken(text, call_, kinds):
    """The call dies in the transport, in one of these ways."""
    try:
        answer = call_()
    except Exception as error:
        return check.ok(text, isinstance(error, kinds), f"{type(error).__name__}: {error}")
    return check.ok(text, False, f"an answer: {answer}")


def answers():
    cases = (("throttle", 400, "ProvisionedThroughputExceededException"), ("internal", 500, "InternalFailure"),
             ("unavailable", 503, "ServiceUnavailable"), ("expired_token", 400, "ExpiredTokenException"))
    for name, status, code in cases:
        rules({"fault": name, "operation": "PutRecord", "count": 1})
        klocal.refused(f"kinesis: {name}", status, code, put())
        check.equal(f"kinesis: {name} once only", 200, put()[0])
    check.equal("kinesis: nothing was stored by those", 4, stored())
    rules({"fault": "error", "status": 418, "code": "Teapot", "message": "short and stout", "commit": True, "count": 1})
    klocal.refused("kinesis: an error of one's own", 418, "Teapot", put())
    check.equal("kinesis: committed all the same", 5, stored())
    rules({"fault": "html", "count": 1}, {"fault": "garbage", "count": 1})
    status, headers, body = put()
    check.equal("html", (503, "text/html", True), (status, headers["content-type"], body.startswith(b"<html>")))
    status, headers, body = put()
    check.equal("garbage", (200, True), (status, b"\xff" in body))
    for name, status, code in (("throttle", 503, "SlowDown"), ("internal", 500, "InternalError"), ("expired_token", 400, "ExpiredToken"),
                               ("unavailable", 503, "ServiceUnavailable")):
        rules({"fault": name, "service": "s3", "bucket": "bucket", "key": "dir/*"})
        klocal.refused(f"s3: {name}", status, code, signed("s3", "GET", "/bucket/dir/k"))
        check.equal(f"s3: {name} for other keys not", 200, signed("s3", "GET", "/bucket/other")[0])
    rules({"fault": "error", "operation": "CopyObject", "status": 200, "code": "InternalError", "commit": True})
    answer = signed("s3", "PUT", "/bucket/copy", {"x-amz-copy-source": "/bucket/other"})
    klocal.refused("s3: an error inside a 200", 200, "InternalError", answer)
    check.equal("s3: and yet it was copied", 200, signed("s3", "HEAD", "/bucket/copy")[0])
    rules({"fault": "throttle", "service": "imds"}, {"fault": "internal", "service": "container"}, {"fault": "throttle", "operation": "GetCallerIdentity"})
    check.equal("imds and container", (429, 500), (service.send("PUT", "/latest/api/token")[0], service.send("GET", "/v2/credentials/x")[0]))
    check.refused("sts", ["Throttling"], service.client("sts").get_caller_identity)


def single_records():
    batch = lambda: json.loads(call("PutRecords", StreamName="s", Records=[{"Data": "eHg=", "PartitionKey": f"k{i}"} for i in range(10)])[2])
    codes = lambda answer: [r.get("ErrorCode") for r in answer["Records"]]
    before = stored()
    rules({"fault": "throttle", "index": 3}, {"fault": "internal", "partition_key": "k5"}, {"fault": "internal", "index": 7, "commit": True})
    answer = batch()
    wanted = [None] * 10
    wanted[3], wanted[5], wanted[7] = "ProvisionedThroughputExceededException", "InternalFailure", "InternalFailure"
    check.equal("chosen records fail", (3, wanted), (answer["FailedRecordCount"], codes(answer)))
    check.equal("one of them was stored in secret", before + 8, stored())
    rules({"fault": "throttle", "operation": "PutRecords", "shard": "shardId-000000000001"})
    answer = batch()
    check.equal("all records of a shard fail", {None: "shardId-000000000000"}, {r.get("ErrorCode"): r["ShardId"] for r in answer["Records"] if "ShardId" in r})
    check.ok("and only those", 0 < answer["FailedRecordCount"] < 10, answer)
    outcome = []
    for _ in range(2):
        rules({"fault": "throttle", "records": True, "probability": 0.5}, seed=42)
        outcome.append([codes(batch()) for _ in range(10)])
    failed = sum(c is not None for answer in outcome[0] for c in answer)
    check.ok("half of all records fail by dice", 25 < failed < 75, failed)
    check.ok("and the same ones with the same seed", outcome[0] == outcome[1])
    rules({"fault": "internal", "records": True, "skip": 2, "count": 3})
    check.equal("skip and count", [None] * 2 + ["InternalFailure"] * 3 + [None] * 5, codes(batch()))
    state = service.admin("faults")["Rules"][0]
    check.equal("the rule knows how often", (10, 3), (state["Seen"], state["Fired"]))


RESETS = (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected)


def connections():
    before = stored()
    rules({"fault": "reset_before", "operation": "PutRecord", "count": 1})
    broken("reset before", put, RESETS)
    check.equal("nothing was stored", before, stored())
    rules({"fault": "reset_during", "operation": "PutRecord", "count": 1})
    broken("reset during", lambda: put("A" * 4000000), RESETS)
    check.equal("nothing was stored either", before, stored())
    rules({"fault": "drop_answer", "operation": "PutRecord", "count": 1})
    broken("commit, then no answer", put, RESETS)
    check.equal("it was stored", before + 1, stored())
    body = os.urandom(300000)
    rules()
    signed("s3", "PUT", "/bucket/big", {}, body)
    get = lambda: signed("s3", "GET", "/bucket/big")
    rules({"fault": "truncate", "key": "big", "count": 1})
    broken("truncated", get, http.client.IncompleteRead)
    rules({"fault": "truncate", "key": "big", "offset": 0, "count": 1})
    broken("truncated to nothing", get, http.client.IncompleteRead)
    rules({"fault": "reset_answer", "key": "big", "count": 1})
    broken("reset in the answer", get, (*RESETS, http.client.IncompleteRead))
    rules({"fault": "wrong_length", "key": "big", "delta": 10, "count": 1})
    broken("a length too long", get, http.client.IncompleteRead)
    rules({"fault": "wrong_length", "key": "big", "delta": -10, "count": 1})
    check.ok("a length too short", get()[2] == body[:-10])
    rules({"fault": "corrupt", "key": "big", "offset": 5, "count": 1})
    check.ok("a bit too wrong", get()[2] == body[:5] + bytes([body[5] ^ 1]) + body[6:])
    rules({"fault": "header", "key": "big", "name": "ETag", "value": '"0"', "count": 1}, {"fault": "header", "key": "big", "name": "etag", "count": 1})
    check.equal("a header replaced", '"0"', get()[1].get("etag"))
    check.equal("a header left out", None, get()[1].get("etag"))
    check.ok("and all is well again", get()[2] == body)


def waiting():
    timed("delay", 0.3, {"fault": "delay", "operation": "PutRecord", "delay_ms": 300}, put)
    timed("slow", 0.25, {"fault": "slow", "operation": "PutRecord", "bytes": 20, "delay_ms": 50}, put)
    timed("stall", 0.3, {"fault": "stall", "operation": "PutRecord", "delay_ms": 300}, put)
    timed("a late error", 0.3, {"fault": "throttle", "operation": "PutRecord", "delay_ms": 300}, put, 400)


def timed(text, least, rule, call_, status=200):
    rules(rule)
    began = time.monotonic()
    answer = call_()
    check.equal(f"{text}: the answer is right", status, answer[0])
    check.ok(f"{text}: and late", time.monotonic() - began >= least, time.monotonic() - began)


def occupied(places):
    """Connections that fill every place. klocal may not have seen the end of earlier ones yet, and cut one of these short."""
    held, deadline = [], time.monotonic() + 60
    while time.monotonic() < deadline:
        held += [socket.create_connection(("127.0.0.1", service.port)) for _ in range(places - len(held))]
        time.sleep(0.3)
        ended = select.select(held, [], [], 0)[0]
        for one in ended:
            held.remove(one)
            one.close()
        if not ended:
            break
    return held


def when_there_is_room(call):
    """The service sees a moment later than we that a connection is closed, its own last one too."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return call()
        except RESETS:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def crowd():
    rules(connections=2)
    held = occupied(2)
    broken("a connection too many", put, RESETS)
    for one in held:
        one.close()
    check.equal("when others have gone there is room", 200, when_there_is_room(put)[0])
    when_there_is_room(rules)


def scripts():
    for text, script in (("an unknown fault", {"rules": [{"fault": "earthquake"}]}), ("an unknown member", {"rules": [{"fault": "delay", "sream": "s"}]}),
                         ("a wrong type", {"rules": [{"fault": "delay", "delay_ms": "10"}]}), ("no fault", {"rules": [{}]}), ("no object", []),
                         ("a record that is delayed", {"rules": [{"fault": "delay", "index": 1}]}), ("probability 2", {"rules": [{"fault": "html", "probability": 2}]})):
        status, _, body = service.send("POST", "/_klocal/faults", {}, json.dumps(script).encode())
        check.ok(f"a script with {text} is refused with words", status == 400 and len(json.loads(body)["error"]) > 5, body)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"rules": [{"fault": "throttle", "operation": "ListStreams"}]}, file)
        file.flush()
        other = klocal.Klocal("--faults", file.name)
        check.refused("a script from a file", ["ProvisionedThroughputExceededException"], other.client("kinesis").list_streams)
        check.equal("klocal ends cleanly", 0, other.stop())
        file.write("x")
        file.flush()
        done = subprocess.run([klocal.PROGRAM, "--faults", file.name], capture_output=True, check=False, timeout=30)
        check.equal("a broken file is a usage error", 2, done.returncode)
    rules({"fault": "stall", "delay_ms": 60000, "operation": "ListStreams"})
    held = socket.create_connection(("127.0.0.1", service.port))
    held.sendall(b"GET /_klocal/state HTTP/1.1\r\n")
    counts = service.admin("state")["Operations"]
    check.ok("the requests of each operation are counted", counts.get("kinesis:CreateStream") == 1, counts)


service = klocal.Klocal()
for part in (answers, single_records, connections, waiting, crowd, scripts):
    with check.case(part.__name__):
        service.admin("faults", {"rules": []})
        service.admin("reset", {})
        service.client("kinesis").create_stream(StreamName="s", ShardCount=2)
        service.client("s3").create_bucket(Bucket="bucket")
        for name in ("dir/k", "other"):
            service.client("s3").put_object(Bucket="bucket", Key=name, Body=b"data")
        part()
check.equal("klocal ends cleanly after all, also with a request half sent", 0, service.stop())
check.done()
