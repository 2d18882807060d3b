#!/usr/bin/env python3
"""kbench: what it measures is what was there, what it says is what is in the file, and the report opens by itself."""
# limit: 600
# alone
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402
import klocal  # noqa: E402

KBENCH = os.path.join(os.environ.get("BUILD_DIR", "build"), "bin", "kbench")
DELAY = 100  # ms: more than what a busy machine adds to one way and not to the other
PHASES = ["name", "connect", "tls", "first_byte", "total"]
near = klocal.Klocal("--stream", "numbers", "--bucket", "bucket")
far = klocal.Klocal("--stream", "numbers")
folder = tempfile.TemporaryDirectory()


def kbench(*words, **changes):
    return subprocess.run([KBENCH, *words], capture_output=True, text=True, timeout=120, env={**near.environment(), **changes})


def at(name):
    return os.path.join(folder.name, name)


def wrong_usage():
    for text, words in (("no command", []), ("an unknown one", ["paths"]), ("one way only", ["path", "-a", near.url]),
                        ("both a stream and an object", ["path", "-a", near.url, "-b", near.url, "--stream-name", "s", "--object", "s3://b/k"]),
                        ("an object without a key", ["path", "-a", near.url, "-b", near.url, "--object", "s3://bucket"]),
                        ("one file to compare", ["compare", "x"]), ("no stream", ["put"]), ("no place", ["s3"]),
                        ("a place that is none", ["s3", "here"]), ("a rate that is none", ["put", "numbers", "--rate", "fast"])):
        done = kbench(*words)
        check.ok(f"{text} is wrong usage", done.returncode == 2 and done.stderr and not done.stdout, done)
    for words in (["--help"], ["path", "--help"], ["compare", "--help"], ["put", "--help"], ["get", "--help"], ["s3", "--help"], ["--version"]):
        done = kbench(*words)
        check.ok(f"kbench {' '.join(words)}", done.returncode == 0 and done.stdout and not done.stderr, done)


def difference(result, kind, phase):
    return result["phases"][kind][phase]["difference"]


def two_ways():
    """The far one answers DELAY ms later: that is in the answer's first byte, and in no other phase."""
    far.admin("faults", {"rules": [{"fault": "delay", "operation": "PutRecords", "delay_ms": DELAY}]})
    done = kbench("path", "-a", near.url, "-b", far.url, "--name-a", "near", "--name-b", "far", "--stream-name", "numbers",
                  "-n", "50", "--block", "5", "--throughput", "0.4", "--connections", "3",
                  "--json", at("one.json"), "--html", at("one.html"))
    check.ok("two ways are compared", done.returncode == 0 and not done.stderr, done)
    result = json.load(open(at("one.json")))
    for kind in ("fresh", "kept"):
        value, low, high = difference(result, kind, "first_byte")
        check.ok(f"{kind}: the delay is seen", 0.9 * DELAY <= value < DELAY + 200 and low <= value <= high, (value, low, high))
        check.equal(f"{kind}: and said to be one", True, result["phases"][kind]["first_byte"]["differs"])
        for way in result["ways"]:
            readings = way[kind]["readings"]
            check.equal(f"{kind}, {way['label']}: as many readings as asked for", 50, len(readings))
            check.equal(f"{kind}, {way['label']}: none failed", 0, way[kind]["failures"])
            check.ok(f"{kind}, {way['label']}: the phases add up to the total",
                     all(sum(v for v in r[2:6] if v > 0) <= r[6] + 0.01 for r in readings))
    check.equal("kept connections have no handshake", {-1}, {r[3] for way in result["ways"] for r in way["kept"]["readings"]})
    check.ok("fresh ones have", all(r[3] > 0 for way in result["ways"] for r in way["fresh"]["readings"]))
    for way, service in zip(result["ways"], (near, far)):
        check.equal(f"{way['label']}: where the requests went", [f"127.0.0.1:{service.port}"], [t["address"] for t in way["took"]])
        check.equal(f"{way['label']}: the class of the address", ["loopback"], [a["class"] for a in way["path"]["addresses"]])
        check.equal(f"{way['label']}: throughput with one and three connections", [1, 3], [t["connections"] for t in way["throughput"]])
        check.ok(f"{way['label']}: it carried something", all(t["mb_per_s"] > 0 and t["failures"] == 0 for t in way["throughput"]), way["throughput"])
        cpu = [t["cpu_s_per_gb"] * t["mb_per_s"] / 1000 for t in way["throughput"]]  # a second
        check.ok(f"{way['label']}: and took some of a processor", all(0 < c < 2 for c in cpu), way["throughput"])
    check.ok("the same answer is on the page", result["round_trip"]["sentence"] in done.stdout and "PutRecords" in done.stdout, done.stdout)
    turns = [(r[0], w) for w in (0, 1) for r in result["ways"][w]["fresh"]["readings"]]
    order = [w for _, w in sorted(turns)]
    check.equal("the ways took turns of five", [0] * 5 + [1] * 10 + [0] * 10 + [1] * 10 + [0] * 10, order[:45])


