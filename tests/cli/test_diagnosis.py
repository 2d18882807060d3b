#!/usr/bin/env python3
"""Each cause that the diagnosis tells apart, made for real, and what kpath and the other tools say of it. Prints a table of
causes, verdicts and times; with LONG the AWS CLI's last word and time stand beside, cut off after CLI_LIMIT seconds."""
# limit: 900
import concurrent.futures
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import check  # noqa: E402
import klocal  # noqa: E402
import netplace  # noqa: E402

BIN = os.path.abspath(os.path.join(os.environ.get("BUILD_DIR", "build"), "bin"))
LONG = os.environ.get("LONG")
CLI = os.environ.get("AWS_CLI", "/usr/bin/aws")
CLI_LIMIT = 60
SILENCE = "a name server that keeps silent"
WORKERS = 3


def kinesis(region):
    return f"kinesis.{region}.amazonaws.com"


# One region of the name server for each kind of answer.
ZONE = {
    kinesis("us-east-2"): ["203.0.113.7", "203.0.113.8"],  # public
    "s3.us-east-2.amazonaws.com": "203.0.113.9",
    "bbb.s3.us-east-2.amazonaws.com": "203.0.113.9",
    "sts.amazonaws.com": "203.0.113.10",
    "sts.us-east-2.amazonaws.com": "203.0.113.13",
    "kinesis.cn-north-1.amazonaws.com.cn": "203.0.113.11",
    "s3.amazonaws.com": "203.0.113.12",
    kinesis("us-west-1"): "10.0.1.5",  # an interface endpoint
    kinesis("us-west-2"): "0.0.0.0",  # a sinkhole
    kinesis("eu-west-1"): "127.0.0.1",  # another
    kinesis("eu-west-3"): "10.0.0.10",  # this host itself: refuses
    kinesis("eu-central-1"): None,  # silence
    kinesis("us-east-1"): "10.0.1.5",  # but /etc/hosts has an old public address
}
HOSTS = f"203.0.113.20 {kinesis('us-east-1')}\n"


def environment(region="us-east-2", **changes):
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("AWS_") and not name.lower().endswith("_proxy")}
    env.update(AWS_ACCESS_KEY_ID=klocal.KEY, AWS_SECRET_ACCESS_KEY=klocal.SECRET, AWS_EC2_METADATA_DISABLED="true",
               AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_PAGER="")
    if region:
        env.update(AWS_REGION=region, AWS_DEFAULT_REGION=region)
    env.update({name: value for name, value in changes.items() if value is not None})
    return {name: value for name, value in env.items() if name not in changes or changes[name] is not None}


def in_vpc(region="us-east-2"):
    env = environment(region, AWS_EC2_METADATA_SERVICE_ENDPOINT=netplace.IMDS)
    del env["AWS_EC2_METADATA_DISABLED"]
    return env


def without_keys(imds_port):
    env = environment(AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{imds_port}")
    return {name: value for name, value in env.items()
            if name not in ("AWS_EC2_METADATA_DISABLED", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}


# ---- servers ----

def serve(handle, context=None):
    """A listening socket whose connections handle() gets one after the other, each on a thread; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection):
        try:
            connection.settimeout(30)
            if context:
                connection = context.wrap_socket(connection, server_side=True)
            handle(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def run():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=one, args=[connection], daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


def answering(status):
    def handle(connection):
        connection.recv(65536)
        date = http.server.BaseHTTPRequestHandler.date_time_string(None)
        connection.sendall(f"HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    return handle


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def certificate(folder, name, subject_alt, days="30", start=None):
    """A certificate by the suite's own CA: a context for servers."""
    path = f"{folder}/{name}"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{path}.key",
            "-out", f"{path}.csr", "-subj", f"/CN={name}")
    with open(f"{path}.ext", "w", encoding="ascii") as file:
        file.write(f"subjectAltName={subject_alt}\n")
    sign = ["x509", "-req", "-in", f"{path}.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
            "-CAcreateserial", "-out", f"{path}.pem", "-extfile", f"{path}.ext", "-days", days]
    if start:
        subprocess.run(["faketime", "-f", start, "openssl", *sign], check=True, capture_output=True)
    else:
        openssl(*sign)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{path}.pem", f"{path}.key")
    return context


def make_ca(folder):
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             f"{folder}/ca.key", "-out", f"{folder}/ca.pem", "-subj", "/CN=a CA of the tests", "-days", "3650"]
    if shutil.which("faketime"):  # old enough for certificates of the past
        subprocess.run(["faketime", "-f", "-90d", "openssl", *words], check=True, capture_output=True)
    else:
        openssl(*words)


