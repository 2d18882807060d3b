#!/usr/bin/env python3
"""Secrets stay where they are: a list of planted ones goes in by every way there is, all tools say all they can (-v -v)
while they succeed and while they fail, and none of the secrets is in what they print. Nor in ps, nor in a core file."""
# limit: 600
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402
import klocal  # noqa: E402

BIN = os.path.abspath(os.path.join(os.environ.get("BUILD_DIR", "build"), "bin"))
TOOLS = ("kput", "kcat", "s3cp", "kpath", "put-record", "get-records", "s3-cp")
PLANT = "pl4nted"  # part of every secret, so that a piece of one is found as well
CODE = "271828"
SECRET = f"{PLANT}SecretAccessKey/+0123456789"
TOKEN = f"{PLANT}SessionToken=="
ROLE = "arn:aws:iam::123456789012:role"

CONFIG = f"""
[profile keys]
aws_access_key_id = AKIDPLANTED
aws_secret_access_key = {SECRET}
aws_session_token = {TOKEN}
[profile wrong]
aws_access_key_id = AKIDPLANTED
aws_secret_access_key = {PLANT}Wrong
aws_session_token = {TOKEN}
[profile role]
role_arn = {ROLE}/demo
source_profile = keys
external_id = {PLANT}ExternalId
[profile wrong-role]
role_arn = {ROLE}/demo
source_profile = wrong
external_id = {PLANT}ExternalId
[profile mfa]
role_arn = {ROLE}/mfa
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile web]
role_arn = {ROLE}/web
web_identity_token_file = HOME/web
[profile process]
credential_process = /bin/cat HOME/document
[profile broken-process]
credential_process = /bin/cat HOME/broken
[profile talking-process]
credential_process = /bin/sh -c "cat HOME/document; exit 3"
[profile half]
aws_secret_access_key = {PLANT}Half
[profile spaced]
aws_access_key_id = AKIDPLANTED
aws_secret_access_key = {PLANT} with {PLANT}
"""
BROKEN = f"[profile broken]\naws_access_key_id = AKID\naws_secret_access_key {PLANT}Broken\n"


def environment(home, url, **more):
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env.update({"HOME": home, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": url,
                "AWS_CONFIG_FILE": f"{home}/config", **more})
    return env


def commands(home):
    return {"kput": [f"{BIN}/kput", "-v", "-v", "-d", "x", "secrets"],
            "kcat": [f"{BIN}/kcat", "-v", "-v", "-e", "secrets"],
            "s3cp": [f"{BIN}/s3cp", "-v", "-v", f"{home}/document", "s3://secrets/x"],
            "kpath": [f"{BIN}/kpath", "-v", "-v", "--stream-name", "secrets", "--bucket", "secrets"],
            "put-record": [f"{BIN}/put-record", "-v", "-v", "--stream-name", "secrets", "--partition-key", "k", "--data",
                           "x"],
            "get-records": [f"{BIN}/get-records", "-v", "-v", "--stream-name", "secrets", "--shard-id",
                            "shardId-000000000000"],
            "s3-cp": [f"{BIN}/s3-cp", "-v", "-v", f"{home}/document", "s3://secrets/x"]}


turns = itertools.cycle(TOOLS)


def run(text, home, url, expected, more=(), **changes):
    """One tool after the other has its turn. expected: the exit code, or None: whatever."""
    for tool in TOOLS if os.environ.get("LONG") else (next(turns),):
        command = commands(home)[tool]
        done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=240, check=False,
                              env=environment(home, url, **changes))
        said = done.stdout + done.stderr
        check.ok(f"{text}: {tool} says none", PLANT not in said and CODE not in said,
                 "\n".join(line for line in said.splitlines() if PLANT in line or CODE in line))
        if expected is not None:
            check.ok(f"{text}: {tool} ends with {expected}", done.returncode == expected,
                     f"exit {done.returncode}\n{said[-1500:]}")


