"""The processes of a lab: the services with certificates of a private CA, the instances' metadata, names, the cable."""
import json
import os
import secrets
import signal
import subprocess
import time

import network
import spaces

HERE = os.path.dirname(os.path.abspath(__file__))
STREAM, BUCKET, ROLE = "numbers", "article-bucket", "article-role"
DENIAL = ("User: arn:aws:sts::123456789012:assumed-role/article-role/i-0123456789abcdef0 is not authorized to perform "
          "this action because no VPC endpoint policy allows it")


def programs():
    """The folder of klocal and the tools: of $BUILD_DIR, or the newest build of this source tree."""
    root = os.path.dirname(os.path.dirname(HERE))
    builds = [os.environ["BUILD_DIR"]] if os.environ.get("BUILD_DIR") else [
        os.path.join(root, b) for b in ("build-release", "build", "build-asan")]
    found = [os.path.join(b, "bin") for b in builds if os.access(os.path.join(b, "bin", "lab-cable"), os.X_OK)]
    if not found:
        raise RuntimeError("klocal and lab-cable are not built: "
                           "cmake --preset release && cmake --build --preset release")
    return max(found, key=lambda f: os.stat(os.path.join(f, "klocal")).st_mtime)


def certificates(lab, region):
    """A CA and one certificate for every name of the services, new for each lab."""
    folder = spaces.folder(lab)
    names = [*network.kinesis_names(region), f"*.kinesis.{region}.vpce.amazonaws.com", *network.s3_names(region),
             f"sts.{region}.amazonaws.com"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]

    def openssl(*arguments):
        spaces.run("openssl", "req", "-x509", *key, *arguments)

    openssl("-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem", "-subj", "/CN=Lab CA",
            "-addext", "keyUsage=critical,keyCertSign")
    openssl("-keyout", f"{folder}/service.key", "-out", f"{folder}/service.pem", "-subj", "/CN=amazonaws.com",
            "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names))
    os.unlink(f"{folder}/ca.key")


def klocals(lab, plan):
    """The command lines of klocal, by place and name. The keys are of the lab only and of no one's file."""
    folder, end = spaces.folder(lab), ["--access-key-id", "LAB" + secrets.token_hex(8).upper(),
                                       "--secret-access-key", secrets.token_hex(20)]
    seed = secrets.token_hex(16)
    common = ["--region", plan.region, "--session-seed", seed, "--role", ROLE, *end]
    tls = ["--port", "8080", "--tls-port", "443", "--cert", f"{folder}/service.pem", "--key", f"{folder}/service.key"]
    network.write(f"{folder}/denied.json", json.dumps({"rules": [
        {"fault": "error", "service": "kinesis", "status": 400, "code": "AccessDeniedException", "message": DENIAL}]}))
    domains = [w for d in (f"s3.{plan.region}.amazonaws.com", "s3.amazonaws.com") for w in ("--domain", d)]
    yield "aws", "kinesis", [*common, *tls, "--listen", network.KINESIS, "--stream", STREAM]
    yield "aws", "denied", [*common, *tls, "--listen", network.KINESIS_DENIED, "--faults", f"{folder}/denied.json"]
    yield "aws", "sts", [*common, *tls, "--listen", network.STS]
    yield "aws", "s3", [*common, *tls, "--listen", network.S3, "--bucket", BUCKET, *domains]
    for host, subnet in plan.hosts.items():
        yield host, f"metadata-{host}", [*common, "--listen", network.METADATA, "--port", "80",
                                         "--vpc-cidr", plan.vpc, "--subnet-cidr", plan.subnet(subnet).cidr]


def start(lab, plan, weather):
    """All of them at once, then until each is ready."""
    folder, binaries = spaces.folder(lab), programs()
    certificates(lab, plan.region)
    set_pace(lab, weather, None)
    commands = [(place, name, [f"{binaries}/klocal", *words], "klocal: listening on http:")
                for place, name, words in klocals(lab, plan)]
    commands += [("router", "names", ["/usr/bin/python3", f"{HERE}/names.py", plan.resolver, f"{folder}/names.json"],
                  "names: ready"),
                 (None, "cable", [f"{binaries}/lab-cable", spaces.name(lab, "router"), spaces.name(lab, "aws"),
                                  f"{folder}/pace"], "lab-cable: ready")]
    started = {name: launch(lab, place, name, command) for place, name, command, _ in commands}
    for _, name, _, ready in commands:
        await_ready(f"{folder}/{name}.log", started[name], ready)
    return {name: process.pid for name, process in started.items()}


def launch(lab, place, name, command):
    if place:
        command = ["ip", "netns", "exec", spaces.name(lab, place), *command]
    with open(f"{spaces.folder(lab)}/{name}.log", "w", encoding="utf-8") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                cwd=spaces.folder(lab))


def await_ready(log, process, ready):
    until = time.monotonic() + 120
    while True:
        with open(log, encoding="utf-8") as file:
            text = file.read()
        if ready in text:
            return
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{log}: {text.strip() or 'nothing was said'}")
        time.sleep(0.01)


def set_pace(lab, weather, cable):
    """The internet's round trip is delay_ms longer: half of it in each direction."""
    network.write(f"{spaces.folder(lab)}/pace",
                  f"{int(weather['delay_ms'] * 500)} {int(weather['rate_mbit'] * 1e6)}\n")
    if cable:
        os.kill(cable, signal.SIGHUP)
