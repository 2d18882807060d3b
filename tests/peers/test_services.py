#!/usr/bin/env python3
"""What each service of others verifies, proven with clients of others: a broken start, or a new version that checks less
than we rely on, is seen here and not as a riddle in another suite."""
# limit: 600
import base64
import json
import os
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import services

ALL_BYTES = bytes(range(256))
JSON = "application/x-amz-json-1.1"
WRONG = "wrong" + "0" * 35


def put_body(name):
    return json.dumps({"StreamName": name, "PartitionKey": "a", "Data": "eHg="}).encode()


def put_headers(content_type=JSON):
    return {"Content-Type": content_type, "X-Amz-Target": "Kinesis_20131202.PutRecord"}


def kinesis_walk(service):
    """boto3 writes and reads; the AWS CLI reads that and writes, boto3 reads it."""
    client, name = service.client("kinesis"), f"services-{os.getpid()}"
    services.stream(client, name)
    client.put_record(StreamName=name, PartitionKey="boto3", Data=ALL_BYTES)
    check.equal(f"{service.name}: boto3 reads its record", [("boto3", ALL_BYTES)],
                list(services.records(client, name).values()))
    with check.case(f"{service.name}: the AWS CLI"):
        service.cli("kinesis", "put-record", "--stream-name", name, "--partition-key", "cli", "--data", "Y2xp")
        iterator = json.loads(service.cli(
            "kinesis", "get-shard-iterator", "--stream-name", name, "--shard-id", "shardId-000000000000",
            "--shard-iterator-type", "TRIM_HORIZON"))["ShardIterator"]
        found = json.loads(service.cli("kinesis", "get-records", "--shard-iterator", iterator))["Records"]
        both = [("boto3", ALL_BYTES), ("cli", b"cli")]
        check.equal(f"{service.name}: the AWS CLI reads both records", both,
                    [(record["PartitionKey"], base64.b64decode(record["Data"])) for record in found])
        check.equal(f"{service.name}: boto3 reads both records", both, list(services.records(client, name).values()))
    return name


def kinesis_unverified(service, name):
    """Known of this service: no signature is verified, so nothing that passes here says anything about ours."""
    body = put_body(name)
    status, _ = service.send("POST", "/", service.signed("kinesis", "POST", "/", put_headers(), body, secret=WRONG), body)
    check.equal(f"{service.name}: takes a wrong secret (as known)", 200, status)
    status, answer = service.send("POST", "/", put_headers(), body)
    check.ok(f"{service.name}: refuses a request without a signature",
             status == 400 and b"MissingAuthenticationTokenException" in answer, f"{status} {answer}")


def kinesis_verified(service, name):
    """moto: everything that is signed is verified for Kinesis."""
    body, path = put_body(name), "/"
    good = service.signed("kinesis", "POST", path, put_headers(), body)
    check.equal(f"{service.name}: takes a right signature", 200, service.send("POST", path, good, body)[0])
    for what, headers, changed_path, changed_body in (
            ("a wrong secret", service.signed("kinesis", "POST", path, put_headers(), body, secret=WRONG), path, body),
            ("a changed body", good, path, body.replace(b'"a"', b'"b"')),
            ("a changed query", good, "/?x=y", body),
            ("a changed signed header", {**good, "Content-Type": "application/json"}, path, body),
            ("a changed date", {**good, "X-Amz-Date": "20200101T000000Z"}, path, body),
            ("a changed scope", {**good, "Authorization": good["Authorization"].replace("us-east", "us-west")}, path, body)):
        status, answer = service.send("POST", changed_path, headers, changed_body)
        check.ok(f"{service.name}: refuses {what}", status == 403 and b"SignatureDoesNotMatch" in answer, f"{status} {answer}")
    check.refused(f"{service.name}: refuses an unknown key id", ["InvalidClientTokenId"], lambda: service.client(
        "kinesis", key="AKIAUNKNOWN000000000").put_record(StreamName=name, PartitionKey="a", Data=b"x"))


def session(service, codes, call):
    """Temporary keys work, a changed token or secret does not. call(client) makes one request."""
    keys = service.client("sts").assume_role(RoleArn=service.role, RoleSessionName="test")["Credentials"]
    key, secret, token = keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
    call(key, secret, token)
    check.ok(f"{service.name}: takes the keys of a session", True)
    changed = token[:8] + ("A" if token[8] != "A" else "B") + token[9:]
    check.refused(f"{service.name}: refuses a changed token", codes, lambda: call(key, secret, changed))
    check.refused(f"{service.name}: refuses a session's wrong secret", codes, lambda: call(key, WRONG, token))


def s3_walk(service, bucket):
    client = service.client("s3")
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="boto3", Body=ALL_BYTES)
    check.equal(f"{service.name}: boto3 reads its object", ALL_BYTES,
                client.get_object(Bucket=bucket, Key="boto3")["Body"].read())
    with check.case(f"{service.name}: the AWS CLI"):
        service.cli("s3", "cp", "-", f"s3://{bucket}/cli", input=b"from the CLI")
        check.equal(f"{service.name}: boto3 reads what the AWS CLI wrote", b"from the CLI",
                    client.get_object(Bucket=bucket, Key="cli")["Body"].read())
        check.equal(f"{service.name}: the AWS CLI reads what boto3 wrote", ALL_BYTES,
                    service.cli("s3", "cp", f"s3://{bucket}/boto3", "-", binary=True))
    check.refused(f"{service.name}: refuses a wrong secret", ["SignatureDoesNotMatch"],
                  lambda: service.client("s3", secret=WRONG).get_object(Bucket=bucket, Key="boto3"))
    check.refused(f"{service.name}: refuses an unknown key id", ["InvalidAccessKeyId"],
                  lambda: service.client("s3", key="AKIAUNKNOWN000000000").get_object(Bucket=bucket, Key="boto3"))