def ways(service, home):
    url = service.url
    container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/v2/credentials/x",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{PLANT}Container"}
    run("keys of the environment", home, url, 0, AWS_ACCESS_KEY_ID="AKIDPLANTED", AWS_SECRET_ACCESS_KEY=SECRET,
        AWS_SESSION_TOKEN=TOKEN)
    for profile in ("keys", "role", "process", "web"):
        run(f"profile {profile}", home, url, 0, AWS_PROFILE=profile)
    run("a code of a device", home, url, 0, ["--mfa-code", CODE], AWS_PROFILE="mfa")
    run("no code of a device", home, url, 3, AWS_PROFILE="mfa")
    run("a wrong code of a device", home, url, 3, ["--mfa-code", "12345"], AWS_PROFILE="mfa")
    run("a container", home, url, 0, **container)
    run("a container that refuses", home, url, 3,
        **{**container, "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{PLANT}Other"})
    run("a container token with a line break", home, url, 3,
        **{**container, "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{PLANT}\nX: {PLANT}"})
    for profile in ("wrong", "wrong-role", "broken-process", "talking-process", "half"):
        run(f"profile {profile}", home, url, 3, AWS_PROFILE=profile)
    run("a secret with blanks", home, url, None, AWS_PROFILE="spaced")
    run("a file with a mistake in the line of a secret", home, url, None, AWS_PROFILE="broken",
        AWS_CONFIG_FILE=f"{home}/mistake")
    run("a proxy with a password that is not there", home, url, 4, ["--endpoint-url", "http://kinesis.test"],
        AWS_PROFILE="keys", http_proxy=f"http://me:{PLANT}Proxy@127.0.0.1:9")
    run("an endpoint with a password", home, f"http://me:{PLANT}User@127.0.0.1:9", None, AWS_PROFILE="keys")
    service.admin("faults", {"rules": [{"fault": "expired_token"}]})
    run("a session that is expired", home, url, None, AWS_PROFILE="keys")
    service.admin("faults", {"rules": [{"fault": "error", "status": 403, "code": "SignatureDoesNotMatch"}]})
    run("a signature that is refused", home, url, None, AWS_PROFILE="keys")
    service.admin("faults", {"rules": []})


def where_from(home, url):
    """-v of every tool says which keys, which region and which endpoint won, and why."""
    for tool, command in commands(home).items():
        done = subprocess.run([word for word in command if word != "-v"] + ["-v", "--profile", "keys"], check=False,
                              capture_output=True, text=True, timeout=240, env=environment(home, url))
        missing = [part for part in (f"keys from profile keys in {home}/config", f"{url}", "(AWS_ENDPOINT_URL)",
                                     "region us-east-1 (AWS_REGION)") if part not in done.stderr]
        check.ok(f"{tool} -v says where from", done.returncode == 0 and not missing,
                 f"exit {done.returncode}, missing {missing}\n{done.stderr}")


def waiting(home, url, more=(), **how):
    """A kput that waits for its input, ready once its first record is written."""
    process = subprocess.Popen([f"{BIN}/kput", "-o", "text", *more, "secrets"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env=environment(home, url, AWS_PROFILE="mfa"), **how)
    return process


def ps(home, url):
    process = waiting(home, url, ["--mfa-code", CODE])
    shown = "not read"
    for _ in range(600):
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            shown = file.read()
        if shown.startswith(f"{BIN}/kput".encode()) and CODE.encode() not in shown:
            break
        time.sleep(0.1)
    check.ok("ps does not show the code of a device", b"--mfa-code\0xxxxxx\0" in shown, shown)
    process.communicate(b"a record\n", timeout=120)
    check.equal("and it was used", 0, process.returncode)


def core(home, url):
    import resource
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard in (0, 1):
        check.skip("no core file", "this machine allows none anyway")
        return
    process = waiting(home, url, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)), cwd=home)
    limit = []
    for _ in range(600):
        with open(f"/proc/{process.pid}/limits") as file:
            limit = [line.split()[4] for line in file if line.startswith("Max core file size")]
        if limit == ["1"]:
            break
        time.sleep(0.1)
    check.equal("core files are limited to nothing", ["1"], limit)
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = status
    check.ok("a tool that dies leaves no core file", os.WIFSIGNALED(status) and not os.WCOREDUMP(status)
             and not [name for name in os.listdir(home) if "core" in name], f"{status} {os.listdir(home)}")


def main():
    for tool in TOOLS:
        if not os.path.exists(f"{BIN}/{tool}"):
            check.skip("secrets", f"{tool} is not built")
            check.done()
    service = klocal.Klocal("--stream", "secrets", "--bucket", "secrets", "--container-token", f"{PLANT}Container",
                            "--access-key-id", "AKIDPLANTED", "--secret-access-key", SECRET, "--session-token", TOKEN)
    with tempfile.TemporaryDirectory() as home:
        keys = {"Version": 1, "AccessKeyId": "AKIDPLANTED", "SecretAccessKey": SECRET, "SessionToken": TOKEN}
        files = {"config": CONFIG.replace("HOME", home), "mistake": BROKEN, "web": f"{PLANT}.Web.Identity",
                 "document": json.dumps(keys), "broken": json.dumps(keys)[:-2]}
        for name, text in files.items():
            with open(f"{home}/{name}", "w") as file:
                file.write(text)
        with check.case("ways in"):
            ways(service, home)
        with check.case("where from"):
            where_from(home, service.url)
        with check.case("ps"):
            ps(home, service.url)
        with check.case("core"):
            core(home, service.url)


main()
check.done()