# ---- cases ----

class Case:
    """What is to be said of one trouble. said: words of verdict, likely and remedy together."""

    def __init__(self, text, cause, code, said, env, words=(), place=None, before=(), cli=("kinesis", "list-streams"),
                 unsaid=()):
        self.text, self.cause, self.code, self.said, self.env = text, cause, code, said, env
        self.words, self.place, self.before, self.cli, self.unsaid = list(words), place, list(before), cli, unsaid
        self.gives_up = cause == "timeout" or text == SILENCE
        self.target, self.seconds, self.cli_said = {}, 0.0, ""

    def start(self, words, timeout):
        words = [*self.before, *words]
        if self.place:
            return self.place.run(words, self.env, timeout)
        return subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=timeout, check=False)

    def look(self):
        began = time.monotonic()
        # What is found out has the time a slow machine needs; what is given up is given up as always.
        time_limits = [] if self.gives_up else ["--connect-timeout", "20", "--timeout", "60"]
        done = self.start([f"{BIN}/kpath", "--json", *time_limits, *self.words], 240)
        self.seconds = time.monotonic() - began
        return done

    def ask_cli(self):
        began = time.monotonic()
        try:
            done = self.start([CLI, *self.cli], CLI_LIMIT)
            lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            said = lines[-1] if lines else "nothing"
        except subprocess.TimeoutExpired:
            said = "(nothing yet)"
        self.cli_said = f"{time.monotonic() - began:5.1f} s  {said[:150]}"

    def judge(self, done):
        try:
            document = json.loads(done.stdout)
            self.target = document["targets"][0]
        except (ValueError, LookupError):
            check.ok(self.text, False, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}")
            return
        said = " | ".join(self.target.get(name, "") for name in ("verdict", "likely", "remedy"))
        wrong = [part for part in self.said if part not in said] + [part for part in self.unsaid if part in said]
        right = self.target["cause"] == self.cause and done.returncode == self.code and not wrong
        check.ok(f"{self.text}: {self.cause}", right,
                 f"expected {self.cause}, exit {self.code}; missing or wrong: {wrong}\n"
                 f"{self.target['cause']}, exit {done.returncode}: {said}\n{done.stderr[-800:]}")


def with_role(folder, **changes):
    """Keys that STS would give; without a region in the profile."""
    path = f"{folder}/role-config"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"[profile base]\naws_access_key_id = {klocal.KEY}\naws_secret_access_key = {klocal.SECRET}\n"
                   "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n")
    return environment(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_CONFIG_FILE=path, AWS_PROFILE="role",
                       **changes)


