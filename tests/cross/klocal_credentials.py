#!/usr/bin/env python3
"""klocal hands out session credentials (IMDS, container, STS) as boto3 wants them, and believes them until they expire."""
# limit: 600
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check
import klocal

klocal.need_boto3()
import boto3
import botocore

ROLE = "arn:aws:iam::123456789012:role/some/path/reader"


def session_from(**environment):
    """A boto3 session without keys that finds its credentials by this environment alone."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_EC2_METADATA_DISABLED="true",
                      AWS_DEFAULT_REGION="us-east-1")
    os.environ.update(environment)
    return boto3.session.Session()


def who(session):
    return session.client("sts", endpoint_url=service.url).get_caller_identity()["Arn"]


def imds():
    token_header = "x-aws-ec2-metadata-token"
    put = lambda ttl, more=None: service.send("PUT", "/latest/api/token", {**({f"{token_header}-ttl-seconds": ttl} if ttl else {}), **(more or {})})
    get = lambda page, token=None: service.send("GET", f"/latest/{page}", {token_header: token} if token else {})
    for text, ttl, status in (("none", None, 400), ("0", "0", 400), ("21601", "21601", 400), ("text", "x", 400), ("21600", "21600", 200)):
        check.equal(f"imds: a token for a life of {text}", status, put(ttl)[0])
    check.equal("imds: behind a proxy", 403, put("60", {"X-Forwarded-For": "1.2.3.4"})[0])
    token = put("60")[2].decode()
    check.equal("imds: nothing without a token", 401, get("meta-data/iam/security-credentials/")[0])
    check.equal("imds: nothing with a wrong one", 401, get("meta-data/iam/security-credentials/", token[:-2] + "AA")[0])
    check.equal("imds: the role", (200, b"klocal-role"), get("meta-data/iam/security-credentials/", token)[::2])
    keys = json.loads(get("meta-data/iam/security-credentials/klocal-role", token)[2])
    check.equal("imds: its credentials", {"Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, set(keys))
    check.equal("imds: another role", 404, get("meta-data/iam/security-credentials/other", token)[0])
    check.equal("imds: region and zone", (b"us-east-1", b"us-east-1a"),
                (get("meta-data/placement/region", token)[2], get("meta-data/placement/availability-zone", token)[2]))
    mac = get("meta-data/network/interfaces/macs/", token)[2].decode()
    check.equal("imds: the networks of the VPC", b"10.0.0.0/16\n10.1.0.0/16",
                get(f"meta-data/network/interfaces/macs/{mac}vpc-ipv4-cidr-blocks", token)[2])
    service.admin("clock", {"advance_ms": 61000})
    check.equal("imds: a token expires", 401, get("meta-data/placement/region", token)[0])
    session = session_from(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=service.url + "/")
    check.equal("imds: boto3 finds its role", "arn:aws:sts::123456789012:assumed-role/klocal-role/i-0123456789abcdef0", who(session))


def container():
    guarded = klocal.Klocal("--container-token", "open sesame")
    path = "/v2/credentials/task"
    check.equal("container: no token", 401, guarded.send("GET", path)[0])
    check.equal("container: a wrong token", 401, guarded.send("GET", path, {"Authorization": "x"})[0])
    check.equal("container: the right one", 200, guarded.send("GET", path, {"Authorization": "open sesame"})[0])
    session = session_from(AWS_CONTAINER_CREDENTIALS_FULL_URI=guarded.url + path, AWS_CONTAINER_AUTHORIZATION_TOKEN="open sesame")
    found = session.client("sts", endpoint_url=guarded.url).get_caller_identity()["Arn"]
    check.equal("container: boto3 finds its role", "arn:aws:sts::123456789012:assumed-role/klocal-role/container", found)
    check.equal("klocal ends cleanly", 0, guarded.stop())


def sts():
    client = service.client("sts")
    check.equal("sts: who a user is", ("arn:aws:iam::123456789012:user/klocal", "123456789012"),
                tuple(client.get_caller_identity()[k] for k in ("Arn", "Account")))
    answer = client.assume_role(RoleArn=ROLE, RoleSessionName="me@home", DurationSeconds=900)
    check.equal("sts: who a role is", "arn:aws:sts::123456789012:assumed-role/reader/me@home", answer["AssumedRoleUser"]["Arn"])
    keys = answer["Credentials"]
    chained = service.client("sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    check.equal("sts: the session says the same", answer["AssumedRoleUser"]["Arn"], chained.get_caller_identity()["Arn"])
    check.refused("sts: a chained role lives for an hour", ["ValidationError"], lambda: chained.assume_role(
        RoleArn=ROLE, RoleSessionName="me", DurationSeconds=3601))
    check.refused("sts: too long a life", ["ValidationError", "Param"], lambda: client.assume_role(
        RoleArn=ROLE, RoleSessionName="me", DurationSeconds=43201))
    check.refused("sts: a session name with a blank", ["ValidationError"], lambda: client.assume_role(RoleArn=ROLE, RoleSessionName="a b"))
    check.refused("sts: a role that is none", ["ValidationError"], lambda: client.assume_role(RoleArn="arn:aws:iam::1:user/klocal-user", RoleSessionName="me"))
    check.refused("sts: an unknown key", ["InvalidClientTokenId"], lambda: service.client("sts", "AKIAUNKNOWN000000000").get_caller_identity())
    check.refused("sts: a wrong secret", ["SignatureDoesNotMatch"], lambda: service.client("sts", secret="x").get_caller_identity())
    web = lambda token: client.assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="pod", WebIdentityToken=token)
    check.equal("sts: a web identity", "arn:aws:sts::123456789012:assumed-role/reader/pod", web("some.jwt.token")["AssumedRoleUser"]["Arn"])
    for token, code in (("expired", "ExpiredTokenException"), ("rejected", "IDPRejectedClaim"), ("trouble", "IDPCommunicationError")):
        check.refused(f"sts: a web identity that is {token}", [code], lambda token=token: web(token))


def expiry():
    """The same session for Kinesis, S3 and STS: whole, tampered with, expired, revoked."""
    keys = service.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="s1", DurationSeconds=900)["Credentials"]
    triple = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    service.client("kinesis").create_stream(StreamName="session", ShardCount=1)
    calls = (("kinesis", "ExpiredTokenException", "UnrecognizedClientException", "UnrecognizedClientException", "InvalidSignatureException",
              lambda key: service.client("kinesis", *key).list_streams()),
             ("s3", "ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", lambda key: service.client("s3", *key).list_buckets()),
             ("sts", "ExpiredToken", "InvalidClientTokenId", "InvalidClientTokenId", "SignatureDoesNotMatch",
              lambda key: service.client("sts", *key).get_caller_identity()))
    other = service.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="s2")["Credentials"]["SessionToken"]
    for kind, expired, bad, missing, mismatch, call in calls:
        check.ok(f"{kind}: a session works", call(triple))
        token = triple[2]
        for at in (0, len(token) // 2, len(token) - 3):
            wrong = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
            check.refused(f"{kind}: byte {at} of the token changed", [bad], lambda wrong=wrong: call((*triple[:2], wrong)))
        check.refused(f"{kind}: another session's token", [bad], lambda: call((*triple[:2], other)))
        check.refused(f"{kind}: no token", [missing], lambda: call(triple[:2]))
        check.refused(f"{kind}: another secret", [mismatch], lambda: call((triple[0], "x", token)))
    service.admin("clock", {"advance_ms": 840000})
    for kind, *_, call in calls:
        check.ok(f"{kind}: a session works to its end", call(triple))
    service.admin("clock", {"advance_ms": 60000})
    for kind, expired, *_, call in calls:
        check.refused(f"{kind}: and no longer", [expired], lambda: call(triple))
    keys = service.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="s1")["Credentials"]
    triple = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    service.admin("credentials/expire", {})
    for kind, expired, *_, call in calls:
        check.refused(f"{kind}: all sessions can be made to expire", [expired], lambda: call(triple))


def seeds():
    """Two processes with one seed accept each other's sessions."""
    one, two, three = klocal.Klocal("--session-seed", "s"), klocal.Klocal("--session-seed", "s"), klocal.Klocal()
    keys = one.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="s1")["Credentials"]
    triple = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    check.ok("a session of one klocal in another", two.client("kinesis", *triple).list_streams())
    check.refused("but not in one with another seed", ["UnrecognizedClientException"], lambda: three.client("kinesis", *triple).list_streams())
    check.equal("they end cleanly", [0, 0, 0], [k.stop() for k in (one, two, three)])


