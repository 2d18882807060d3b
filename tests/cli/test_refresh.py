#!/usr/bin/env python3
"""Keys that live three seconds, under load: kput and s3cp work through many of their lives without a failed record or
file, with one refresh at a time and no stampede; a metadata service that is down for a while is noticed by nobody and
not hammered. LONG=1: a minute of each.

The sources are klocal's, behind a listener here that counts who asks, how many at a time, and can be down."""
# limit: 600
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402
import klocal  # noqa: E402

BIN = os.path.join(os.environ.get("BUILD_DIR", "build"), "bin")
SECONDS = 60 if os.environ.get("LONG") else 8
LIFE = 3
SHORTEST_GAP = 0.5  # between refreshes of keys of 2 to 3 s: two thirds of a life, less the jitter, with room


class Door:
    """Passes connections on to klocal, one request each; knows how many were at a time."""

    def __init__(self, port):
        self.port, self.lock = port, threading.Lock()
        self.asked = self.tokens = self.refused = self.now = self.most = 0
        self.down = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            if self.down:
                with self.lock:
                    self.refused += 1
                return
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(65536)
                if not part:
                    return
                head += part
            keys = b"/klocal-role" in head.split(b"\r\n")[0] or b"/v2/" in head
            with self.lock:
                self.asked += keys
                self.tokens += head.startswith(b"PUT")
                self.now += keys
                self.most = max(self.most, self.now)
            try:
                if keys:
                    time.sleep(0.1)  # time enough for a second one to come
                self.pass_on(connection, head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            finally:
                with self.lock:
                    self.now -= keys

    def pass_on(self, connection, head):
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port)) as behind:
            behind.sendall(head)
            while part := behind.recv(65536):
                answer += part
        connection.sendall(answer)


def environment(home, url, **more):
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env.update({"HOME": home, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": url,
                **more})
    return env


def imds(door):
    return {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": door.url,
            "AWS_METADATA_SERVICE_TIMEOUT": "10"}


