#!/usr/bin/env python3
"""s3cp on a service that goes wrong at every step: the object or file is complete and right or absent, no part is left
behind, and exit code and message say which. And what it promises about folders, names, pipes, interruptions, resuming."""
# limit: 1200
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402
import klocal  # noqa: E402

klocal.need_boto3()
BIN = os.path.join(os.environ.get("BUILD_DIR", "build"), "bin")
S3CP = os.path.join(BIN, "s3cp")
BUCKET = "tests3cp"
PART = 256 << 10
REAL_PART = 5 << 20
STALL_MS = 8000
SOME_FAILED, USAGE, DENIED, UNREACHABLE, NO_SUCH, INTERRUPTED = 1, 2, 3, 4, 5, 130


def noise(length, seed):
    return random.Random(seed).randbytes(length)


LARGE = noise(3 * PART + 12345, 1)  # four parts


class Place:
    def __init__(self, *options):
        self.service = klocal.Klocal("--bucket", BUCKET, *options)
        self.s3 = self.service.client("s3")
        self.folder = tempfile.mkdtemp(prefix="s3cp-")
        self.env = self.service.environment()
        self.env.update(XDG_CACHE_HOME=os.path.join(self.folder, "cache"), HOME=self.folder)

    def command(self, *words):
        return [S3CP, "--endpoint-url", self.service.url, *words]

    def run(self, *words, **how):
        """words with {} in them are about the bucket."""
        how.setdefault("cwd", self.folder)
        env = {**self.env, **how.pop("env", {})}
        if "input" not in how and "stdin" not in how:
            how["stdin"] = subprocess.DEVNULL
        done = subprocess.run(self.command(*words), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                              check=False, **how)
        done.said = done.stderr.decode(errors="replace")
        return done

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)) or ".", exist_ok=True)
        with open(self.path(name), "wb") as out:
            out.write(data)
        return name

    def read(self, name):
        try:
            with open(self.path(name), "rb") as data:
                return data.read()
        except FileNotFoundError:
            return None

    def object(self, key):
        try:
            return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None

    def store(self, key, data):
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)

    def keys(self, prefix=""):
        found = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return sorted(entry["Key"] for page in found for entry in page.get("Contents", []))

    def uploads(self):
        return [(u["Key"], u["UploadId"]) for u in self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]

    def faults(self, *rules):
        self.service.admin("faults", {"seed": 1, "rules": [{"bucket": BUCKET, **rule} for rule in rules]})

    def fired(self):
        return sum(rule["Fired"] for rule in self.service.admin("faults")["Rules"])

    def files(self, folder="."):
        """All files, those of unfinished downloads too, with their names below the folder."""
        base = self.path(folder)
        return sorted(os.path.relpath(os.path.join(at, name), base) for at, _, names in os.walk(base) for name in names
                      if not at.startswith(self.path("cache")))


def same(text, expected, actual):
    return check.equal(text, digest(expected), digest(actual))


def digest(data):
    return None if data is None else (len(data), hashlib.sha256(data).hexdigest()[:16])


def ended(text, code, parts, done):
    """The exit code, and a message with all parts: empty ones for nothing at all."""
    right = done.returncode == code and all(part in done.said for part in parts) and (code == 0 or done.said)
    return check.ok(f"{text}: exit {code}", right, f"expected {parts}\nexit {done.returncode}\n{done.said[:1500]}")


# ---- faults ----

# What goes wrong, and what becomes of the copy: 0, or the exit code and a part of the message.
UP_FAULTS = [
    ("create is reset", dict(fault="reset_before", operation="CreateMultipartUpload", count=1), 0, ""),
    ("the answer to create is lost", dict(fault="drop_answer", operation="CreateMultipartUpload", count=1), 0, ""),
    ("create is throttled", dict(fault="throttle", operation="CreateMultipartUpload", count=1), 0, ""),
    ("create fails as a 200", dict(fault="error", operation="CreateMultipartUpload", status=200, code="InternalError",
                                   count=1), 0, ""),
    ("create is refused", dict(fault="error", operation="CreateMultipartUpload", status=403, code="AccessDenied"),
     DENIED, "AccessDenied"),
    ("a part is reset", dict(fault="reset_during", operation="UploadPart", count=1), 0, ""),
    ("a part's answer is lost", dict(fault="drop_answer", operation="UploadPart", count=1), 0, ""),
    ("a part stalls", dict(fault="delay", operation="UploadPart", delay_ms=STALL_MS, count=1), 0, ""),
    ("parts are throttled", dict(fault="throttle", operation="UploadPart", count=2), 0, ""),
    ("a part meets a failure inside", dict(fault="internal", operation="UploadPart", count=2), 0, ""),
    ("a part meets a page of a proxy", dict(fault="html", operation="UploadPart", count=1), 0, ""),
    ("a part's ETag is missing", dict(fault="header", operation="UploadPart", name="ETag", count=1), 0, ""),
    ("a part's checksum is refused", dict(fault="error", operation="UploadPart", status=400, code="BadDigest", count=1),
     0, ""),
    ("a part's ETag is wrong", dict(fault="header", operation="UploadPart", name="ETag", value='"0123456789abcdef"',
                                    count=1), SOME_FAILED, "InvalidPart"),
    ("parts are refused", dict(fault="error", operation="UploadPart", status=403, code="AccessDenied"), DENIED,
     "AccessDenied"),
    ("the upload vanishes", dict(fault="error", operation="UploadPart", status=404, code="NoSuchUpload", skip=2), NO_SUCH,
     "NoSuchUpload"),
    ("complete is reset", dict(fault="reset_before", operation="CompleteMultipartUpload", count=1), 0, ""),
    ("the answer to complete is lost", dict(fault="drop_answer", operation="CompleteMultipartUpload", count=1), 0, ""),
    ("all answers to complete are lost", dict(fault="drop_answer", operation="CompleteMultipartUpload"), 0, ""),
    ("complete fails as a 200", dict(fault="error", operation="CompleteMultipartUpload", status=200, code="InternalError",
                                     count=1), 0, ""),
    ("complete succeeds and says it failed", dict(fault="error", operation="CompleteMultipartUpload", status=500,
                                                  code="InternalError", commit=True, count=1), 0, ""),
    ("the answer to complete is garbage", dict(fault="garbage", operation="CompleteMultipartUpload", count=1), 0, ""),
    ("complete is refused", dict(fault="error", operation="CompleteMultipartUpload", status=403, code="AccessDenied"),
     DENIED, "AccessDenied"),
    ("complete stalls", dict(fault="delay", operation="CompleteMultipartUpload", delay_ms=STALL_MS, count=1), 0, ""),
    ("credentials expire midway and stay so", dict(fault="expired_token", operation="UploadPart", skip=1), DENIED,
     "expired"),
    ("the abort fails at first", [dict(fault="error", operation="UploadPart", status=403, code="AccessDenied"),
                                  dict(fault="reset_before", operation="AbortMultipartUpload", count=1)], DENIED,
     "AccessDenied"),
]

