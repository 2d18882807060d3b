#!/usr/bin/env python3
"""Every way to keys with a real program on the real network stack: klocal hands them out and verifies what is signed
with them. No planted secret shows up in what the program prints."""
# limit: 600
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402
import klocal  # noqa: E402

BIN = os.path.join(os.environ.get("BUILD_DIR", "build"), "bin")
TOKEN = "pl4nted-container-token"
WEB = "pl4nted.web.identity"
SECRETS = [klocal.SECRET, TOKEN, WEB, "pl4nted"]
DENIED = 3

PROFILES = f"""
[profile base]
aws_access_key_id = {klocal.KEY}
aws_secret_access_key = {klocal.SECRET}
[profile role]
role_arn = arn:aws:iam::123456789012:role/demo
source_profile = base
role_session_name = me@here
external_id = a b+c/d%
duration_seconds = 900
[profile second]
role_arn = arn:aws:iam::123456789012:role/second
source_profile = role
[profile ec2]
role_arn = arn:aws:iam::123456789012:role/demo
credential_source = Ec2InstanceMetadata
[profile container]
role_arn = arn:aws:iam::123456789012:role/demo
credential_source = EcsContainer
[profile web]
role_arn = arn:aws:iam::123456789012:role/web
web_identity_token_file = ~/web token
[profile missing]
credential_process = /nonexistent/program
[profile process]
credential_process = /bin/cat HOME/document
[profile failing]
credential_process = /bin/sh -c 'echo pl4n"ted" >/dev/null; echo no luck >&2; exit 4'
[profile half]
aws_access_key_id = {klocal.KEY}
[profile wrong]
aws_access_key_id = {klocal.KEY}
aws_secret_access_key = pl4nted-wrong-secret
"""


def main():
    if not os.path.exists(f"{BIN}/put-record"):
        check.skip("credentials", "put-record is not built")
        check.done()
    service = klocal.Klocal("--stream", "s", "--container-token", TOKEN)
    with tempfile.TemporaryDirectory() as home:
        os.mkdir(f"{home}/.aws")
        files = {".aws/config": PROFILES.replace("HOME", home), "web token": WEB + "\n", "token": TOKEN,
                 "document": json.dumps({"Version": 1, "AccessKeyId": klocal.KEY, "SecretAccessKey": klocal.SECRET})}
        for name, text in files.items():
            with open(f"{home}/{name}", "w") as file:
                file.write(text)
        ways_in(service.url, home)
        ways_to_fail(service.url, home)


def put(home, url, more=(), **changes):
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env.update({"HOME": home, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL_KINESIS": url, "AWS_ENDPOINT_URL_STS": url, **changes})
    return subprocess.run([f"{BIN}/put-record", "--stream-name", "s", "--partition-key", "k", "--data", "x", *more],
                          capture_output=True, text=True, timeout=180, env=env)


def silent_about_secrets(text, done):
    said = done.stdout + done.stderr
    check.equal(f"{text}: no secret is printed", [], [secret for secret in SECRETS if secret in said])


def ways_in(url, home):
    container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/v2/credentials/x",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN}
    imds = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{url}/",
            "AWS_METADATA_SERVICE_TIMEOUT": "10"}
    ways = {
        "the environment": {"AWS_ACCESS_KEY_ID": klocal.KEY, "AWS_SECRET_ACCESS_KEY": klocal.SECRET},
        "a profile": {"AWS_PROFILE": "base"},
        "a role": {"AWS_PROFILE": "role"},
        "a role with a role": {"AWS_PROFILE": "second"},
        "a container": container,
        "a container's token file": {**container, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not this",
                                     "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{home}/token"},
        "IMDS": imds,
        "IMDS for a role": {**imds, "AWS_PROFILE": "ec2"},
        "a container for a role": {**container, "AWS_PROFILE": "container"},
        "a web identity": {"AWS_PROFILE": "web"},
        "a web identity by the environment": {"AWS_WEB_IDENTITY_TOKEN_FILE": f"{home}/web token",
                                              "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/web"},
        "a program": {"AWS_PROFILE": "process"},
    }
    for name, changes in ways.items():
        with check.case(name):
            done = put(home, url, ["-v", "-v"], **changes)
            check.ok(f"{name}: the record is put", done.returncode == 0 and "ShardId" in done.stdout,
                     f"exit {done.returncode}\n{done.stdout}\n{done.stderr}")
            silent_about_secrets(name, done)
            if name not in ("the environment", "a profile", "a program"):
                asked = [line for line in done.stderr.splitlines() if line.startswith("put-record: credentials: ")
                         and f"{url.split('/')[2]}: attempt 1: OK from 127.0.0.1:" in line]
                check.ok(f"{name}: -vv tells who was asked", asked, done.stderr)


def ways_to_fail(url, home):
    ways = {
        "nothing configured": ({}, ["AWS_ACCESS_KEY_ID not set", "web identity", "profile default", "container",
                                    "IMDS: off by AWS_EC2_METADATA_DISABLED"]),
        "half a key": ({"AWS_PROFILE": "half"}, ["profile half", "aws_secret_access_key is not"]),
        "a container that refuses": ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/v2/credentials/x",
                                      "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pl4nted"},
                                     ["container endpoint 127.0.0.1", "HTTP 401"]),
        "a container elsewhere": ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"}, ["192.0.2.1", "https"]),
        "a program that fails": ({"AWS_PROFILE": "failing"}, ["exit code 4", "no luck"]),
        "a program that is not there": ({"AWS_PROFILE": "missing"}, ["profile missing", "/nonexistent/program"]),
        "keys that are wrong for STS": ({"AWS_PROFILE": "wrong-role"}, ["SignatureDoesNotMatch"]),
    }
    with open(f"{home}/.aws/config", "a") as file:
        file.write("[profile wrong-role]\nrole_arn = arn:aws:iam::123456789012:role/demo\nsource_profile = wrong\n")
    for name, (changes, parts) in ways.items():
        with check.case(name):
            done = put(home, url, **changes)
            lines = [line for line in done.stderr.splitlines() if line]
            check.ok(f"{name}: one clear line", done.returncode == DENIED and not done.stdout and len(lines) == 1
                     and all(part in lines[0] for part in parts),
                     f"expected exit {DENIED} and {parts}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
            silent_about_secrets(name, done)


main()
check.done()