def cpu_seconds(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def feed(process, seconds, pause=0.01, over=None):
    """Small records, a request full of them each pause (kput is never idle without one); how many."""
    sent, end = 0, time.monotonic() + seconds
    block = b"".join(b"record %d\n" % i for i in range(500))
    try:
        while time.monotonic() < end and not (over and over.is_set()):
            process.stdin.write(block)
            process.stdin.flush()
            sent += block.count(b"\n")
            time.sleep(pause)
        process.stdin.close()
    except BrokenPipeError:
        pass
    return sent


def start_kput(env, stream):
    return subprocess.Popen([f"{BIN}/kput", "--stats", "-q", stream], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, env=env)


def end_kput(text, process, sent):
    said = process.stderr.read().decode(errors="replace")
    code = process.wait(timeout=120)
    counts = {}
    for line in said.splitlines():
        if line.startswith("{"):
            counts = json.loads(line)
    check.ok(f"{text}: {sent} records, none failed", code == 0 and f": {sent}" in json.dumps(counts),
             f"exit {code}, sent {sent}\n{said[-2000:]}")


def check_door(text, door, seconds, least):
    """seconds it took; least: so many seconds of work, however slow the machine."""
    most = int(seconds / SHORTEST_GAP) + 3
    check.say(f"# {text}: {door.asked} refreshes in {seconds:.0f} s, {door.most} at a time, {door.tokens} session tokens")
    check.ok(f"{text}: refreshed again and again", door.asked >= max(2, int(least / (LIFE + 1.5))), door.asked)
    check.ok(f"{text}: no stampede", door.asked <= most, f"{door.asked} refreshes, at most {most} make sense")
    check.equal(f"{text}: one refresh at a time", 1, door.most)


def kput_by_imds(service, home):
    door = Door(service.port)
    process = start_kput(environment(home, service.url, **imds(door)), "imds")
    began = time.monotonic()
    sent = feed(process, SECONDS)
    end_kput("kput by IMDS", process, sent)
    check_door("kput by IMDS", door, time.monotonic() - began, SECONDS)
    check.equal("kput by IMDS: one session token for all", 1, door.tokens)


PROGRAM = """
import json, sys, time, urllib.request
log = open(sys.argv[2], "a")
print("begin", file=log, flush=True)
keys = json.load(urllib.request.urlopen(sys.argv[1]))
time.sleep(0.1)
print(json.dumps({"Version": 1, "AccessKeyId": keys["AccessKeyId"], "SecretAccessKey": keys["SecretAccessKey"],
                  "SessionToken": keys["Token"], "Expiration": keys["Expiration"]}))
print("end", file=log, flush=True)
"""


def kput_by_process(service, home):
    program, log = f"{home}/keys.py", f"{home}/log"
    with open(program, "w") as file:
        file.write(PROGRAM)
    with open(f"{home}/config", "w") as file:
        file.write("[default]\ncredential_process = "
                   f"{sys.executable} -S {program} {service.url}/v2/credentials/klocal-role {log}\n")
    process = start_kput(environment(home, service.url, AWS_CONFIG_FILE=f"{home}/config"), "process")
    began = time.monotonic()
    sent = feed(process, SECONDS)
    end_kput("kput by a program", process, sent)
    seconds = time.monotonic() - began
    with open(log) as file:
        lines = file.read().split()
    check.say(f"# kput by a program: run {lines.count('begin')} times in {seconds:.0f} s")
    check.ok("kput by a program: run again and again, never twice at a time",
             2 <= lines.count("begin") <= int(seconds / SHORTEST_GAP) + 3
             and all(word == ("begin", "end")[i % 2] for i, word in enumerate(lines)), lines)


def s3cp(service, home, text, arguments, seconds):
    door = Door(service.port)
    container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{door.url}/v2/credentials/klocal-role"}
    began = time.monotonic()
    done = subprocess.run([f"{BIN}/s3cp", "-q", *arguments], env=environment(home, service.url, **container),
                          capture_output=True, text=True, timeout=seconds * 20 + 100)
    check.ok(f"{text}: everything is copied", done.returncode == 0 and not done.stderr,
             f"exit {done.returncode}\n{done.stderr[-2000:]}")
    check_door(text, door, time.monotonic() - began, seconds)


def s3cp_folder(service, home):
    os.mkdir(f"{home}/files")
    count = SECONDS * 100
    for i in range(count):
        with open(f"{home}/files/{i}", "w") as file:
            file.write(f"file {i}\n")
    s3cp(service, home, f"s3cp of {count} files", ["-r", "-j", "4", f"{home}/files", "s3://refresh/files"], SECONDS)
    listed = subprocess.run([f"{BIN}/s3cp", "-l", "-r", "s3://refresh/files/"], env=service.environment()
                            | {"AWS_ENDPOINT_URL": service.url}, capture_output=True, text=True, timeout=60)
    check.equal("s3cp of many files: all of them are there", count, len(listed.stdout.splitlines()))


def s3cp_large(service, home):
    parts = max(10, SECONDS)
    with open(f"{home}/large", "wb") as file:
        file.truncate(parts * 5 << 20)
    s3cp(service, home, f"s3cp of {parts} slow parts",
         ["-j", "2", "--part-size", "5MiB", f"{home}/large", "s3://refresh/large"], parts)


def await_count(door, name, count, seconds):
    end = time.monotonic() + seconds
    while getattr(door, name) < count and time.monotonic() < end:
        time.sleep(0.02)


def imds_down(service, home):
    """Keys of fifteen seconds; the metadata service is down when they are to be refreshed, and comes back in time."""
    door = Door(service.port)
    process = start_kput(environment(home, service.url, **imds(door)), "down")
    counts, over = [], threading.Event()
    feeder = threading.Thread(target=lambda: counts.append(feed(process, 120, 0.1, over)))
    feeder.start()
    await_count(door, "asked", 1, 60)
    door.down = True
    await_count(door, "refused", 1, 60)
    before, began = cpu_seconds(process.pid), time.monotonic()
    time.sleep(2)
    used, took, refused = cpu_seconds(process.pid) - before, time.monotonic() - began, door.refused
    door.down = False
    await_count(door, "asked", 2, 60)
    over.set()
    feeder.join()
    end_kput("IMDS down", process, counts[0])
    check.say(f"# IMDS down: asked {refused} times in {took:.1f} s, {used:.2f} s of CPU, then {door.asked - 1} refreshes")
    check.ok("IMDS down: it was asked, and not hammered", 1 <= refused <= 5 + 5 * took, refused)
    check.ok("IMDS down: and then refreshed", door.asked >= 2, door.asked)


def main():
    for tool in ("kput", "s3cp"):
        if not os.path.exists(f"{BIN}/{tool}"):
            check.skip("refresh", f"{tool} is not built")
            check.done()
    things = []
    with tempfile.TemporaryDirectory() as top:
        for life, work in ((LIFE, kput_by_imds), (LIFE, kput_by_process), (LIFE, s3cp_folder), (LIFE, s3cp_large),
                           (15, imds_down)):
            service = klocal.Klocal("--bucket", "refresh", "--credentials-lifetime", str(life), "--stream", "imds",
                                    "--stream", "process", "--stream", "down")
            service.admin("faults", {"rules": [{"fault": "delay", "operation": "PutObject", "delay_ms": 40},
                                               {"fault": "delay", "operation": "UploadPart", "delay_ms": 2000}]})
            home = f"{top}/{work.__name__}"
            os.mkdir(home)
            things.append(threading.Thread(target=guarded, args=(work, service, home)))
        for thing in things:
            thing.start()
        for thing in things:
            thing.join()


def guarded(work, service, home):
    with check.case(work.__name__):
        work(service, home)


main()
check.done()
