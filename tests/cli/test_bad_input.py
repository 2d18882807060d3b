#!/usr/bin/env python3
"""What a user does wrong and what a service does wrong: one clear line on stderr that says what to do, the right exit
code, nothing half-written. The programs are built with sanitizers, so a leak shows as exit code 99."""
# limit: 600
import os
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402

BIN = os.path.join(os.environ.get("BUILD_DIR", ""), "bin")
KLOCAL = check.require("KLOCAL_URL")
STREAM = f"bad-input-{os.getpid()}"
BUCKET = f"bad-input-{os.getpid()}"
USAGE, DENIED, UNREACHABLE, NO_SUCH, SOME_FAILED = 2, 3, 4, 5, 1


def klocal_keys():
    text = subprocess.run([f"{BIN}/klocal", "--help"], capture_output=True, text=True, timeout=120).stdout
    return dict(line.strip().split("=", 1) for line in text.splitlines() if line.strip().startswith("AWS_"))


def environment(**changes):
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env.update(AWS_EC2_METADATA_DISABLED="true", AWS_REGION="us-east-1", AWS_CONFIG_FILE="/dev/null",
               AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_ENDPOINT_URL=KLOCAL, **klocal_keys())
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def run(*words, input=None, cwd=None, **changes):
    return subprocess.run([f"{BIN}/{words[0]}", *words[1:]], capture_output=True, text=True, errors="replace",
                          input=input, timeout=180, env=environment(**changes), cwd=cwd)


def expect(text, code, parts, *words, lines=1, **how):
    """The program ends with code, prints nothing on stdout, and at most so many lines on stderr, with all parts."""
    if not os.path.exists(f"{BIN}/{words[0]}"):
        check.skip(text, f"{words[0]} is not built")
        return None
    done = run(*words, **how)
    seen = f"exit {done.returncode}\nstdout: {done.stdout[:300]}\nstderr: {done.stderr[:1500]}"
    said = [line for line in done.stderr.splitlines() if line]
    right = (done.returncode == code and not done.stdout and 1 <= len(said) <= lines
             and all(part in done.stderr for part in parts) and said[0].startswith(os.path.basename(words[0]) + ": "))
    check.ok(text, right, f"expected exit {code} and {parts} in at most {lines} lines\n{seen}")
    return done


def put(*more):
    return ("put-record", "--stream-name", STREAM, "--partition-key", "k", "--data", "x", *more)


