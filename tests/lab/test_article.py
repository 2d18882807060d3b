#!/usr/bin/python3
"""The article, statement by statement, in the lab built from the synthesized templates of examples/vpc.

Who reaches what in each stage, what the tools say where nothing is reached, and which way the traffic takes."""
# limit: 1000
import concurrent.futures
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stack  # noqa: E402
import stage  # noqa: E402
from stage import check  # noqa: E402

REGION = "us-east-2"
KINESIS, S3 = f"kinesis.{REGION}.amazonaws.com", f"article-bucket.s3.{REGION}.amazonaws.com"
ENDPOINT, KINESIS_PUBLIC, S3_PUBLIC = "10.0.1.50", "198.51.100.10", "203.0.113.20"
BUCKET = "s3://article-bucket"
SECONDS = 60  # what "within seconds" may be on a loaded machine; the figures are printed
ADD_KINESIS = f"interface endpoint com.amazonaws.{REGION}.kinesis-streams with private DNS"
ADD_S3 = f"gateway endpoint com.amazonaws.{REGION}.s3"


class Story:
    def __init__(self, lab, folder):
        self.lab, self.folder = lab, folder
        self.pool = concurrent.futures.ThreadPoolExecutor(6)
        try:
            self.templates = stack.templates()
        except stack.Missing as reason:
            check.skip("the networks of the templates (the lab's own stages instead)", str(reason))
            self.templates = None

    def network(self, name):
        """The words that name a network: a template, or the same one as the lab knows it."""
        if self.templates:
            return ["--template", self.templates[name]]
        public = ["--private-dns", "off"] if name.endswith("-public-names") else []
        return [name.replace("-public-names", ""), *public]

    def go(self, name, *words):
        check.say(f"# {' '.join((name, *words))}")
        self.lab.stage(*self.network(name), *words)

    def put(self, host, text, *words):
        return self.lab.on(host, "kput", "-k", "adam", "-d", text, *words, "numbers")

    def path(self, host, *words):
        ran = self.lab.on(host, "kpath", "--json", "--stream-name", "numbers", "--bucket", "article-bucket", *words)
        try:
            return ran, json.loads(ran.out)
        except ValueError:
            raise RuntimeError(f"kpath: {ran}") from None

    def address(self, host, name):
        ran = self.lab.on(host, "getent", "ahostsv4", name)
        return ran.out.split()[0] if ran.out else str(ran)

    def together(self, *calls):
        return [future.result() for future in [self.pool.submit(*call) for call in calls]]


def works(text, ran):
    return check.ok(text, ran.status == 0, ran)


def dead(text, ran, *words):
    """Unreachable by the exit code, in seconds, with these words of cause and remedy."""
    good = ran.status == 4 and ran.seconds < SECONDS and all(w in ran.err for w in words)
    check.ok(f"{text} ({ran.seconds:.1f} s)", good, f"wanted: exit 4, {words}\n{ran}")


def dead_target(text, report, service, cause, remedy):
    target = next(t for t in report["targets"] if t["service"] == service)
    check.ok(f"{text}: kpath says {cause}, and to do what",
             (target["cause"], target["works"]) == (cause, False) and remedy in target["remedy"],
             f"wanted: {cause}, {remedy}\n{json.dumps(target, indent=1)}")


def only_igw(s):
    put, copy, (_, report), private_put, private_copy, private_read, (ran, private_report), kinesis, s3 = s.together(
        (s.put, "public", "I am the first message"),
        (s.lab.on, "public", "s3cp", f"{s.folder}/file1.txt", f"{BUCKET}/file1.txt"),
        (s.path, "public"),
        (s.put, "private", "Can you hear me?"),
        (s.lab.on, "private", "s3cp", f"{s.folder}/file2.txt", f"{BUCKET}/file2.txt"),
        (s.lab.on, "private", "kcat", "-e", "numbers"),
        (s.path, "private"),
        (s.address, "private", KINESIS), (s.address, "private", S3))
    works("the public host puts a record", put)
    works("the public host copies a file", copy)
    check.equal("kpath on the public host: both work", [("kinesis", True), ("s3", True)],
                [(t["service"], t["works"]) for t in report["targets"]])
    check.equal("its keys are the role's", "IMDS role article-role", report["identity"].get("source"))
    check.ok("and STS knows them", "article-role" in report["identity"].get("arn", ""), report["identity"])
    check.equal("both names are public addresses", (KINESIS_PUBLIC, S3_PUBLIC), (kinesis, s3))
    dead("Kinesis is dead on the private host: kput", private_put, "did not answer", ADD_KINESIS)
    dead("and kcat", private_read, "did not answer", ADD_KINESIS)
    dead("S3 is dead on the private host: s3cp", private_copy, "did not answer", ADD_S3)
    check.ok(f"kpath ends with 4 ({ran.seconds:.1f} s)", ran.status == 4 and ran.seconds < SECONDS, ran)
    dead_target("Kinesis", private_report, "kinesis", "timeout", ADD_KINESIS)
    dead_target("S3", private_report, "s3", "timeout", ADD_S3)
    check.equal("no connection at an endpoint", 0, sum(s.lab.connections().values()))