def network_cases(folder):
    """What only a network of one's own can show."""
    closed = netplace.Place(ZONE, hosts=HOSTS)
    black = netplace.Place(ZONE, hosts=HOSTS, way_out=True)
    only = ["kinesis"]
    return [
        Case("a name that does not exist", "no-name", 4, ["does not exist", "'eu-north-1'"], environment("eu-north-1"),
             only, closed),
        Case(SILENCE, "no-name", 4, ["no name server answers", "resolv.conf"],
             environment("eu-central-1"), only, closed),
        Case("a sinkhole", "sinkhole", 4, ["0.0.0.0", "where no AWS service is", "DNS filter"],
             environment("us-west-2"), only, closed),
        Case("a sinkhole on loopback", "sinkhole", 4, ["127.0.0.1", "DNS filter"], environment("eu-west-1"), only,
             closed),
        Case("no route", "no-route", 4,
             ["no route to", "203.0.113.7 and 1 more", "com.amazonaws.us-east-2.kinesis-streams", "private DNS",
              "--endpoint-url"], environment(), only, closed),
        Case("no route to S3", "no-route", 4, ["gateway endpoint com.amazonaws.us-east-2.s3"], environment(), ["s3"],
             closed, cli=("s3api", "list-buckets")),
        Case("no route to STS's global name", "no-route", 4, ["no VPC endpoint covers this global name"],
             environment(), ["https://sts.amazonaws.com"], closed, cli=None),
        Case("no route to S3's global name", "no-route", 4, ["regional name"], environment(),
             ["https://s3.amazonaws.com"], closed, cli=None),
        Case("no route in China", "no-route", 4, ["cn.com.amazonaws.cn-north-1.kinesis-streams"],
             environment("cn-north-1"), only, closed, cli=None),
        Case("no route, in a VPC that IMDS knows", "no-route", 4, ["its private DNS is off"], in_vpc(), only, closed,
             cli=None, unsaid=["if this is a private subnet"]),
        Case("an endpoint in another network", "no-route", 4, ["10.0.1.5 in this VPC"], in_vpc("us-west-1"), only,
             closed, cli=None),
        Case("refused", "refused", 4, ["10.0.0.10", "refuses connections on port 443"], environment("eu-west-3"), only,
             closed),
        Case("a role, and no route to STS", "no-credentials", 3,
             ["no route to sts.us-east-2.amazonaws.com", "com.amazonaws.us-east-2.sts", "AWS_ENDPOINT_URL_STS"],
             with_role(folder, AWS_ENDPOINT_URL_KINESIS=netplace.IMDS), only, closed, cli=None),
        Case("a black hole", "timeout", 4,
             ["did not answer on port 443 within", "security group or network ACL", "kinesis-streams"], environment(),
             only, black),
        Case("an endpoint whose security group drops", "timeout", 4,
             ["10.0.1.5 in this VPC", "security group of the interface endpoint", "accept TCP 443"],
             in_vpc("us-west-1"), only, black),
        Case("an old public answer", "timeout", 4,
             ["203.0.113.20", "its name server says 10.0.1.5", "old answer in a cache", "/etc/hosts"], environment("us-east-1"),
             only, black),
    ]