def static_keys():
    own = klocal.Klocal("--access-key-id", "AKIAONE", "--secret-access-key", "one", "--access-key-id", "AKIATWO", "--secret-access-key", "two",
                        "--session-token", "tok")
    check.ok("a key from the command line", own.client("kinesis", "AKIAONE", "one").list_streams())
    check.ok("another with a token", own.client("kinesis", "AKIATWO", "two", "tok").list_streams())
    check.refused("not without its token", ["UnrecognizedClientException"], lambda: own.client("kinesis", "AKIATWO", "two").list_streams())
    check.refused("the default key is then unknown", ["UnrecognizedClientException"], lambda: own.client("kinesis", klocal.KEY).list_streams())
    check.equal("klocal ends cleanly", 0, own.stop())
    open_to_all = klocal.Klocal("--no-auth")
    check.ok("--no-auth takes any key", open_to_all.client("kinesis", "x", "y").list_streams())
    open_to_all.client("s3", "x", "y").create_bucket(Bucket="bucket")
    check.equal("and none", 200, open_to_all.send("PUT", "/bucket/key", {}, b"data")[0])
    check.equal("klocal ends cleanly", 0, open_to_all.stop())


service = klocal.Klocal()
check.say(f"# botocore {botocore.__version__}")
for part in (imds, container, sts, expiry, seeds, static_keys):
    with check.case(part.__name__):
        part()
check.equal("klocal ends cleanly after all", 0, service.stop())
klocal.both_pythons()
check.done()
