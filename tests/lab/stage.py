"""What the lab's suites share: a lab with an id of its own that goes away with the suite, and commands run in it."""
import atexit
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HERE, "lab")
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import check  # noqa: E402
import netplace  # noqa: E402


def need_root():
    """A lab needs root, namespaces and a TUN device; where they are missing the whole suite says so."""
    name = os.path.basename(sys.argv[0])
    reason = netplace.reason_against()
    if reason:
        check.skip(name, reason)
    elif subprocess.run(["sh", "-c", "test -c /dev/net/tun && nft --version >/dev/null"], capture_output=True,
                        check=False).returncode:
        check.skip(name, "needs /dev/net/tun and nft")
    else:
        return
    check.done()


class Ran:
    """How a command ended."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def __str__(self):
        return f"exit {self.status} after {self.seconds:.1f} s\n{self.out}{self.err}"


class Lab:
    def __init__(self, word):
        self.id = f"{word}{os.getpid()}"
        atexit.register(self.down)
        # Not even a suite that is told to end leaves its lab behind.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def command(self, *words):
        return [sys.executable, LAB, "--id", self.id, *words]

    def run(self, *words, data=None, limit=300):
        began = time.monotonic()
        done = subprocess.run(self.command(*words), input=data, capture_output=True, text=True, timeout=limit,
                              check=False, stdin=subprocess.DEVNULL if data is None else None)
        return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    def up(self, *words):
        ran = self.run("up", "--owner", str(os.getpid()), *words)
        if ran.status:
            raise RuntimeError(f"lab up {' '.join(words)}: {ran}")
        return ran

    def stage(self, *words):
        ran = self.run("stage", *words)
        if ran.status:
            raise RuntimeError(f"lab stage {' '.join(words)}: {ran}")
        return ran

    def on(self, host, *words, **options):
        return self.run("exec", host, *words, **options)

    def start(self, host, *words, **options):
        return subprocess.Popen(self.command("exec", host, *words), text=True, **options)

    def status(self):
        return json.loads(self.run("status").out)

    def connections(self):
        return self.status()["connections"]

    def down(self):
        return self.run("down")