def tls_cases(folder):
    host = "localhost"
    trust = ["--ca-bundle", f"{folder}/ca.pem"]
    make_ca(folder)
    os.mkdir(f"{folder}/trusted")
    shutil.copy(f"{folder}/ca.pem", f"{folder}/trusted")
    openssl("rehash", f"{folder}/trusted")
    good = serve(answering("403 Forbidden"), certificate(folder, "good", "DNS:localhost"))
    other = serve(answering("403 Forbidden"), certificate(folder, "other", "DNS:elsewhere.test,DNS:*.more.test"))
    plain = serve(answering("403 Forbidden"))
    env = environment()
    url = f"https://{host}:{good}"
    cases = [
        Case("a certificate nobody trusts", "tls-untrusted", 4, ["is not trusted here", "by a CA of the tests",
                                                                 "--ca-bundle"], env, [url],
             cli=("kinesis", "list-streams", "--endpoint-url", url)),
        Case("a certificate of someone else", "tls-name", 4, ["not for localhost but for elsewhere.test, *.more.test"],
             env, [*trust, f"https://{host}:{other}"],
             cli=("kinesis", "list-streams", "--endpoint-url", f"https://{host}:{other}", *trust)),
        Case("no TLS there", "tls", 4, ["no TLS comes about", "http://"], env, [f"https://{host}:{plain}"],
             cli=("kinesis", "list-streams", "--endpoint-url", f"https://{host}:{plain}")),
        Case("a certificate that is trusted", "none", 0, ["TLS comes about"], env, [*trust, url], cli=None),
        Case("trusted by a folder of certificates", "none", 0, ["TLS comes about"],
             env, ["--ca-bundle", f"{folder}/trusted", url], cli=None),
        Case("an untrusted one with --no-verify-ssl", "none", 0, [], env, ["--no-verify-ssl", url], cli=None),
        Case("no way, and a source of keys that refuses: the way", "no-name", 4, ["nowhere.invalid"], without_keys(plain),
             ["--endpoint-url", "https://nowhere.invalid", "kinesis"], cli=None),
    ]
    if not shutil.which("faketime"):
        check.skip("clocks and expiry", "faketime is not installed")
        return cases
    expired = serve(answering("403 Forbidden"), certificate(folder, "expired", "DNS:localhost", "5", "-60d"))
    cli = ("kinesis", "list-streams", "--endpoint-url", url, *trust)
    faked = environment(ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0:exitcode=99", FAKETIME_DONT_FAKE_MONOTONIC="1",
                        DONT_FAKE_MONOTONIC="1")
    return cases + [
        Case("an expired certificate", "tls-expired", 4, ["no longer valid", "new certificate"], env,
             [*trust, f"https://{host}:{expired}"],
             cli=("kinesis", "list-streams", "--endpoint-url", f"https://{host}:{expired}", *trust)),
        Case("a clock before the certificate's time", "clock", 4, ["not valid yet", "days behind", "set this host's clock"],
             faked, [*trust, url], before=["faketime", "-f", "-20d"], cli=cli),
        Case("a clock after it", "clock", 4, ["no longer valid", "days ahead"], faked, [*trust, url],
             before=["faketime", "-f", "+300d"], cli=cli),
    ]