def refused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broken:
    """A server that reads one request and answers every one with the same bytes, then closes."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(16)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(60)
                try:
                    text = b""
                    while b"\r\n\r\n" not in text:
                        text += peer.recv(65536)
                    head, _, body = text.partition(b"\r\n\r\n")
                    length = [int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length")]
                    while length and len(body) < length[0]:
                        body += peer.recv(65536)
                    peer.sendall(self.answer)
                except OSError:
                    pass


def http(status, body, length=None, kind="application/x-amz-json-1.1"):
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body) if length is None else length}\r\n"
            f"Connection: close\r\n\r\n").encode() + body


def prepare():
    try:
        import boto3
        kinesis = boto3.client("kinesis", endpoint_url=KLOCAL, region_name="us-east-1", **boto_keys())
        kinesis.create_stream(StreamName=STREAM, ShardCount=1)
        boto3.client("s3", endpoint_url=KLOCAL, region_name="us-east-1", **boto_keys()).create_bucket(Bucket=BUCKET)
    except ImportError:
        check.skip("all of it", "boto3 is not installed")
        check.done()


def boto_keys():
    keys = klocal_keys()
    return dict(aws_access_key_id=keys["AWS_ACCESS_KEY_ID"], aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"])


def credentials():
    none = dict(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    expect("no credentials", DENIED, ["credentials"], *put(), **none)
    expect("half a credential names the missing half", DENIED, ["AWS_SECRET_ACCESS_KEY"], *put(),
           AWS_SECRET_ACCESS_KEY=None)
    expect("unknown profile", USAGE, ["nobody"], *put("--profile", "nobody"))
    # The second line says what to do.
    expect("wrong secret", DENIED, ["put-record: check the secret key"], *put(), AWS_SECRET_ACCESS_KEY="wrong", lines=2)
    expect("unknown key id", DENIED, ["put-record: check the keys"], *put(), AWS_ACCESS_KEY_ID="AKIDNOBODY", lines=2)


def places():
    expect("no region", USAGE, ["region"], *put(), AWS_REGION=None)
    expect("no region, records by stdin", USAGE, ["region", "--region"], "kput", STREAM, AWS_REGION=None, input="a\nb\n",
           lines=2)
    expect("unknown stream", NO_SUCH, ["no-such-stream", "put-record: check the name"], "put-record", "--stream-name",
           "no-such-stream", "--partition-key", "k", "--data", "x", lines=2)
    expect("unknown shard", NO_SUCH, ["shardId-000000000099", "get-records: check the name"], "get-records", "--stream-name", STREAM,
           "--shard-id", "shardId-000000000099", lines=2)
    expect("unknown bucket", NO_SUCH, ["no-such-bucket"], "s3-cp", "s3://no-such-bucket-at-all/key", "-")
    expect("unknown key", NO_SUCH, [], "s3-cp", f"s3://{BUCKET}/no-such-key", "-")
    for url, why in [("ftp://example.com", "http"), ("http://", "host"), ("http://h:99999", "port"),
                     ("127.0.0.1:4567", "http"), ("http://user:secret@h", "")]:
        done = expect(f"endpoint {url}", USAGE, [why], *put("--endpoint-url", url))
        if done:
            check.ok(f"endpoint {url}: no secret is shown", "secret" not in done.stderr, done.stderr)
    expect("nothing listens", UNREACHABLE, [], *put("--endpoint-url", f"http://127.0.0.1:{refused_port()}"), lines=3)


def records():
    with tempfile.TemporaryDirectory() as folder:
        large = os.path.join(folder, "large")
        with open(large, "wb") as out:
            out.truncate(11 << 20)
        with open(os.path.join(folder, "over"), "wb") as out:
            out.truncate((1 << 20) + 1)
        base = ("put-record", "--stream-name", STREAM, "--partition-key", "k", "--data")
        expect("a record over 10 MiB", USAGE, ["10 MiB"], *base, f"file://{large}")
        expect("a record over the stream's limit", USAGE, [], *base, f"file://{folder}/over")
        expect("a missing file", SOME_FAILED, ["no-such-file"], *base, f"file://{folder}/no-such-file")
        expect("a folder as a file", SOME_FAILED, ["directory"], *base, f"file://{folder}")
    expect("empty partition key", USAGE, ["partition key"], "put-record", "--stream-name", STREAM, "--partition-key",
           "", "--data", "x")
    expect("a partition key of 257 characters", USAGE, ["256"], "put-record", "--stream-name", STREAM,
           "--partition-key", "k" * 257, "--data", "x")
    expect("a hash key that is none", USAGE, [], *put("--explicit-hash-key", "abc"))
    expect("a stream name that is none", USAGE, ["stream"], "put-record", "--stream-name", "a b", "--partition-key",
           "k", "--data", "x")


def usage():
    expect("an unknown option", USAGE, ["--nonsense", "--help"], *put("--nonsense"))
    expect("an option without its value", USAGE, ["value"], "put-record", "--stream-name")
    expect("a missing option", USAGE, ["--data"], "put-record", "--stream-name", STREAM, "--partition-key", "k")
    expect("two names for the stream", USAGE, ["stream"], *put("--stream-arn", "arn:x"))
    expect("kcat without a stream", USAGE, ["stream"], "kcat")
    expect("kcat with a wrong offset", USAGE, ["offset"], "kcat", "-o", "yesterday", STREAM)
    expect("kcat with a wrong format", USAGE, ["format"], "kcat", "-f", "%q", STREAM)
    for tool in ("put-record", "get-records", "s3-cp", "kput", "kcat", "s3cp"):
        if not os.path.exists(f"{BIN}/{tool}"):
            check.skip(f"{tool} --help", "not built")
            continue
        done = run(tool, "--help")
        check.ok(f"{tool} --help", done.returncode == 0 and "usage: " in done.stdout and not done.stderr, done.stderr)
        done = run(tool, "--version")
        check.ok(f"{tool} --version", done.returncode == 0 and done.stdout.startswith(tool), done.stdout + done.stderr)


def files():
    with tempfile.TemporaryDirectory() as folder:
        expect("s3-cp of a missing file", SOME_FAILED, ["missing"], "s3-cp", f"{folder}/missing", f"s3://{BUCKET}/x")
        expect("s3-cp of a folder", SOME_FAILED, [], "s3-cp", folder, f"s3://{BUCKET}/x")
        target = os.path.join(folder, "kept")
        with open(target, "w") as out:
            out.write("what was there")
        expect("s3-cp of a missing key keeps the file", NO_SUCH, [], "s3-cp", f"s3://{BUCKET}/missing", target)
        if os.path.exists(f"{BIN}/s3-cp"):
            with open(target) as kept:
                check.equal("the file is as it was", "what was there", kept.read())
            check.equal("and nothing lies beside it", ["kept"], sorted(os.listdir(folder)))


def full_disk():
    """What was printed and did not arrive: one line, and not exit 0."""
    get = ("get-records", "--stream-name", STREAM, "--shard-id", "shardId-000000000000")
    kbench = ("kbench", "path", "-a", KLOCAL, "-b", KLOCAL, "-n", "2", "-q")
    run("s3cp", "-", f"s3://{BUCKET}/full", input="an object")
    for words in (put(), get, (*get, "--only-iterator"), ("kcat", "-e", "-o", "oldest", STREAM), ("kcat", "-L", STREAM),
                  ("kput", "--output", "json", STREAM), ("s3cp", "-l", f"s3://{BUCKET}/"), ("s3cp", f"s3://{BUCKET}/full", "-"),
                  ("kpath", "--endpoint-url", KLOCAL), ("kpath", "--json", "--endpoint-url", KLOCAL),
                  kbench, (*kbench, "--json", "-"), ("kbench", "put", STREAM, "--seconds", "0.1", "--rate", "20")):
        with open("/dev/full", "w") as full:
            done = subprocess.run([f"{BIN}/{words[0]}", *words[1:]], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                                  input="a record", env=environment())
        said = done.stderr.splitlines()
        check.ok(f"{' '.join(words[:3])}: no room for the output: exit 1, one line", done.returncode == SOME_FAILED and len(said) == 1
                 and said[0].startswith(f"{words[0]}: ") and "No space left" in said[0], f"exit {done.returncode}\n{done.stderr}")


def broken_services():
    answers = {
        "an answer cut short": (http("200 OK", b'{"ShardId":"shardId-0', 4000), UNREACHABLE),
        "an answer that is not JSON": (http("200 OK", b"this is not JSON"), SOME_FAILED),
        "an answer of the wrong shape": (http("200 OK", b'{"ShardId":7}'), SOME_FAILED),
        "an empty answer": (http("200 OK", b""), SOME_FAILED),
        "garbage instead of HTTP": (b"\x00\x01\x02 not http at all\r\n\r\n", None),
        "a proxy's HTML 503": (http("503 Service Unavailable", b"<html><body>busy</body></html>", kind="text/html"), SOME_FAILED),
        "a proxy's HTML 403": (http("403 Forbidden", b"<html>no</html>", kind="text/html"), DENIED),
        "a closed connection": (b"", UNREACHABLE),
    }
    for text, (answer, code) in answers.items():
        server = Broken(answer)
        words = put("--endpoint-url", server.url)
        done = run(*words)
        said = [line for line in done.stderr.splitlines() if line]
        right = done.returncode not in (0, 99) and (code is None or done.returncode == code)
        check.ok(f"{text}: exit {code if code is not None else 'not 0'}, one clear line",
                 right and not done.stdout and 1 <= len(said) <= 3 and "PutRecord" in said[0],
                 f"exit {done.returncode}\nstdout: {done.stdout[:300]}\nstderr: {done.stderr[:1500]}")
        server.socket.close()
    server = Broken(http("200 OK", b"short", 4000, "binary/octet-stream"))
    with tempfile.TemporaryDirectory() as folder:
        if os.path.exists(f"{BIN}/s3-cp"):
            done = run("s3-cp", "--endpoint-url", server.url, f"s3://{BUCKET}/x", f"{folder}/file")
            check.ok("a download cut short fails", done.returncode not in (0, 99) and done.stderr.count("\n") <= 3, done.stderr)
            check.equal("and leaves nothing behind", [], os.listdir(folder))


def main():
    if not os.path.exists(f"{BIN}/put-record"):
        check.skip("all of it", "the programs are not built")
        check.done()
    prepare()
    for part in (credentials, places, records, usage, files, full_disk, broken_services):
        with check.case(part.__name__):
            part()
    check.done()


main()