PUT_FAULTS = [
    ("is reset", dict(fault="reset_during", operation="PutObject", count=1), 0, ""),
    ("loses its answer", dict(fault="drop_answer", operation="PutObject", count=1), 0, ""),
    ("is throttled", dict(fault="throttle", operation="PutObject", count=3), 0, ""),
    ("meets a damaged way", dict(fault="error", operation="PutObject", status=400, code="BadDigest", count=1), 0, ""),
    ("is refused", dict(fault="error", operation="PutObject", status=403, code="AccessDenied"), DENIED, "AccessDenied"),
    ("always fails inside", dict(fault="internal", operation="PutObject"), SOME_FAILED, "InternalError"),
]

DOWN_FAULTS = [
    ("head is reset", dict(fault="reset_before", operation="HeadObject", count=1), 0, ""),
    ("head is throttled", dict(fault="throttle", operation="HeadObject", count=1), 0, ""),
    ("a range is reset", dict(fault="reset_answer", operation="GetObject", count=2), 0, ""),
    ("a range breaks off", dict(fault="truncate", operation="GetObject", offset=100000, count=2), 0, ""),
    ("a range stalls", dict(fault="stall", operation="GetObject", offset=70000, delay_ms=STALL_MS, count=1), 0, ""),
    ("ranges are throttled", dict(fault="throttle", operation="GetObject", count=2), 0, ""),
    ("a range meets a failure inside", dict(fault="internal", operation="GetObject", count=2), 0, ""),
    ("a byte is damaged", dict(fault="corrupt", operation="GetObject", offset=99, count=1), SOME_FAILED, "damaged"),
    ("the object has another ETag", dict(fault="header", operation="GetObject", name="ETag", value='"other"', skip=1),
     SOME_FAILED, ""),
    ("the object changes", dict(fault="error", operation="GetObject", status=412, code="PreconditionFailed", skip=2),
     SOME_FAILED, "changed while it was downloaded"),
    ("ranges are refused", dict(fault="error", operation="GetObject", status=403, code="AccessDenied", skip=1), DENIED,
     "AccessDenied"),
    ("credentials expire midway and stay so", dict(fault="expired_token", operation="GetObject", skip=1), DENIED,
     "expired"),
    ("it vanishes", dict(fault="error", operation="GetObject", status=404, code="NoSuchKey", skip=1), NO_SUCH, "NoSuchKey"),
]


def some(cases, every):
    return cases if os.environ.get("LONG") or not os.environ.get("QUICK") else cases[::every]


def patience(rule):
    """Less than what stalls does; else as much as a slow machine needs."""
    return ["--read-timeout", "3" if isinstance(rule, dict) and rule.get("delay_ms") else "60"]


def faults_up(place):
    place.write("large", LARGE)
    for number, (what, rules, code, part) in enumerate(some(UP_FAULTS, 4)):
        with check.case(f"up: {what}"):
            key = f"up/{number}"
            place.faults(*(rules if isinstance(rules, list) else [rules]))
            done = place.run("large", f"s3://{BUCKET}/{key}", "--part-size", str(PART), *patience(rules))
            check.ok(f"up: {what}: the fault came", place.fired() > 0)
            place.faults()
            ended(f"up: {what}", code, [part], done)
            same(f"up: {what}: the object is right or absent", None if code else LARGE, place.object(key))
            check.equal(f"up: {what}: no parts are left", [], left_over(place, what))


def left_over(place, what):
    """An upload whose id was never heard of cannot be removed, except by the bucket's own rules."""
    uploads = place.uploads()
    if what == "the answer to create is lost":
        for key, upload in uploads:
            place.s3.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload)
        return uploads[1:]
    return uploads


def faults_put(place):
    data = noise(100000, 2)
    place.write("small", data)
    for number, (what, rule, code, part) in enumerate(some(PUT_FAULTS, 2)):
        with check.case(f"put {what}"):
            place.faults(rule)
            done = place.run("small", f"s3://{BUCKET}/put/{number}", "--max-attempts", "2")
            place.faults()
            ended(f"put {what}", code, [part], done)
            same(f"put {what}: the object is right or absent", None if code else data, place.object(f"put/{number}"))