def refusing_proxy(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


def login_page(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<html>hotel login</html>")


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def proxy_cases():
    gone, refusing = closed_port(), serve(refusing_proxy)
    return [
        Case("a proxy that is not there", "proxy", 4, ["(HTTPS_PROXY)", "refuses connections", "NO_PROXY"],
             environment(HTTPS_PROXY=f"http://me:pl4nted@127.0.0.1:{gone}"), ["kinesis"], unsaid=["pl4nted"]),
        Case("a proxy that lets nothing through", "proxy", 4, ["opens no way", "403", "NO_PROXY"],
             environment(HTTPS_PROXY=f"http://127.0.0.1:{refusing}"), ["kinesis"]),
    ]


DENIED = ("User: arn:aws:iam::123456789012:user/klocal is not authorized to perform: kinesis:DescribeStreamSummary on "
          "resource: arn:aws:kinesis:us-east-1:123456789012:stream/{} because no {} allows the kinesis:"
          "DescribeStreamSummary action")


def denial(stream, policy):
    return {"fault": "error", "operation": "DescribeStreamSummary", "stream": stream, "status": 400,
            "code": "AccessDeniedException", "message": DENIED.format(stream, policy)}


def service_cases():
    """What a service that is reached refuses, by klocal: it verifies keys, signatures, clock and regions itself."""
    service = klocal.Klocal("--stream", "s", "--stream", "denied", "--stream", "policed", "--stream", "late",
                            "--stream", "busy", "--bucket", "bbb", "--bucket", "open")
    slow = klocal.Klocal("--stream", "s")
    service.client("s3").create_bucket(Bucket="abroad", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    slow.admin("clock", {"skew_ms": 3600000})
    service.admin("faults", {"rules": [
        denial("denied", "identity-based policy"), denial("policed", "VPC endpoint policy"),
        {"fault": "expired_token", "operation": "DescribeStreamSummary", "stream": "late"},
        {"fault": "throttle", "operation": "DescribeStreamSummary", "stream": "busy"},
        {"fault": "error", "operation": "ListObjects", "bucket": "bbb", "status": 403, "code": "AccessDenied",
         "message": "Access Denied"}]})
    at = {"AWS_ENDPOINT_URL": service.url}

    def here(**changes):
        return environment(klocal.REGION, **{**at, **changes})

    def stream(name):
        return ["kinesis", "--stream-name", name]

    def describe(name):
        return ("--endpoint-url", service.url, "kinesis", "describe-stream-summary", "--stream-name", name)

    objects = ("--endpoint-url", service.url, "s3api", "list-objects-v2", "--bucket")
    nowhere = f"http://127.0.0.1:{closed_port()}"
    page = f"http://127.0.0.1:{serve(login_page)}"
    return [
        Case("all is well", "none", 0, ["DescribeStreamSummary of s works"], here(), stream("s"), cli=describe("s")),
        Case("no keys", "no-credentials", 3, ["no credentials", "AWS_ACCESS_KEY_ID"],
             here(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None), stream("s"), cli=describe("s")),
        Case("a wrong secret", "wrong-credentials", 3, ["refuses these keys", "check the secret key"],
             here(AWS_SECRET_ACCESS_KEY="pl4nted"), stream("s"), cli=describe("s"), unsaid=["pl4nted"]),
        Case("keys nobody knows", "wrong-credentials", 3, ["refuses these keys", "check the keys"],
             here(AWS_ACCESS_KEY_ID="AKIDOTHER"), stream("s"), cli=describe("s")),
        Case("expired keys", "expired-credentials", 3, ["as expired", "get new keys"], here(), stream("late"),
             cli=describe("late")),
        Case("not permitted", "not-permitted", 3,
             ["allow kinesis:DescribeStreamSummary in the policy of this identity"], here(), stream("denied"),
             cli=describe("denied")),
        Case("not permitted, and S3 does not say what", "not-permitted", 3,
             ["s3:ListBucket is what this call needs; the service did not say", "allow s3:ListBucket"], here(),
             ["s3://bbb"], cli=(*objects, "bbb")),
        Case("an endpoint's policy", "endpoint-policy", 3,
             ["allow kinesis:DescribeStreamSummary in the policy of the VPC endpoint"], here(), stream("policed"),
             cli=describe("policed")),
        Case("no such stream", "not-found", 5, ["check the name of the stream", klocal.REGION], here(),
             stream("nothing"), cli=describe("nothing")),
        Case("no such bucket", "not-found", 5, ["check the name of the bucket"], here(), ["s3://nothing"],
             cli=(*objects, "nothing")),
        Case("a key behind the bucket", "none", 0, ["ListObjectsV2 of open works"], here(), ["s3://open/some/key"], cli=None),
        Case("a login page", "other", 4, ["HTTP 200", "no answer of the service", "hotel"],
             environment(klocal.REGION, AWS_ENDPOINT_URL=page), ["kinesis"], cli=None),
        Case("a login page for S3", "other", 4, ["HTTP 200", "no answer of the service"],
             environment(klocal.REGION, AWS_ENDPOINT_URL=page), ["s3"], cli=None),
        Case("a malformed endpoint of one service", "other", 2, ["127.0.0.1:99", "(from AWS_ENDPOINT_URL_S3)"],
             here(AWS_ENDPOINT_URL_S3="127.0.0.1:99"), ["s3"], cli=None),
        Case("a bucket abroad", "wrong-region", 1, ["abroad is in eu-west-1", "--region eu-west-1"], here(),
             ["s3://abroad"], cli=(*objects, "abroad")),
        Case("a service of another region", "wrong-region", 1, ["--region"], environment("ap-south-1", **at),
             stream("s"), cli=describe("s")),
        Case("no region", "no-region", 2, ["say --region"], environment(None, **at), stream("s"), cli=describe("s")),
        Case("throttled", "throttled", 1, ["try again later"], here(), stream("busy"), cli=None),
        Case("a clock that is corrected", "clock", 0, ["60 min behind", "set this host's clock"],
             environment(klocal.REGION, AWS_ENDPOINT_URL=slow.url), stream("s"), cli=None),
        Case("nothing listens", "refused", 4, ["refuses connections", "start the local service"],
             environment(klocal.REGION, AWS_ENDPOINT_URL=nowhere), stream("s"),
             cli=("--endpoint-url", nowhere, "kinesis", "list-streams")),
    ]


# ---- the other tools ----

def tool_commands(folder):
    return {
        "kput": ["kput", "-d", "x", "s"], "kcat": ["kcat", "-e", "s"], "s3cp": ["s3cp", f"{folder}/ca.pem", "s3://bbb/k"],
        "put-record": ["put-record", "--stream-name", "s", "--partition-key", "k", "--data", "x"],
        "get-records": ["get-records", "--stream-name", "s", "--shard-id", "shardId-000000000000"], "s3-cp": ["s3-cp", f"{folder}/ca.pem", "s3://bbb/k"],
    }


def tools_agree(cases, folder, pool):
    """Every tool that cannot connect says the verdict's words."""
    wanted = {"no route": tool_commands(folder), "a black hole": tool_commands(folder)}
    if not LONG:
        wanted["a black hole"] = {"put-record": wanted["a black hole"]["put-record"]}
    jobs = []
    for case in cases:
        for tool, words in wanted.get(case.text, {}).items():
            kind = "no route to" if case.cause == "no-route" else "did not answer on port 443"
            jobs.append((case, tool, kind, pool.submit(timed, case, [f"{BIN}/{words[0]}", *words[1:]])))
    for case, tool, kind, job in jobs:
        done, seconds = job.result()
        service = "com.amazonaws.us-east-2.s3" if tool.startswith("s3") else "com.amazonaws.us-east-2.kinesis-streams"
        check.ok(f"{case.text}: {tool} says so ({seconds:.1f} s)",
                 done.returncode == 4 and kind in done.stderr and service in done.stderr,
                 f"exit {done.returncode}\n{done.stderr}")


def tools_explain_roles(cases, folder, pool):
    """When a role's keys do not come for want of a way to STS, every tool says so; s3cp does not wait and ask again."""
    case = next((case for case in cases if case.text == "a role, and no route to STS"), None)
    commands = tool_commands(folder) if case else {}
    jobs = [(tool, pool.submit(timed, case, [f"{BIN}/{words[0]}", *words[1:]])) for tool, words in commands.items()]
    for tool, job in jobs:
        done, seconds = job.result()
        check.ok(f"{case.text}: {tool} says so ({seconds:.1f} s)",
                 done.returncode == 3 and "no route to sts" in done.stderr and "us-east-2.sts" in done.stderr,
                 f"exit {done.returncode}\n{done.stderr}")


def timed(case, words):
    began = time.monotonic()
    done = case.start(words, 120)
    return done, time.monotonic() - began


# ---- all together ----

def table(cases):
    check.say(f"# {'':42} {'kpath':>7}  verdict")
    for case in cases:
        check.say(f"# {case.text:42} {case.seconds:5.1f} s  {case.target.get('cause', '?')}: "
                  f"{case.target.get('verdict', '')[:170]}")
        if case.cli_said:
            check.say(f"# {'':34} aws cli {case.cli_said}")


def ask_cli(cases):
    if not LONG:
        return
    if not os.access(CLI, os.X_OK):
        check.skip("the AWS CLI beside", "it is not installed")
        return
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(Case.ask_cli, [case for case in cases if case.cli]))


def main():
    if not os.path.exists(f"{BIN}/kpath"):
        check.skip("diagnosis", "kpath is not built")
        check.done()
    reason = netplace.reason_against()
    with tempfile.TemporaryDirectory() as folder:
        cases = [*service_cases(), *proxy_cases(), *tls_cases(folder)]
        if reason:
            check.skip("what a network shows", reason)
        else:
            cases += network_cases(folder)
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for case, done in zip(cases, pool.map(Case.look, cases)):
                case.judge(done)
            tools_agree(cases, folder, pool)
            tools_explain_roles(cases, folder, pool)
        ask_cli(cases)
        table(cases)


main()
check.done()
