"""What bench/producer and bench/consumer share: the sink, runs of a bench program in turns, medians, tables."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
MIB = 1 << 20


def arguments(text):
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build-release"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="per run")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1024, 10240, 102400])
    parser.add_argument("--no-tls", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--realtime", action="store_true", help="above everything else on this machine (root)")
    parser.add_argument("--quick", action="store_true", help="a little of each, checking counts: a test")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.no_peers = 1, True
    return options


class Sink:
    """klocal --sink on the last core, its clients on the first one; with a certificate of its own."""

    def __init__(self, options):
        self.options = options
        if not shutil.which("openssl"):
            print("SKIP: no openssl to make the sink's certificate with")
            sys.exit(77)
        self.folder = tempfile.mkdtemp(prefix="bench-")
        self.cert = os.path.join(self.folder, "cert.pem")
        cores = sorted(os.sched_getaffinity(0))
        self.client_core, self.core = (cores[0], cores[-1]) if len(cores) > 1 else (-1, -1)
        key, port_file = os.path.join(self.folder, "key.pem"), os.path.join(self.folder, "port")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", self.cert, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        words = [f"{options.build}/bin/klocal", "--sink", "--tls-port", "0", "--cert", self.cert, "--key", key, "--port-file", port_file]
        self.process = subprocess.Popen(self.ahead(self.core) + words, stdout=subprocess.DEVNULL)
        ports = []
        while len(ports) < 2:
            if self.process.poll() is not None:
                sys.exit("bench: klocal did not start")
            time.sleep(0.02)
            ports = open(port_file).read().split() if os.path.exists(port_file) else []
        self.urls = {"plain": f"http://127.0.0.1:{ports[0]}", "tls": f"https://127.0.0.1:{ports[1]}"}

    def ahead(self, core):
        """What is put before a command to hold it to a core."""
        words = ["chrt", "-r", "1"] if self.options.realtime else []
        return words + (["taskset", "-c", str(core)] if core >= 0 and shutil.which("taskset") else [])

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self, scheme, words, env=None):
        """One run of a program that prints one JSON object; with the sink's CPU seconds beside it."""
        before = self.cpu()
        done = subprocess.run(self.ahead(self.client_core) + words, capture_output=True, text=True, env=env, timeout=600)
        if done.returncode or not done.stdout.strip():
            sys.exit(f"bench: {' '.join(words)}: {done.stderr.strip() or done.returncode}")
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        figures["sink_cpu"] = self.cpu() - before
        return figures

    def bench(self, program, scheme, what, size, batch, *more):
        options = ["--records", str(batch * 4)] if self.options.quick else ["--seconds", str(self.options.seconds)]
        trust = ["--ca", self.cert] if scheme == "tls" else []
        return self.run(scheme, [f"{self.options.build}/bin/{program}", what, "--url", self.urls[scheme], *trust, "--size", str(size),
                                 "--batch", str(batch), *options, *map(str, more)])

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class Figures:
    """Runs by their name, and what their medians say."""

    def __init__(self):
        self.runs = {}

    def add(self, name, figures):
        if figures["records"] and figures["wall"] > 0:
            self.runs.setdefault(name, []).append(figures)

    def of(self, name, value):
        return [value(run) for run in self.runs.get(name, [])]

    def median(self, name, value):
        values = self.of(name, value)
        return statistics.median(values) if values else float("nan")


def rate(run):
    return run["records"] / run["wall"]


def mb(run):
    return run["bytes"] / run["wall"] / 1e6


def cpu(run):
    """Seconds per GB of payload."""
    return run["cpu"] / run["bytes"] * 1e9


def peers():
    """The ways to run boto3 and the JavaScript SDK that are there, as name: words."""
    found = {}
    for name, place in (("boto3", "place_python"), ("js", "place_npm")):
        where = subprocess.run(["bash", "-c", f'. "{ROOT}/tests/lib/place.sh"; p=$({place}); place_ready "$p" && printf %s "$p"'],
                               capture_output=True, text=True).stdout
        if not where:
            print(f"absent: {name} (tests/install puts it there)")
        elif name == "boto3":
            found[name] = [f"{where}/bin/python", f"{HERE}/peer_boto3.py"]
        else:
            found[name] = ["env", f"PEERS={where}", shutil.which("node") or "node", f"{HERE}/peer_js.mjs"]
    return found


PEER_ROUNDS = 2  # they are far away: a figure or two is enough


def run_peer(sink, words, scheme, what, size, batch, seconds):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
               AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_CONFIG_FILE="/dev/null", AWS_EC2_METADATA_DISABLED="true",
               AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_CA_BUNDLE=sink.cert, NODE_EXTRA_CA_CERTS=sink.cert)
    return sink.run(scheme, [*words, what, sink.urls[scheme], str(size), str(batch), str(seconds)], env)


def table(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))))
    sys.stdout.flush()
