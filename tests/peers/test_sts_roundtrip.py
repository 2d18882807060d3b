#!/usr/bin/env python3
"""Roles assumed at the STS of others, and what their session keys are good for: S3 and Kinesis there, which verify them.
radosgw checks the session token, moto the signatures of Kinesis, klocal both."""
# limit: 600
import base64
import os
import subprocess
import sys
import tempfile
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402
import services  # noqa: E402

CONFIG = """
[profile base]
aws_access_key_id = {key}
aws_secret_access_key = {secret}
[profile role]
role_arn = {role}
source_profile = base
role_session_name = round-trip
duration_seconds = 900
[profile named]
role_arn = {role}
credential_source = Environment
[profile web]
role_arn = {role}
web_identity_token_file = {home}/web
[profile wrong]
aws_access_key_id = {key}
aws_secret_access_key = {secret}x
[profile wrong-role]
role_arn = {role}
source_profile = wrong
[profile no-role]
role_arn = {role}-that-is-not-there
source_profile = base
"""


class Place:
    def __init__(self, service, home):
        self.service, self.home = service, home
        service.role = service.role or "arn:aws:iam::123456789012:role/reader"  # klocal's are there when asked for
        self.bucket = self.stream = f"sts-{uuid.uuid4().hex[:12]}"
        with open(f"{home}/config", "w") as file:
            file.write(CONFIG.format(home=home, key=service.key, secret=service.secret, role=service.role))
        with open(f"{home}/web", "w") as file:
            file.write(".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in
                                (b'{"alg":"none"}', b'{"sub":"me","iss":"https://issuer.test","aud":"sts"}', b"x")))
        with open(f"{home}/file", "wb") as file:
            file.write(os.urandom(100000))

    def run(self, tool, *words, **more):
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env.update({"HOME": self.home, "AWS_CONFIG_FILE": f"{self.home}/config", "AWS_REGION": services.REGION,
                    "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": self.service.url, **more})
        return subprocess.run([os.path.join(services.BIN, tool), *words], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, env=env, check=False)

    def copy(self, key, *words, **more):
        return self.run("s3cp", "-v", *words, f"{self.home}/file", f"s3://{self.bucket}/{key}", **more)


def went(text, done, code=0, part=""):
    return check.ok(text, done.returncode == code and part in done.stderr,
                    f"expected exit {code} and '{part}'\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")


def roles(place):
    service = place.service
    client = service.client("s3")
    client.create_bucket(Bucket=place.bucket)
    ways = {"role": {}, "named": {"AWS_ACCESS_KEY_ID": service.key, "AWS_SECRET_ACCESS_KEY": service.secret}}
    reason = {"radosgw": "it would ask an OpenID provider",
              "moto": "when it checks signatures, it answers 500 where there is none"}.get(service.name)
    if reason:
        check.skip(f"{service.name}: a web identity", reason)
    else:
        ways["web"] = {}
    with open(f"{place.home}/file", "rb") as file:
        content = file.read()
    for profile, more in ways.items():
        # By name: keys of the environment go before the profile of AWS_PROFILE.
        done = place.copy(profile, "--profile", profile, **more)
        if went(f"{service.name}: s3cp with a role (profile {profile})", done, 0, f"keys from role {service.role}"):
            check.equal(f"{service.name}: what the role wrote is there", content,
                        client.get_object(Bucket=place.bucket, Key=profile)["Body"].read())


def refusals(place):
    name = place.service.name
    went(f"{name}: STS refuses a wrong secret", place.copy("no", AWS_PROFILE="wrong-role"), 3, "STS answered HTTP 403")
    if name == "radosgw":
        went(f"{name}: a role that is not there", place.copy("no", AWS_PROFILE="no-role"), 3, "STS answered HTTP 4")


def sessions(place):
    """Keys of a session, given by the environment: right, then with a changed token."""
    service = place.service
    keys = service.client("sts").assume_role(RoleArn=service.role, RoleSessionName="test")["Credentials"]
    token = keys["SessionToken"]
    env = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"]}
    went(f"{service.name}: s3cp with the keys of a session",
         place.copy("session", AWS_SESSION_TOKEN=token, **env))
    if service.name == "moto":
        return  # takes any token
    changed = token[:8] + ("A" if token[8] != "A" else "B") + token[9:]
    went(f"{service.name}: a changed session token is refused",
         place.copy("no", AWS_SESSION_TOKEN=changed, **env), 3)
    went(f"{service.name}: and so is none at all", place.copy("no", **env), 3)


def records(place):
    service = place.service
    client = service.client("kinesis")
    services.stream(client, place.stream)
    done = place.run("kput", "-v", "-d", "by a role", place.stream, AWS_PROFILE="role")
    if went(f"{service.name}: kput with a role", done, 0, f"keys from role {service.role}"):
        check.equal(f"{service.name}: the record is there", [b"by a role"],
                    [data for _, data in services.records(client, place.stream).values()])


def main():
    services.skip_absent("RADOSGW", "MOTO", "KLOCAL")
    for tool in ("s3cp", "kput"):
        if not services.tool_exists(tool):
            check.skip("roles at the STS of others", f"{tool} is not built")
            check.done()
    for service in services.s3_services():
        with tempfile.TemporaryDirectory() as home:
            place = Place(service, home)
            for work in (roles, refusals, sessions, *([] if service.name == "radosgw" else [records])):
                with check.case(f"{service.name}: {work.__name__}"):
                    work(place)


main()
check.done()
