"""A klocal of its own for a suite: started on a free port, asked through its admin pages, stopped cleanly."""
import atexit
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse

import check

KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"
making = threading.Lock()  # boto3.client itself is not for several threads
PROGRAM = os.environ.get("KLOCAL") or os.path.join(os.environ.get("BUILD_DIR", "build"), "bin", "klocal")


class Klocal:
    def __init__(self, *options, key=KEY, secret=SECRET):
        self.key, self.secret = key, secret
        if not os.access(PROGRAM, os.X_OK):
            check.skip("klocal", f"{PROGRAM} is not built")
            check.done()
        self.process = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, text=True)
        atexit.register(self.stop)
        self.urls = []
        while not self.urls or self.urls[-1].startswith("https:"):
            line = self.process.stdout.readline()
            if not line.startswith("klocal: listening on "):
                raise RuntimeError(f"klocal did not start: {line!r}")
            self.urls.append(line.split()[-1])
        self.url = self.urls[-1]
        self.port = urllib.parse.urlsplit(self.url).port

    def stop(self):
        """SIGTERM; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=120)

    def send(self, method, path, headers=None, body=None, host=None):
        """Status, headers (lower case) and body of the answer to exactly these bytes. A list of headers may repeat."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            items = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
            names = {name.lower() for name, _ in items}
            connection.putrequest(method, path, skip_host="host" in names or host is not None, skip_accept_encoding=True)
            if host is not None:
                connection.putheader("Host", host)
            for name, value in items:
                connection.putheader(name, value)
            if body is not None and not names & {"content-length", "transfer-encoding"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def admin(self, page, data=None):
        method = "GET" if data is None else "POST"
        body = None if data is None else json.dumps(data).encode()
        status, _, answer = self.send(method, f"/_klocal/{page}", {}, body)
        if status != 200:
            raise RuntimeError(f"/_klocal/{page}: {status} {answer!r}")
        return json.loads(answer)

    def client(self, kind, key=None, secret=None, token=None, region=REGION, url=None, **config):
        import boto3
        import botocore.config
        if kind == "s3":
            config.setdefault("signature_version", "s3v4")
        with making:
            return boto3.client(
                kind, endpoint_url=url or self.url, region_name=region, aws_access_key_id=key or self.key,
                aws_secret_access_key=secret or self.secret, aws_session_token=token,
                config=botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=30, read_timeout=120, **config))

    def environment(self):
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env.update(AWS_ACCESS_KEY_ID=self.key, AWS_SECRET_ACCESS_KEY=self.secret, AWS_EC2_METADATA_DISABLED="true",
                   AWS_DEFAULT_REGION=REGION, AWS_REGION=REGION, AWS_PAGER="", AWS_CONFIG_FILE="/dev/null",
                   AWS_SHARED_CREDENTIALS_FILE="/dev/null")
        return env


def error_code(answer):
    """The code in an error answer of any of the services."""
    _, _, body = answer
    found = re.search(rb"<Code>([^<]*)</Code>", body)
    if found:
        return found.group(1).decode()
    try:
        return json.loads(body).get("__type", "")
    except ValueError:
        return body[:80].decode(errors="replace")


def refused(text, status, code, answer):
    """The raw answer is this status with this code."""
    return check.equal(text, (status, code), (answer[0], error_code(answer)))


def both_pythons():
    """Runs this suite a second time with Debian's boto3, when another one is running it now."""
    debian = "/usr/bin/python3"
    if os.environ.get("KLOCAL_SECOND_RUN") or not os.access(debian, os.X_OK):
        return
    import botocore
    probe = subprocess.run([debian, "-c", "import boto3, botocore; print(botocore.__version__)"], capture_output=True,
                           text=True, check=False)
    if probe.returncode or probe.stdout.strip() == botocore.__version__:
        return
    check.say(f"# again with Debian's botocore {probe.stdout.strip()}")
    done = subprocess.run([debian, sys.argv[0]], env={**os.environ, "KLOCAL_SECOND_RUN": "1"}, stdout=subprocess.PIPE,
                          text=True, check=False)
    lines = done.stdout.splitlines() or [""]
    for line in lines[:-1]:
        check.say(line)
    sums = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", lines[-1])
    if not check.ok("the second run came to its end", sums, done.stdout[-500:]):
        return
    check.passed += int(sums.group(1))
    check.failed += int(sums.group(2))
    check.skipped += int(sums.group(3))


def need_boto3():
    try:
        import boto3  # noqa: F401
    except ImportError:
        check.skip(os.path.basename(sys.argv[0]), "boto3 is not installed")
        check.done()