def s3_signature(service, bucket):
    """Requests with one thing changed after they were signed."""
    path, body = f"/{bucket}/signed", b"the body"
    good = service.signed("s3", "PUT", path, {"Content-Type": "text/plain", "x-amz-meta-a": "b"}, body)
    check.equal(f"{service.name}: takes a right signature", 200, service.send("PUT", path, good, body)[0])
    for what, headers, changed_path in (
            ("a changed signed header", {**good, "x-amz-meta-a": "c"}, path),
            ("a changed path", good, path + "x"),
            ("a changed query", good, path + "?tagging")):
        status, answer = service.send("PUT", changed_path, headers, body)
        check.ok(f"{service.name}: refuses {what}", status == 403 and b"SignatureDoesNotMatch" in answer, f"{status} {answer}")
    status, answer = service.send("PUT", path, good, b"the BODY")
    if service.name == "moto":
        check.equal(f"{service.name}: takes a body that is not the one hashed (as known)", 200, status)
    else:
        check.ok(f"{service.name}: refuses a body that is not the one hashed",
                 status == 400 and b"XAmzContentSHA256Mismatch" in answer, f"{status} {answer}")
    anonymous, answer = service.send("GET", f"/{bucket}/boto3", {})
    check.ok(f"{service.name}: refuses a request without a signature", anonymous == 403, f"{anonymous} {answer}")


def s3_presigned(service, bucket):
    url = service.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "boto3"}, ExpiresIn=60)
    path = url[len(service.url):]
    check.equal(f"{service.name}: takes a presigned URL", (200, ALL_BYTES), service.send("GET", path, {}))
    for what, changed in (("key", path.replace("/boto3?", "/cli?")), ("expiry", path.replace("Expires=60", "Expires=61"))):
        check.ok(f"{service.name}: refuses a presigned URL with a changed {what}",
                 changed != path and service.send("GET", changed, {})[0] == 403)
    short = service.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "boto3"}, ExpiresIn=1)
    time.sleep(2.5)
    check.equal(f"{service.name}: refuses an expired presigned URL", 403, service.send("GET", short[len(service.url):], {})[0])


def s3_rules(service, bucket):
    client = service.client("s3")
    check.refused(f"{service.name}: refuses a wrong Content-MD5", ["BadDigest", "InvalidDigest"], lambda: client.put_object(
        Bucket=bucket, Key="md5", Body=b"x", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="))
    path = f"/{bucket}/boto3"
    headers = service.signed("s3", "PUT", path, {"If-None-Match": "*"}, b"x")
    check.equal(f"{service.name}: If-None-Match keeps an object from being overwritten", 412,
                service.send("PUT", path, headers, b"x")[0])
    answer = client.get_object(Bucket=bucket, Key="boto3", Range="bytes=10-19")
    check.equal(f"{service.name}: a range", ALL_BYTES[10:20], answer["Body"].read())


def radosgw_virtual_host(service, bucket):
    """curl, as the third client of others, signs and resolves BUCKET.localhost by itself."""
    port = urllib.parse.urlsplit(service.url).port
    answer = subprocess.run(
        ["curl", "-s", "--noproxy", "*", "--aws-sigv4", f"aws:amz:{services.REGION}:s3", "-u",
         f"{service.key}:{service.secret}", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
         f"http://{bucket}.localhost:{port}/boto3"], stdout=subprocess.PIPE, timeout=120, check=False).stdout
    check.equal(f"{service.name}: the bucket as a host name", ALL_BYTES, answer)


def kinesis(service):
    name = kinesis_walk(service)
    if service.name == "moto":
        kinesis_verified(service, name)
        session(service, ["SignatureDoesNotMatch", "InvalidClientTokenId"], lambda *keys: service.client(
            "kinesis", *keys).put_record(StreamName=name, PartitionKey="a", Data=b"x"))
    else:
        kinesis_unverified(service, name)


def s3(service):
    bucket = f"services-{os.getpid()}"
    s3_walk(service, bucket)
    s3_signature(service, bucket)
    if service.name == "radosgw":
        s3_presigned(service, bucket)
        s3_rules(service, bucket)
        session(service, ["403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "InvalidToken"],
                lambda *keys: service.client("s3", *keys).get_object(Bucket=bucket, Key="boto3"))
        radosgw_virtual_host(service, bucket)


def main():
    services.skip_absent("KINESIS_MOCK", "KINESALITE", "MOTO", "RADOSGW")
    for run, group in ((kinesis, services.kinesis_services()), (s3, services.s3_services())):
        for service in group:
            if service.name != "klocal":
                with check.case(f"{service.name}: {run.__name__}"):
                    run(service)
    check.done()


main()