def no_keys_in_files(s):
    settings = s.lab.on("private", "sh", "-c",
                        "env | grep ^AWS_ | sort; cat $AWS_CONFIG_FILE $AWS_SHARED_CREDENTIALS_FILE")
    check.ok("no keys in the environment and none in files", "KEY" not in settings.out and
             "AWS_CONFIG_FILE=/dev/null" in settings.out, settings)
    metadata = "http://169.254.169.254/latest"
    first = s.lab.on("private", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{metadata}/meta-data/")
    check.equal("the metadata service answers nothing without a token (version 2 only)", "401", first.out)
    script = (f"t=$(curl -s -X PUT -H 'x-aws-ec2-metadata-token-ttl-seconds: 60' {metadata}/api/token);"
              f"m={metadata}/meta-data/network/interfaces/macs/;"
              "get() { curl -s -H \"x-aws-ec2-metadata-token: $t\" $1; };"
              "mac=$(get $m); get $m${mac}vpc-ipv4-cidr-blocks; echo; get $m${mac}subnet-ipv4-cidr-block")
    told = s.lab.on("public", "sh", "-c", script)
    check.equal("it knows the networks of the VPC and the subnet", ["10.0.0.0/20", "10.0.0.0/24"], told.out.split())


def missing_route(s):
    s.go("igw", "--outside", "missing")
    put, copy, (_, report) = s.together(
        (s.put, "private", "Can you hear me?"),
        (s.lab.on, "private", "s3cp", f"{s.folder}/file2.txt", f"{BUCKET}/file2.txt"), (s.path, "private"))
    dead("no route at all: kput", put, "no route", ADD_KINESIS)
    dead("no route at all: s3cp", copy, "no route", ADD_S3)
    dead_target("Kinesis", report, "kinesis", "no-route", ADD_KINESIS)
    s.go("s3-gateway", "--outside", "missing")
    works("only S3's prefix has a route: the copy works",
          s.lab.on("private", "s3cp", f"{s.folder}/file2.txt", f"{BUCKET}/early.txt"))


def s3_gateway(s):
    s.go("s3-gateway", "--outside", "silent")
    copy, put, (_, report), s3, public = s.together(
        (s.lab.on, "private", "s3cp", f"{s.folder}/file2.txt", f"{BUCKET}/file2.txt"),
        (s.put, "private", "Can you hear me now?"), (s.path, "private"), (s.address, "private", S3),
        (s.lab.on, "public", "s3cp", f"{BUCKET}/file1.txt", "-"))
    works("after s3-gateway the private host copies file2.txt", copy)
    check.equal("under the same name and address", S3_PUBLIC, s3)
    by_way(s)
    check.equal("file1.txt is still there for the public host", "This is file1\n", public.out)
    back = s.lab.on("private", "s3cp", f"{BUCKET}/file2.txt", "-")
    check.equal("file2.txt comes back", "This is file2\n", back.out)
    dead("Kinesis stays dead: kput", put, "did not answer", ADD_KINESIS)
    dead_target("Kinesis", report, "kinesis", "timeout", ADD_KINESIS)
    check.ok("kpath: S3 works", next(t for t in report["targets"] if t["service"] == "s3")["works"], report)


def by_way(s):
    """What the names do not tell: which way the bytes go."""
    size = 100_000
    with open(f"{s.folder}/some", "wb") as file:
        file.write(os.urandom(size))
    sent = [s.lab.status()["sent"]]
    for host in ("private", "public"):
        works(f"the {host} host copies {size} bytes", s.lab.on(host, "s3cp", f"{s.folder}/some", f"{BUCKET}/some"))
        sent.append(s.lab.status()["sent"])
    taken = [{way: after[way] - before[way] for way in after} for before, after in zip(sent, sent[1:])]
    check.ok("the private host's by AWS's own network", taken[0]["backbone"] > size > taken[0]["internet"], taken)
    check.ok("the public host's over the internet gateway", taken[1]["internet"] > size > taken[1]["backbone"], taken)


def kinesis_interface(s):
    s.go("kinesis-interface")
    private_address, public_address, before = s.together(
        (s.address, "private", KINESIS), (s.address, "public", KINESIS), (s.lab.connections,))
    check.equal("private DNS: the name is the endpoint's address in the whole VPC", (ENDPOINT, ENDPOINT),
                (private_address, public_address))
    check.equal("no connection there yet", (0, 0), (before["public"], before["private"]))
    works("after kinesis-interface the private host puts a record", s.put("private", "I am the second message"))
    middle = s.lab.connections()
    check.ok("through the endpoint", middle["private"] > 0 and middle["public"] == 0, middle)
    works("the public host puts a record", s.put("public", "I am the third message"))
    after = s.lab.connections()
    check.ok("through the endpoint too, because of private DNS", after["public"] > 0, after)
    _, report = s.path("public")
    target = next(t for t in report["targets"] if t["service"] == "kinesis")
    check.equal("kpath on the public host: inside the VPC", [(ENDPOINT, True, True)],
                [(a["address"], a["in_vpc"], a["connected"]) for a in target["addresses"]])
    ran = s.lab.on("private", "kcat", "-e", "-f", "%v\\n", "numbers")
    check.equal("the private host reads all three",
                ["I am the first message", "I am the second message", "I am the third message"], ran.out.splitlines())
    works("S3 as before", s.lab.on("public", "s3cp", f"{BUCKET}/file2.txt", "-"))


def public_names(s):
    """The endpoint is there, its private DNS is off."""
    s.go("kinesis-interface-public-names")
    before = s.lab.connections()
    vpce = s.lab.status()["vpce"]
    put, by_name, from_public, (_, report), address = s.together(
        (s.put, "private", "Can you hear me?"),
        (s.put, "private", "by its own name", "--endpoint-url", f"https://{vpce}"),
        (s.put, "public", "over the internet"), (s.path, "private", "kinesis"), (s.address, "private", KINESIS))
    check.equal("private DNS off: the name is the public address", KINESIS_PUBLIC, address)
    dead("the private host is out again", put, "private DNS is off", "--endpoint-url")
    dead_target("Kinesis", report, "kinesis", "timeout", "--endpoint-url")
    works(f"with --endpoint-url https://{vpce} its put works", by_name)
    works("the public host puts over the internet", from_public)
    after = s.lab.connections()
    check.equal("and not through the endpoint", before["public"], after["public"])
    check.ok("where the private host was", after["private"] > before["private"], (before, after))


def stale_answer(s):
    s.go("kinesis-interface", "--stale", "private")
    put, (_, report), fresh = s.together(
        (s.put, "private", "to an old address"), (s.path, "private", "kinesis"), (s.put, "public", "to the new one"))
    dead("a stale public answer: the private host is out", put, KINESIS_PUBLIC)
    target = report["targets"][0]
    check.ok("kpath has asked the resolver too", target.get("name_server_says", "").split() == [ENDPOINT], target)
    check.ok("and says where to look", "/etc/hosts" in target["remedy"] and "cache" in target["remedy"], target)
    works("a host without it is not disturbed", fresh)


def closed_group(s):
    s.go("kinesis-interface", "--security-group", "closed")
    put, (_, report) = s.together((s.put, "private", "knock knock"), (s.path, "private", "kinesis"))
    dead("a security group that drops 443: kput", put, "security group", ENDPOINT)
    dead_target("Kinesis", report, "kinesis", "timeout", "security group")
    check.ok("the endpoint refused packets", s.lab.connections()["refused"] > 0)


def denying_policy(s):
    s.go("kinesis-interface", "--endpoint-policy", "deny")
    ran, (path, report) = s.together((s.put, "private", "may I?"), (s.path, "private", "kinesis"))
    check.ok("an endpoint policy that denies: exit 3, and whose policy it is",
             ran.status == 3 and "policy of the VPC endpoint" in ran.err, ran)
    check.equal("kpath says so", (3, "endpoint-policy"), (path.status, report["targets"][0]["cause"]))


def endpoint_removed(s):
    """Nothing is lost while kput runs: each line has a result, and those that were not written can be tried again."""
    s.go("kinesis-interface")
    total, failed = 400, f"{s.folder}/failed"
    words = ["--failed", failed]
    process = s.lab.start("private", "kput", "-o", "json", "--stats", "--deadline", "4", *words, "numbers",
                          stdin=stage.subprocess.PIPE, stdout=stage.subprocess.PIPE, stderr=stage.subprocess.PIPE)
    written = []

    def read():
        for line in process.stdout:
            written.extend([line] if "SequenceNumber" in line else [])

    reader = s.pool.submit(read)
    errors = s.pool.submit(process.stderr.read)
    for i in range(total):
        process.stdin.write(f"line {i:04} of the long one\n")
        process.stdin.flush()
        if i == total // 2:
            until = time.monotonic() + 120  # the first may need its keys from IMDS, and a slow machine
            while not written and process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            s.go("s3-gateway")
        time.sleep(0.002)
    process.stdin.close()
    status = process.wait(timeout=120)
    said = errors.result()
    reader.result()
    acknowledged = len(written)
    detail = f"exit {status}, {acknowledged} acknowledged\n{said[-1500:]}"
    check.ok("the endpoint is removed while kput runs: it ends and says so", status in (1, 4), detail)
    check.ok("some were acknowledged, some not", 0 < acknowledged < total, detail)
    stats = next((json.loads(line) for line in said.splitlines() if line.startswith("{")), None)
    check.ok(f"its last words account for all lines: {stats}",
             stats and stats["written"] == acknowledged and fates(stats) == total, detail)
    s.go("kinesis-interface")
    with open(failed, encoding="utf-8") as file:
        left = sum(1 for _ in file) - 1  # its first line says what it is
    check.equal("acknowledged and kept in --failed are all", total, acknowledged + left)
    works("what was kept can be put again", s.lab.on("private", "kput", "-q", "numbers", failed))
    found = s.lab.on("private", "kcat", "-e", "-f", "%v\\n", "numbers").out.splitlines()
    found = {line for line in found if line.endswith("of the long one")}
    check.equal("then every line is in the stream", {f"line {i:04} of the long one" for i in range(total)}, found)


def fates(stats):
    return stats["written"] + stats["not_written"] + stats["maybe_written"]


def far_away(s):
    """A longer internet path is longer, and the endpoint does not notice."""
    s.go("kinesis-interface-public-names", "--delay", "40", "--rate", "8")
    with open(f"{s.folder}/large", "wb") as file:
        file.write(os.urandom(1 << 20))
    (_, report), copy = s.together(
        (s.path, "public", "kinesis"), (s.lab.on, "public", "s3cp", f"{s.folder}/large", f"{BUCKET}/large"))
    took = report["targets"][0]["addresses"][0]["connect_ms"]
    check.ok(f"a connection over 40 ms of internet takes at least so long ({took:.1f} ms)", took >= 40, report)
    check.ok(f"1 MiB at 8 Mbit/s takes at least a second ({copy.seconds:.1f} s)",
             copy.status == 0 and copy.seconds >= 1, copy)


def main():
    stage.need_root()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for i in (1, 2):
            with open(f"{folder}/file{i}.txt", "w", encoding="utf-8") as file:
                file.write(f"This is file{i}\n")
        story = Story(stage.Lab("article"), folder)
        check.say(f"# the network is there after {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        story.lab.up(*story.network("igw"))
        for chapter in (only_igw, no_keys_in_files, missing_route, s3_gateway, kinesis_interface, public_names,
                        stale_answer, closed_group, denying_policy, endpoint_removed, far_away):
            with check.case(chapter.__name__):
                chapter(story)
        story.lab.down()
    check.say(f"# {time.monotonic() - began:.1f} s in the lab")
    check.done()


main()