def faults_down(place):
    place.store("large", LARGE)
    for number, (what, rule, code, part) in enumerate(some(DOWN_FAULTS, 4)):
        with check.case(f"down: {what}"):
            os.makedirs(place.path("down"), exist_ok=True)
            place.write("down/file", b"what was there before")
            place.faults(rule)
            done = place.run(f"s3://{BUCKET}/large", "down/file", "--part-size", str(PART), *patience(rule))
            check.ok(f"down: {what}: the fault came", place.fired() > 0)
            place.faults()
            ended(f"down: {what}", code, [part], done)
            same(f"down: {what}: the file is right or what it was", b"what was there before" if code else LARGE,
                 place.read("down/file"))
            check.equal(f"down: {what}: nothing else is left", ["file"], place.files("down"))
    with check.case("down to a pipe"):
        place.faults(dict(fault="truncate", operation="GetObject", count=3))
        done = place.run(f"s3://{BUCKET}/large", "-", "--part-size", str(PART))
        place.faults()
        ended("down to a pipe, ranges break off", 0, [], done)
        same("down to a pipe, ranges break off: in order", LARGE, done.stdout)


def faults_copy(place):
    place.store("source", LARGE)
    cases = [("at once, a 200 with an error", dict(fault="error", operation="CopyObject", status=200, code="InternalError",
                                                   count=1), 0, []),
             ("at once, refused", dict(fault="error", operation="CopyObject", status=403, code="AccessDenied"), DENIED, []),
             ("in parts, a 200 with an error", dict(fault="error", operation="UploadPartCopy", status=200,
                                                    code="InternalError", count=1), 0, ["--part-size", str(PART)]),
             ("in parts, refused", dict(fault="error", operation="UploadPartCopy", status=403, code="AccessDenied", skip=1),
              DENIED, ["--part-size", str(PART)])]
    for number, (what, rule, code, words) in enumerate(cases):
        with check.case(f"copy {what}"):
            place.faults(rule)
            done = place.run(f"s3://{BUCKET}/source", f"s3://{BUCKET}/copy/{number}", *words)
            check.ok(f"copy {what}: the fault came", place.fired() > 0)
            place.faults()
            ended(f"copy {what}", code, ["AccessDenied" if code else ""], done)
            same(f"copy {what}: right or absent", None if code else LARGE, place.object(f"copy/{number}"))
            check.equal(f"copy {what}: no parts are left", [], place.uploads())


# ---- local trouble ----

def limited(limit):
    def apply():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return apply


def small_disk(place, text, data):
    """A file system of 512 KiB, mounted where only these commands see it."""
    os.makedirs(place.path("disk"), exist_ok=True)
    place.store("too-large", data)
    script = ("mount -t tmpfs -o size=512k none disk && echo before >disk/file || exit 77\n"
              '"$@"; code=$?; cat disk/file; ls -A disk; exit $code')
    words = place.command(f"s3://{BUCKET}/too-large", "disk/file", "--part-size", str(PART))
    if not shutil.which("unshare"):
        raise check.Skip("unshare is not installed")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *words], env=place.env, cwd=place.folder,
                          capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        raise check.Skip("a file system cannot be mounted here")
    done.said = done.stderr
    ended(text, SOME_FAILED, ["disk/file", "No space left"], done)
    check.equal(f"{text}: the file is what it was, nothing else is left", "before\nfile\n", done.stdout)