def few_requests():
    """Readings taken together say little about how far the next ones will be."""
    for requests, block in (("2", 1), ("40", 4)):
        done = kbench("path", "-a", near.url, "-b", near.url, "-n", requests, "--json", "-")
        result = json.loads(done.stdout)
        check.equal(f"{requests} requests: at least ten blocks, or one each", block, result["block"])
        value, low, high = difference(result, "fresh", "total")
        check.ok(f"{requests} requests: the interval has a width", low < high and low <= value <= high, (value, low, high))


def labels():
    done = subprocess.run([KBENCH, "path", "-a", near.url, "-b", near.url, "-n", "2", "--name-a", b"caf\xe9", "--html", at("odd.html")],
                          capture_output=True, timeout=120, env=near.environment())
    check.ok("a label that is no UTF-8", done.returncode == 0 and not done.stderr and b"caf?" in done.stdout, done)
    check.ok("also in the report", "caf?" in open(at("odd.html")).read())


def failures():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{s.getsockname()[1]}"
    done = kbench("path", "-a", near.url, "-b", nowhere, "-n", "4", "--json", at("half.json"))
    check.equal("a way that leads nowhere: unreachable", 4, done.returncode)
    result = json.load(open(at("half.json")))
    check.equal("its failures are counted", [4, 4], [result["ways"][1][kind]["failures"] for kind in ("fresh", "kept")])
    check.equal("and nothing is claimed", None, result["round_trip"]["difference_ms"])
    far.admin("faults", {"rules": [{"fault": "internal", "operation": "PutRecords", "count": 3}]})
    done = kbench("path", "-a", near.url, "-b", far.url, "-n", "10", "--stream-name", "numbers", "--json", at("some.json"))
    check.equal("some that fail: exit 1", 1, done.returncode)
    failed = [json.load(open(at("some.json")))["ways"][1][kind]["failures"] for kind in ("fresh", "kept")]
    check.ok("they are no readings", 1 <= sum(failed) <= 3, failed)
    done = kbench("path", "-a", near.url, "-b", far.url, "-n", "4", "--json", "/nowhere/x.json")
    check.ok("a result that cannot be kept is said", done.returncode == 1 and "/nowhere/x.json" in done.stderr, done)


def comparing():
    done = kbench("compare", at("one.json"), at("one.json"))
    check.ok("a result compared with itself: nothing", done.returncode == 0 and done.stdout.count("no difference") == 2, done)
    before, after = json.load(open(at("one.json"))), json.load(open(at("one.json")))
    for reading in after["ways"][0]["fresh"]["readings"]:
        reading[3] += 7
    json.dump(after, open(at("two.json"), "w"))
    done = kbench("compare", at("one.json"), at("two.json"))
    check.ok("seven ms more are found, give or take what does not count",
             done.returncode == 0 and "by after takes 7.00 ms longer than by before (95 %: 6.90 to 7.10)" in done.stdout, done)
    done = kbench("compare", "--smallest", "500", at("two.json"), at("one.json"))
    check.ok("and seven less, the other way round", "by before takes 7.00 ms longer than by after (95 %: 6.50 to 7.50)" in done.stdout, done)
    for text, damage in (("no JSON", "{"), ("another file", "{}"), ("a reading of another form", json.dumps({**before, "ways": [{**w, "kept": {"readings": [[1]]}} for w in before["ways"]]}))):
        open(at("bad.json"), "w").write(damage)
        done = kbench("compare", at("one.json"), at("bad.json"))
        check.ok(f"{text}: said, exit 1", done.returncode == 1 and done.stderr.startswith("kbench: "), done)


