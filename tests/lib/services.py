"""The services of a test run, as the environment names them, and three ways to talk to them: boto3, the AWS CLI, our tools.

A suite written with this runs by hand too:  eval "$(tests/peers/kinesalite start /tmp/k)"; export KINESALITE_URL; ./test_...
"""
import http.client
import os
import subprocess
import threading
import time
import urllib.parse

import check

try:
    import boto3
    import botocore.auth
    import botocore.awsrequest
    import botocore.config
    import botocore.credentials
except ImportError:
    check.skip("all of it", "boto3 is not installed")
    check.done()

REGION = "us-east-1"
making = threading.Lock()  # boto3.client itself is not for several threads
BIN = os.path.join(os.environ.get("BUILD_DIR", ""), "bin")


class Service:
    """One endpoint with keys that are right for it."""

    def __init__(self, name, prefix, url=None):
        self.name, self.prefix = name, prefix
        self.url = url or os.environ.get(f"{prefix}_URL")
        self.key = os.environ.get(f"{prefix}_ACCESS_KEY_ID", "AKIDEXAMPLE")
        self.secret = os.environ.get(f"{prefix}_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        self.role = os.environ.get(f"{prefix}_ROLE_ARN")

    def client(self, kind, key=None, secret=None, token=None, **config):
        with making:
            return boto3.client(
                kind, endpoint_url=self.url, region_name=REGION, aws_access_key_id=key or self.key,
                aws_secret_access_key=secret or self.secret, aws_session_token=token,
                config=botocore.config.Config(retries={"max_attempts": 5}, connect_timeout=30, read_timeout=120,
                                              s3={"addressing_style": "path"}, **config))

    def environment(self):
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env.update(AWS_ACCESS_KEY_ID=self.key, AWS_SECRET_ACCESS_KEY=self.secret, AWS_EC2_METADATA_DISABLED="true",
                   AWS_DEFAULT_REGION=REGION, AWS_REGION=REGION, AWS_PAGER="",
                   AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null")
        return env

    def cli(self, *words, input=None, binary=False, cwd=None):
        """What the AWS CLI prints; a failure is an exception with its message."""
        program = os.environ.get("AWS_CLI", "aws")
        if not program:
            raise check.Skip("the AWS CLI is not installed")
        words = [program, "--endpoint-url", self.url, "--output", "json", "--cli-read-timeout", "240", *words]
        return output(words, self.environment(), input, binary, cwd)

    def tool(self, name, *words, input=None, binary=False, cwd=None):
        """What one of our programs prints."""
        # kinesis-mock is slow, and a request made again is a record more.
        patience = [] if "--read-timeout" in words else ["--read-timeout", "240"]
        words = [os.path.join(BIN, name), *words, "--endpoint-url", self.url, "--region", REGION, *patience]
        return output(words, self.environment(), input, binary, cwd)

    def signed(self, kind, method, path, headers, body, secret=None):
        """Headers with a right signature, for a request that a test then changes."""
        request = botocore.awsrequest.AWSRequest(method, self.url + path, data=body, headers=headers)
        signer = botocore.auth.S3SigV4Auth if kind == "s3" else botocore.auth.SigV4Auth
        credentials = botocore.credentials.Credentials(self.key, secret or self.secret)
        signer(credentials, kind, REGION).add_auth(request)
        return dict(request.headers.items())

    def send(self, method, path, headers, body=None):
        """Status and body of the answer to exactly these bytes."""
        place = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=120)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Failed(Exception):
    """A program ended with another status than 0."""

    def __init__(self, words, done):
        self.status, self.stderr = done.returncode, done.stderr.decode(errors="replace")
        super().__init__(f"exit {done.returncode}: {' '.join(words)[:200]}\n{self.stderr[-1500:]}")


def output(words, env, input, binary, cwd):
    stdin = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
    done = subprocess.run(words, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                          check=False, **stdin)
    if done.returncode:
        raise Failed(words, done)
    return done.stdout if binary else done.stdout.decode()


def present(*services):
    return [service for service in services if service.url]


def skip_absent(*prefixes):
    for prefix in prefixes:
        if not os.environ.get(f"{prefix}_URL"):
            check.skip(prefix.lower().replace("_", "-"), "the service is not available")


def kinesis_services():
    return present(Service("kinesis-mock", "KINESIS_MOCK"), Service("kinesalite", "KINESALITE"), Service("moto", "MOTO"),
                   Service("klocal", "KLOCAL"))


def s3_services():
    return present(Service("radosgw", "RADOSGW"), Service("moto", "MOTO"), Service("klocal", "KLOCAL"))


def tool_exists(name):
    return os.access(os.path.join(BIN, name), os.X_OK)


def stream(client, name, shards=1):
    """A new stream, ready for use."""
    client.create_stream(StreamName=name, ShardCount=shards)
    deadline = time.monotonic() + 120
    while client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        if time.monotonic() > deadline:
            raise TimeoutError(f"the stream {name} does not become active")
        time.sleep(0.1)


def records(client, name):
    """All records of all shards as {(shard, sequence number): (partition key, data)}."""
    found = {}
    for shard in client.list_shards(StreamName=name)["Shards"]:
        iterator = client.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"],
                                             ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while iterator:
            answer = client.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                found[shard["ShardId"], record["SequenceNumber"]] = record["PartitionKey"], record["Data"]
            iterator = answer.get("NextShardIterator") if answer["Records"] or answer["MillisBehindLatest"] else None
    return found