def local_trouble(place):
    place.store("large", LARGE)
    with check.case("a full disk"):
        place.write("full/file", b"before")
        done = place.run(f"s3://{BUCKET}/large", "full/file", "--part-size", str(PART), preexec_fn=limited(PART * 2))
        ended("a full disk", SOME_FAILED, ["full/file"], done)
        check.equal("a full disk: the file is what it was, nothing else is left", (b"before", ["file"]),
                    (place.read("full/file"), place.files("full")))
    for text, data in (("a small disk", LARGE), ("a small disk, known before", noise(3 << 20, 4))):
        with check.case(text):
            small_disk(place, text, data)
    with check.case("a full pipe"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(place.command(f"s3://{BUCKET}/large", "-"), env=place.env, stdout=full,
                                  stderr=subprocess.PIPE, timeout=120, check=False)
        done.said = done.stderr.decode()
        ended("a full pipe", SOME_FAILED, ["No space left"], done)
    with check.case("a closed pipe"):
        reader = subprocess.Popen(["head", "-c", "10"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        done = subprocess.run(place.command(f"s3://{BUCKET}/large", "-"), env=place.env, stdout=reader.stdin,
                              stderr=subprocess.PIPE, timeout=120, check=False)
        reader.stdin.close()
        reader.wait(timeout=120)
        done.said = done.stderr.decode()
        ended("a closed pipe", SOME_FAILED, ["Broken pipe"], done)
    for text, closed, line in (("no standard output", 1, [f"s3://{BUCKET}/large", "-"]),
                               ("no standard output to print on", 1, ["large", f"s3://{BUCKET}/printed"]),
                               ("no standard input", 0, ["-", f"s3://{BUCKET}/from-nothing"])):
        with check.case(text):
            place.write("large", LARGE)
            done = place.run(*line, preexec_fn=lambda fd=closed: os.close(fd))
            ended(text, SOME_FAILED, ["Bad file descriptor"], done)
    check.equal("no standard input: no object", None, place.object("from-nothing"))
    for what, change, part in (("shrinks", lambda p: os.truncate(p, PART + 5), "shorter"),
                               ("grows", lambda p: open(p, "ab").write(b"more"), "changed")):
        with check.case(f"a file {what} while it is read"):
            place.write("moving", LARGE)
            place.faults(dict(fault="delay", operation="CreateMultipartUpload", delay_ms=4000))
            timer = threading.Timer(0.0, lambda c=change: change_when_created(place, c))
            timer.start()
            done = place.run("moving", f"s3://{BUCKET}/moving", "--part-size", str(PART))
            timer.join()
            place.faults()
            ended(f"a file {what}", SOME_FAILED, [part], done)
            check.equal(f"a file {what}: no object and no parts", (None, []), (place.object("moving"), place.uploads()))
    with check.case("no permission"):
        done = place.run(f"s3://{BUCKET}/large", place.write("plain", b"x") + "/below")
        ended("a folder that is a file", SOME_FAILED, ["Not a directory"], done)


def change_when_created(place, change):
    """When the file is open: its upload is being created."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not place.fired():
        time.sleep(0.02)
    change(place.path("moving"))


# ---- stopping ----

def start(place, *words, **how):
    return subprocess.Popen(place.command(*words), env=place.env, cwd=place.folder, stdin=how.get("stdin", subprocess.DEVNULL),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def finish(process):
    out, err = process.communicate(timeout=120)
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    done.said = err.decode(errors="replace")
    return done


def parts_of(place, key):
    for found, upload in place.uploads():
        if found == key:
            listed = place.s3.list_parts(Bucket=BUCKET, Key=key, UploadId=upload)
            return {part["PartNumber"]: part["LastModified"] for part in listed.get("Parts", [])}
    return {}


def interruptions(place):
    place.write("large", LARGE)
    place.store("large", LARGE)
    with check.case("SIGINT during an upload"):
        place.faults(dict(fault="delay", operation="UploadPart", delay_ms=60000, skip=2))
        process = start(place, "large", f"s3://{BUCKET}/interrupted", "--part-size", str(PART))
        check.ok("SIGINT up: parts are under way", until(lambda: place.fired() > 0))
        process.send_signal(signal.SIGINT)
        place.faults()
        done = finish(process)
        check.equal("SIGINT up: exit 130, no object, no parts", (INTERRUPTED, None, []),
                    (done.returncode, place.object("interrupted"), place.uploads()))
    with check.case("SIGTERM during a download"):
        place.write("stopped/file", b"before")
        place.faults(dict(fault="stall", operation="GetObject", delay_ms=60000, skip=1))
        process = start(place, f"s3://{BUCKET}/large", "stopped/file", "--part-size", str(PART))
        check.ok("SIGTERM down: ranges are under way", until(lambda: place.fired() > 0))
        process.send_signal(signal.SIGTERM)
        done = finish(process)
        place.faults()
        check.equal("SIGTERM down: exit 130, the file is what it was, nothing else is left",
                    (INTERRUPTED, b"before", ["file"]),
                    (done.returncode, place.read("stopped/file"), place.files("stopped")))
    with check.case("SIGINT while a pipe is read"):
        process = start(place, "-", f"s3://{BUCKET}/from-pipe", "--part-size", str(PART), stdin=subprocess.PIPE)
        process.stdin.write(LARGE)
        process.stdin.flush()
        check.ok("SIGINT pipe: parts are there", until(lambda: parts_of(place, "from-pipe")))
        process.send_signal(signal.SIGINT)
        check.ok("SIGINT pipe: it ends although the pipe is open", until(lambda: process.poll() is not None))
        process.stdin.close()
        check.equal("SIGINT pipe: exit 130, no object, no parts", (INTERRUPTED, None, []),
                    (process.returncode, place.object("from-pipe"), place.uploads()))
        process.stdout.close()
        process.stderr.close()


def resuming(place):
    place.write("large", LARGE)
    place.store("large", LARGE)
    words = ("--part-size", str(PART), "--resume", "-j", "1")
    with check.case("kill -9 during an upload, then --resume"):
        place.faults(dict(fault="delay", operation="UploadPart", delay_ms=60000, skip=2))
        process = start(place, "large", f"s3://{BUCKET}/killed", *words)
        check.ok("kill up: two parts are there", until(lambda: len(parts_of(place, "killed")) == 2))
        process.kill()
        finish(process)
        place.faults()
        check.equal("kill up: absent", None, place.object("killed"))
        sent = requests(place, "UploadPart")
        ended("resume up", 0, [], place.run("large", f"s3://{BUCKET}/killed", *words))
        same("resume up: complete", LARGE, place.object("killed"))
        # The part that was on its way when the sender died may arrive at any time.
        check.ok("resume up: not all parts were sent again", 1 <= requests(place, "UploadPart") - sent <= 3)
        check.equal("resume up: no parts are left", [], place.uploads())
    with check.case("an upload that was denied goes on later; a changed file begins anew"):
        place.faults(dict(fault="error", operation="UploadPart", status=403, code="AccessDenied", skip=2))
        done = place.run("large", f"s3://{BUCKET}/later", *words)
        ended("resume up: kept after a failure", DENIED, ["AccessDenied"], done)
        place.faults()
        check.equal("resume up: its parts are kept", 2, len(parts_of(place, "later")))
        changed = noise(len(LARGE), 7)
        place.write("large", changed)
        ended("resume up: another file", 0, [], place.run("large", f"s3://{BUCKET}/later", *words))
        same("resume up: the other file is complete", changed, place.object("later"))
        check.equal("resume up: the parts of the first are gone", [], place.uploads())
    with check.case("kill -9 during a download, then --resume"):
        place.faults(dict(fault="stall", operation="GetObject", delay_ms=60000, skip=2))
        process = start(place, f"s3://{BUCKET}/large", "killed/file", *words)
        check.ok("kill down: the third range is under way", until(lambda: place.fired() > 0))
        process.kill()
        finish(process)
        place.faults()
        check.ok("kill down: absent, an unfinished file is kept", place.read("killed/file") is None
                 and len(place.files("killed")) == 1, place.files("killed"))
        sent = requests(place, "GetObject")
        ended("resume down", 0, [], place.run(f"s3://{BUCKET}/large", "killed/file", *words))
        same("resume down: complete", LARGE, place.read("killed/file"))
        check.equal("resume down: only what was missing was fetched, nothing else is left", (2, ["file"]),
                    (requests(place, "GetObject") - sent, place.files("killed")))
    with check.case("no place for a token"):
        done = place.run("large", f"s3://{BUCKET}/no-place", *words, env={"XDG_CACHE_HOME": "", "HOME": "/proc/none"})
        ended("no place for a token: it is said, and copied", 0, ["XDG_CACHE_HOME", "begin anew"], done)
        same("no place for a token: complete", place.read("large"), place.object("no-place"))
    with check.case("a token that cannot be read"):
        place.faults(dict(fault="error", operation="GetObject", status=403, code="AccessDenied", skip=2))
        place.run(f"s3://{BUCKET}/large", "odd-token/file", *words)
        place.faults()
        for at, _, kept in os.walk(place.path("cache")):
            for name in kept:
                with open(os.path.join(at, name), "w", encoding="ascii") as token:
                    token.write("nonsense")
        done = place.run(f"s3://{BUCKET}/large", "odd-token/file", *words)
        ended("a token that cannot be read: begun anew, and said", 0, ["beginning anew"], done)
        same("a token that cannot be read: complete", LARGE, place.read("odd-token/file"))
    with check.case("the object changes between the two"):
        place.faults(dict(fault="error", operation="GetObject", status=403, code="AccessDenied", skip=2))
        ended("resume down: kept after a failure", DENIED, [], place.run(f"s3://{BUCKET}/large", "changed/file", *words))
        place.faults()
        place.store("large", LARGE[::-1])
        ended("resume down: another object", 0, [], place.run(f"s3://{BUCKET}/large", "changed/file", *words))
        same("resume down: the new one, whole", LARGE[::-1], place.read("changed/file"))
        check.equal("resume down: nothing else is left", ["file"], place.files("changed"))
    check.equal("resume: no token is left", [], [name for _, _, names in os.walk(place.path("cache")) for name in names])


def requests(place, operation):
    return place.service.admin("state")["Operations"].get(f"s3:{operation}", 0)


def credentials(place):
    """Keys from a container that expire while parts are sent: fresh ones are fetched, the copy goes on."""
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{place.service.url}/v2/credentials/x",
           "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-token", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    with check.case("credentials expire midway"):
        place.write("large", LARGE)
        place.faults(dict(fault="delay", operation="UploadPart", delay_ms=1500, skip=1, count=1))
        timer = threading.Thread(target=lambda: until(lambda: place.fired()) and
                                 place.service.admin("credentials/expire", {}))
        timer.start()
        done = place.run("large", f"s3://{BUCKET}/renewed", "--part-size", str(PART), "-j", "1", env=env)
        timer.join()
        place.faults()
        ended("credentials expire midway", 0, [], done)
        same("credentials expire midway: complete", LARGE, place.object("renewed"))
        check.equal("credentials expire midway: no parts", [], place.uploads())


# ---- folders, names, words ----

def folders(place):
    tree = {"a.txt": b"a", "empty": b"", "sub/b.log": b"bb", "sub/deep/c.txt": b"ccc", "sub/deep/\u00fc + %41.txt": b"dddd"}
    for name, data in tree.items():
        place.write(f"tree/{name}", data)
    with check.case("a folder up"):
        done = place.run("-r", "tree", f"s3://{BUCKET}/t")
        ended("a folder up", 0, [], done)
        check.equal("a folder up: the keys", sorted(f"t/{name}" for name in tree), place.keys("t/"))
        check.equal("a folder up: what is printed", sorted(f"upload: ./tree/{name} to s3://{BUCKET}/t/{name}" for name in tree),
                    sorted(done.stdout.decode().splitlines()))
    with check.case("a folder down"):
        done = place.run("-r", f"s3://{BUCKET}/t/", "back")
        ended("a folder down", 0, [], done)
        check.equal("a folder down: the files", tree, {name: place.read(f"back/{name}") for name in place.files("back")})
        check.equal("a folder down: what is printed",
                    sorted(f"download: s3://{BUCKET}/t/{name} to ./back/{name}" for name in tree),
                    sorted(done.stdout.decode().splitlines()))
    with check.case("--update"):
        done = place.run("-r", "-u", f"s3://{BUCKET}/t", "back")
        check.equal("--update down: nothing is to be done", (0, b""), (done.returncode, done.stdout))
        done = place.run("-r", "-u", "tree", f"s3://{BUCKET}/t")
        check.equal("--update up: nothing is to be done", (0, b""), (done.returncode, done.stdout))
        place.write("tree/a.txt", b"A!")
        future = time.time() + 100
        place.write("tree/sub/b.log", b"BB")
        os.utime(place.path("tree/sub/b.log"), (future, future))
        done = place.run("-r", "-u", "tree", f"s3://{BUCKET}/t")
        check.equal("--update up: another size, and a newer file", {"a.txt", "b.log"},
                    {line.split("/")[-1] for line in done.stdout.decode().splitlines()})
        done = place.run("-u", f"s3://{BUCKET}/t/a.txt", "back/a.txt")
        check.equal("--update of one file: another size", (0, b"A!"), (done.returncode, place.read("back/a.txt")))
    with check.case("patterns"):
        done = place.run("-r", "-n", "--exclude", "*", "--include", "*.txt", "--exclude", "sub/deep/c*", "tree",
                         f"s3://{BUCKET}/p")
        check.equal("patterns: the last that matches counts; --dry-run only says it",
                    ({"(dryrun) upload: ./tree/a.txt", "(dryrun) upload: ./tree/sub/deep/\u00fc + %41.txt"}, []),
                    ({line.split(" to ")[0] for line in done.stdout.decode().splitlines()}, place.keys("p/")))
    with check.case("dry run"):
        for line, code, part in ((["absent", f"s3://{BUCKET}/p"], SOME_FAILED, "No such file"),
                                 (["tree", f"s3://{BUCKET}/p"], SOME_FAILED, "directory"),
                                 ([f"s3://{BUCKET}/absent", "x"], NO_SUCH, "s3://tests3cp/absent"),
                                 ([f"s3://{BUCKET}/absent", "-"], NO_SUCH, "s3://tests3cp/absent"),
                                 ([f"s3://{BUCKET}/t/a.txt", "x"], 0, "")):
            done = place.run("-n", *line)
            ended("--dry-run tells what would fail", code, [part], done)
            check.equal("--dry-run: what would be done is on stdout", code == 0, b"(dryrun)" in done.stdout)
    with check.case("several sources"):
        ended("several sources into a folder", 0, [], place.run("tree/a.txt", "tree/empty", f"s3://{BUCKET}/s/"))
        check.equal("several sources: the keys", ["s/a.txt", "s/empty"], place.keys("s/"))
        ended("several folders", 0, [], place.run("-r", "tree/sub", "back", f"s3://{BUCKET}/both/"))
        check.ok("several folders: each below its own name", {"both/sub/b.log", "both/back/a.txt"} <= set(place.keys("both/")))
        ended("several objects down", 0, [], place.run(f"s3://{BUCKET}/s/a.txt", f"s3://{BUCKET}/s/empty", "two"))
        check.equal("several objects down: the files", ["a.txt", "empty"], place.files("two"))
        place.write("other/a.txt", b"other")
        for line in (["tree/a.txt", "other/a.txt", f"s3://{BUCKET}/twice/"], ["-r", "tree/sub/", "back/sub", f"s3://{BUCKET}/twice/"],
                     [f"s3://{BUCKET}/s/a.txt", f"s3://{BUCKET}/t/a.txt", "twice/"]):
            ended("two sources of one name", USAGE, ["would both become"], place.run(*line))
        check.equal("two sources of one name: nothing was done", ([], False), (place.keys("twice/"),
                                                                           os.path.exists(place.path("twice"))))
        check.equal("several objects into a pipe", b"A!bb", place.run(f"s3://{BUCKET}/s/a.txt", f"s3://{BUCKET}/t/sub/b.log",
                                                                    "-").stdout.replace(b"BB", b"bb"))
    inside(place)


def inside(place):
    with check.case("copies inside"):
        before = place.keys("t/")
        done = place.run("-r", f"s3://{BUCKET}/t", f"s3://{BUCKET}/t2")
        check.equal("a folder inside S3", (0, [key.replace("t/", "t2/", 1) for key in before]),
                    (done.returncode, place.keys("t2/")))
        place.run(f"s3://{BUCKET}/t/a.txt", f"s3://{BUCKET}/meta", "--metadata", "colour=blue", "--content-type", "text/plain")
        place.run(f"s3://{BUCKET}/meta", f"s3://{BUCKET}/cold", "--storage-class", "STANDARD_IA")
        head = place.s3.head_object(Bucket=BUCKET, Key="cold")
        check.equal("a new storage class keeps what describes the content", ("STANDARD_IA", "text/plain", {"colour": "blue"}),
                    (head.get("StorageClass"), head["ContentType"], head["Metadata"]))
    with check.case("delete"):
        done = place.run("--delete", "-r", "-n", f"s3://{BUCKET}/t2/sub")
        check.equal("--delete --dry-run only says it", (0, 4), (done.returncode, len(place.keys("t2/sub/")) + 1))
        ended("--delete -r", 0, [], place.run("--delete", "-r", f"s3://{BUCKET}/t2/sub"))
        check.equal("--delete -r: only below the folder", ["t2/a.txt", "t2/empty"], place.keys("t2/"))
        done = place.run("--delete", f"s3://{BUCKET}/t2/a.txt")
        check.equal("--delete: one", (0, f"delete: s3://{BUCKET}/t2/a.txt\n".encode(), ["t2/empty"]),
                    (done.returncode, done.stdout, place.keys("t2/")))
    with check.case("delete keys XML cannot carry"):
        odd = [b"odd/plain", b"odd/M\xfcnchen", b"odd/\x01", b"odd/\xe2\x82"]
        place.write("odd", b"odd")
        for key in odd:
            place.run(os.fsencode("odd"), f"s3://{BUCKET}/".encode() + key)
        check.equal("keys XML cannot carry: they are there", len(odd), len(place.run("-l", "-r", f"s3://{BUCKET}/odd/").stdout
                                                                         .splitlines()))
        ended("--delete -r of keys XML cannot carry", 0, [], place.run("--delete", "-r", f"s3://{BUCKET}/odd"))
        ended("--delete -r of keys XML cannot carry: all", NO_SUCH, [], place.run("-l", "-r", f"s3://{BUCKET}/odd/"))
    with check.case("SIGINT during --delete"):
        for number in range(1100):
            place.write(f"many/{number:04}", b"")
        place.run("-r", "many", f"s3://{BUCKET}/many")
        place.faults(dict(fault="delay", operation="DeleteObjects", delay_ms=1000, count=1),
                     dict(fault="delay", operation="DeleteObjects", delay_ms=60000))
        with open(place.path("deleted"), "wb") as log:
            process = subprocess.Popen(place.command("--delete", "-r", f"s3://{BUCKET}/many"), env=place.env, stdout=log)
            check.ok("SIGINT --delete: it is under way", until(lambda: place.fired() > 0))
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        place.faults()
        check.equal("SIGINT --delete: exit 130, and what is gone is on stdout, all of it",
                    (INTERRUPTED, [f"s3://{BUCKET}/many/{number:04}" for number in range(1000)]),
                    (process.returncode, [line.split()[-1] for line in place.read("deleted").decode().splitlines()]))
        check.equal("SIGINT --delete: the rest is there", 100, len(place.keys("many/")))
        place.run("--delete", "-r", f"s3://{BUCKET}/many")
    with check.case("lists"):
        lines = place.run("-l", f"s3://{BUCKET}/t/").stdout.decode().splitlines()
        check.equal("-l: files with size, folders as PRE", [("2", "a.txt"), ("0", "empty"), ("PRE", "sub/")],
                    [tuple(line.split()[-2:]) for line in lines])
        lines = place.run("-l", "-r", f"s3://{BUCKET}/t/").stdout.decode().splitlines()
        check.equal("-l -r: whole keys", len(place.keys("t/")), len(lines))
        check.ok("-l: the buckets", BUCKET in place.run("-l").stdout.decode())
        ended("-l of nothing", NO_SUCH, ["begins with none/"], place.run("-l", f"s3://{BUCKET}/none/"))
    with check.case("presigned"):
        import urllib.request
        url = place.run("--presign", "60", f"s3://{BUCKET}/t/a.txt").stdout.decode().strip()
        check.equal("--presign: anyone may read", b"A!", urllib.request.urlopen(url, timeout=60).read())


def on_terminal(place, *words):
    """What is shown there."""
    import pty
    master, slave = pty.openpty()
    process = subprocess.Popen(place.command(*words), env=place.env, cwd=place.folder, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    seen = b""
    while True:
        try:
            more = os.read(master, 65536)
        except OSError:
            break
        seen += more
        if not more:
            break
    process.wait(timeout=120)
    os.close(master)
    return seen


def names(place):
    """Keys that would lead out of the target, or cannot be files there."""
    bad = ["n/../../out", "n//double", "n/a//b", "n/./dot", "n/sub/../../x", "n/..", "n//"]
    for key in bad + ["n/good", "n/folder/", "n/sub dir/\x1b[31mred"]:
        place.store(key, b"x" if not key.endswith("/") else b"")
    with check.case("names that lead out"):
        done = place.run("-r", f"s3://{BUCKET}/n", "names")
        ended("names that lead out", SOME_FAILED, ["leads out", "begins with '/'", "empty folder"], done)
        check.equal("names that lead out: only the good ones are there", ["good", "sub dir/\x1b[31mred"], place.files("names"))
        check.ok("names that lead out: nothing beside the folder", not os.path.exists(place.path("out")))
        check.ok("a key that ends in / is a folder", os.path.isdir(place.path("names/folder")))
        check.equal("each refused key is told", len(bad), done.said.count("cannot copy"))
    with check.case("terminals"):
        seen = on_terminal(place, "-r", f"s3://{BUCKET}/n", "names2", "--exclude", "*", "--include", "sub*")
        check.ok("on a terminal a name cannot steer it", b"\\x1b[31mred" in seen and b"\x1b[31m" not in seen, seen)
        place.store("\u009b31m" + "x" * 300, b"x")
        seen = on_terminal(place, f"s3://{BUCKET}/\u009b31m" + "x" * 300, "names3/")
        check.ok("on a terminal a message cannot steer it", seen.count(b"\\xc2\\x9b31m") > 2 and b"\xc2\x9b" not in seen, seen)
    for key in ("a//b", "/leading", "..", "k" * 1000, "\u65e5\u672c", "a+b c&d=e?f#g", "%2e%2e"):
        with check.case(f"key {key[:20]!r}"):
            place.write("odd", key.encode())
            ended(f"key {key[:20]!r} up", 0, [], place.run("odd", f"s3://{BUCKET}/{key}"))
            check.equal(f"key {key[:20]!r}", key.encode(), place.object(key))
            check.equal(f"key {key[:20]!r} down", key.encode(), place.run(f"s3://{BUCKET}/{key}", "-").stdout)


def sizes(place):
    for length in (0, 1, PART - 1, PART, PART + 1, 2 * PART):
        data = noise(length, length)
        with check.case(f"{length} bytes"):
            place.write("sized", data)
            ended(f"{length} bytes up", 0, [], place.run("sized", f"s3://{BUCKET}/sized", "--part-size", str(PART)))
            same(f"{length} bytes up", data, place.object("sized"))
            ended(f"{length} bytes down", 0, [], place.run(f"s3://{BUCKET}/sized", "back-sized", "--part-size", str(PART)))
            same(f"{length} bytes down", data, place.read("back-sized"))
            ended(f"{length} bytes piped up", 0, [], place.run("-", f"s3://{BUCKET}/piped", "--part-size", str(PART),
                                                              input=data))
            same(f"{length} bytes through pipes", data, place.run(f"s3://{BUCKET}/piped", "-").stdout)
    for name in ("CRC32", "crc32c", "CRC64NVME", "SHA256", "none"):
        with check.case(f"--checksum {name}"):
            place.write("summed", LARGE)
            ended(f"--checksum {name}", 0, [], place.run("summed", f"s3://{BUCKET}/{name}", "--checksum", name,
                                                        "--part-size", str(PART)))
            head = place.s3.head_object(Bucket=BUCKET, Key=name, ChecksumMode="ENABLED")
            # Without one of the client's the service makes its own.
            wanted = "CRC64NVME" if name == "none" else name.upper()
            stored = head["ResponseMetadata"]["HTTPHeaders"]  # an older boto3 does not know CRC64NVME
            check.ok(f"--checksum {name}: it is stored", f"x-amz-checksum-{wanted.lower()}" in stored or name == "none", head)
            same(f"--checksum {name}: down", LARGE, place.run(f"s3://{BUCKET}/{name}", "-").stdout)


def words(place):
    place.write("one", b"1")
    place.store("there", b"there")
    ended("--if-none-match on an object", SOME_FAILED, ["PreconditionFailed"],
          place.run("--if-none-match", "one", f"s3://{BUCKET}/there"))
    check.equal("--if-none-match: it is what it was", b"there", place.object("there"))
    ended("--if-none-match on none", 0, [], place.run("--if-none-match", "one", f"s3://{BUCKET}/new"))
    place.run("one", f"s3://{BUCKET}/described", "--content-type", "text/x", "--metadata", "a=b=c", "--metadata", "d=",
              "--cache-control", "no-store", "--storage-class", "STANDARD_IA", "--sse", "AES256")
    head = place.s3.head_object(Bucket=BUCKET, Key="described")
    check.equal("what describes an object", ("text/x", "b=c", "no-store", "STANDARD_IA"),
                (head["ContentType"], head["Metadata"].get("a"), head["CacheControl"], head["StorageClass"]))
    ended("a pipe that is too short", SOME_FAILED, ["fewer"], place.run("-", f"s3://{BUCKET}/short", "--expected-size", "5",
                                                                       input=b"four"))
    check.equal("a pipe that is too short: no object", None, place.object("short"))
    large = noise(3 * PART, 11)
    place.write("printed", large)
    for text, command, data, part in (("a command", "cat printed", large, ""),
                                      ("a command that prints nothing", "true", b"", ""),
                                      ("a command that fails", "cat printed; exit 3", None, "status 3"),
                                      ("a command that fails at once", "false", None, "status 1"),
                                      ("a command that is killed", "cat printed; kill -9 $$", None, "signal 9")):
        with check.case(text):
            done = place.run("--command", command, "-", f"s3://{BUCKET}/from-command", "--part-size", str(PART))
            ended(text, 0 if data is not None else SOME_FAILED, [part], done)
            same(f"{text}: what it printed, or nothing", data, place.object("from-command"))
            check.equal(f"{text}: no parts", [], place.uploads())
            place.run("--delete", f"s3://{BUCKET}/from-command")
    place.faults(dict(fault="error", operation="UploadPart", status=403, code="AccessDenied"))
    ended("a command whose copy is refused", DENIED, ["AccessDenied"],
          place.run("--command", "cat printed; exec sleep 60", "-", f"s3://{BUCKET}/refused", "--part-size", str(PART)))
    place.faults()
    for text, code, parts, line in (
            ("a command for a file", USAGE, ["--command"], ["--command", "true", "one", f"s3://{BUCKET}/x"]),
            ("no target", USAGE, ["needed"], ["one"]),
            ("two files here", USAGE, ["s3://"], ["one", "two"]),
            ("a bucket that cannot be", USAGE, ["a name has"], ["one", "s3://x/"]),
            ("no such bucket", NO_SUCH, ["NoSuchBucket"], ["one", "s3://no-such-bucket/x"]),
            ("no such key", NO_SUCH, ["s3://tests3cp/no-such-key"], [f"s3://{BUCKET}/no-such-key", "x"]),
            ("no such prefix", NO_SUCH, ["nothing"], ["-r", f"s3://{BUCKET}/no-such-prefix", "x"]),
            ("no such file", SOME_FAILED, ["No such file"], ["absent", f"s3://{BUCKET}/x"]),
            ("a folder without -r", SOME_FAILED, ["directory"], [".", f"s3://{BUCKET}/x"]),
            ("patterns without -r", USAGE, ["--recursive"], ["--exclude", "x", "one", f"s3://{BUCKET}/x"]),
            ("a pipe without a name", USAGE, ["no name"], ["-", f"s3://{BUCKET}/"]),
            ("two modes", USAGE, ["choose"], ["-l", "--delete", f"s3://{BUCKET}/x"]),
            ("an unknown checksum", USAGE, ["MD4"], ["--checksum", "MD4", "one", f"s3://{BUCKET}/x"])):
        with check.case(text):
            ended(text, code, parts, place.run(*line))
    with check.case("wrong keys"):
        done = place.run("-r", place.folder, f"s3://{BUCKET}/all", env={"AWS_SECRET_ACCESS_KEY": "wrong"})
        ended("wrong keys: nothing more is tried", DENIED, ["SignatureDoesNotMatch"], done)
    with check.case("nobody there"):
        done = place.run("one", f"s3://{BUCKET}/x", "--endpoint-url", "http://127.0.0.1:1")
        ended("nobody there: why, and what to do", UNREACHABLE, ["refuses connections", "--endpoint-url"], done)


def profiles(place):
    with open(place.path("config"), "w") as file:
        file.write("[default]\ns3 =\n  addressing_style = path\n  multipart_chunksize = 5MB\n"
                   "  max_concurrent_requests = 2\n[profile wrong]\ns3 =\n  addressing_style = sideways\n")
    place.write("large", noise(2 * REAL_PART + 1, 3))
    with check.case("the profile's s3 settings"):
        before = requests(place, "UploadPart")
        done = place.run("large", f"s3://{BUCKET}/by-profile", env={"AWS_CONFIG_FILE": place.path("config")})
        ended("the profile's s3 settings", 0, [], done)
        check.equal("multipart_chunksize counts", 3, requests(place, "UploadPart") - before)
        done = place.run("large", f"s3://{BUCKET}/by-profile", "--profile", "wrong",
                         env={"AWS_CONFIG_FILE": place.path("config")})
        ended("a setting that cannot be", USAGE, ["addressing_style", "sideways"], done)


def main():
    if not os.access(S3CP, os.X_OK):
        check.skip("s3cp", "s3cp is not built")
        check.done()
    place = Place("--container-token", "container-token", "--min-part-size", str(PART))
    chosen = sys.argv[1:]
    for part in (sizes, folders, names, words, faults_up, faults_put, faults_down, faults_copy, local_trouble, interruptions,
                 resuming, credentials, profiles):
        if not chosen or part.__name__ in chosen:
            began = time.monotonic()
            with check.case(part.__name__):
                part(place)
            check.say(f"# {part.__name__}: {time.monotonic() - began:.1f} s")
            place.faults()
    check.equal("no parts are left anywhere", [], place.uploads())
    shutil.rmtree(place.folder)
    check.done()


main()