def page_errors(path):
    """What a browser says of the page, and the page as its script left it."""
    browser = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                               "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}",
                               "--enable-logging=stderr", "--log-level=0", "--dump-dom", path], capture_output=True, text=True, timeout=120)
    return [line for line in done.stderr.splitlines() if ":CONSOLE" in line], done.stdout


class Counting(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        body = open(at("one.html"), "rb").read()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def report():
    text = open(at("one.html")).read()
    check.ok("the report names no other file or host", not any(word in text for word in (" src=", "<link rel=\"stylesheet", "url(", "fetch(", "import(")))
    result = json.loads(text.split('id="result">')[1].split("</script>")[0])
    check.equal("it holds the whole result", json.load(open(at("one.json"))), result)
    label = '</script><script>throw "x"</script>'
    kbench("path", "-a", near.url, "-b", far.url, "--name-a", label, "-n", "4", "--html", at("label.html"))
    check.equal("a label cannot end the data", 2, open(at("label.html")).read().count("</script>"))
    if not shutil.which("chromium"):
        return check.skip("the report in a browser", "chromium is not installed")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said, page = page_errors(f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    check.equal("a browser has nothing to complain of", [], said)
    check.equal("it asks for nothing but the page", ["/"], Counting.asked)
    check.equal("all six plots are drawn", 6, page.count("<svg"))
    check.ok("and the answer is there", result["round_trip"]["sentence"] in page)


def loads():
    done = kbench("put", "numbers", "--endpoint-url", near.url, "--rate", "500", "--seconds", "1", "--size", "100", "--json", "-",
                  "--histogram", at("put.hgrm"))
    said = json.loads(done.stdout)
    check.equal("put: as many records as the rate says", (0, 500, 0, 50000), (done.returncode, said["done"], said["failed"], said["bytes"]))
    check.ok("put: a histogram with all of them", "Total count    =          500" in open(at("put.hgrm")).read())
    check.ok("put: a record takes at least the linger", said["latency_ms"]["max"] >= said["latency_ms"]["p50"] > 0, said)
    stored = sum(s["RecordCount"] for s in near.admin("state?stream=numbers")["Streams"][0]["Shards"])
    done = kbench("get", "numbers", "--endpoint-url", near.url, "--json", "-")
    check.equal("get: all that is there", (0, stored), (done.returncode, json.loads(done.stdout)["done"]))
    done = kbench("s3", "s3://bucket/load/", "--endpoint-url", near.url, "-n", "20", "-j", "4", "--size", "10000", "--json", "-", "--get")
    lines = done.stdout.splitlines()
    said = json.loads(next(line for line in lines if line.startswith("{")))
    check.equal("s3: up, down, and away", (0, 20, 200000, "s3 get"), (done.returncode, said["done"], said["bytes"], said["kbench"]))
    check.ok("s3: three steps are told", sum("done, 0 failed" in line for line in lines) == 2, done.stdout)
    left = near.client("s3").list_objects_v2(Bucket="bucket").get("KeyCount") if klocal_has_boto3() else 0
    check.equal("s3: nothing is left behind", 0, left)
    done = kbench("put", "missing", "--endpoint-url", near.url, "--seconds", "0.2", "--rate", "10")
    check.ok("put: no such stream: exit 5, and said", done.returncode == 5 and "missing" in done.stderr, done)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{s.getsockname()[1]}"
        done = kbench("put", "numbers", "--endpoint-url", nowhere, "--seconds", "60")
        check.ok("put: nobody there: it gives up at once, and says what to do", done.returncode == 4 and "refuses connections" in done.stderr
                 and "kbench: " in done.stderr and "sent 0 times" not in done.stderr and not done.stdout, done)
    keyless = {name: value for name, value in near.environment().items() if "ACCESS_KEY" not in name}
    done = subprocess.run([KBENCH, "put", "numbers", "--endpoint-url", near.url, "--seconds", "60"], capture_output=True, text=True,
                          timeout=50, env=keyless)
    check.ok("put: no keys: the same", done.returncode == 3 and "credentials" in done.stderr and not done.stdout, done)


def klocal_has_boto3():
    try:
        import boto3  # noqa: F401
    except ImportError:
        return False
    return True


for part in (wrong_usage, two_ways, few_requests, labels, failures, comparing, report, loads):
    with check.case(part.__name__):
        part()
for service in (near, far):
    check.equal("klocal ends cleanly", 0, service.stop())
check.done()
