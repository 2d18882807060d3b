"""A host in a network namespace of its own, with a name server and an instance metadata service of its own: the
places from which services cannot be reached, made for real. Needs root; all that is made is gone at the end.

    place = Place(zone={"kinesis.us-east-2.amazonaws.com": "203.0.113.7"}, way_out=True)
    place.run(["kpath", ...], env)

A zone's value is a list of addresses or one; None: the name server keeps silent. Other names do not exist. way_out: a
default route into nothing, where packets vanish as behind a security group."""
import atexit
import itertools
import json
import os
import shutil
import subprocess
import sys

IMDS = "http://127.0.0.1:8169"
numbers = itertools.count(1)

SERVER = r'''
import http.server, json, socket, struct, sys, threading
zone, vpc = json.loads(sys.argv[1])

def answer(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    name, kind = ".".join(labels).lower(), struct.unpack_from("!H", query, at + 1)[0]
    if name in zone and zone[name] is None:
        return None
    known = name in zone
    found = zone.get(name, []) if kind == 1 else []
    found = [found] if isinstance(found, str) else found
    head = query[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, len(found), 0, 0)
    records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(a) for a in found)
    return head + query[12:at + 5] + records

def names(s):
    while True:
        query, peer = s.recvfrom(4096)
        reply = answer(query)
        if reply:
            s.sendto(reply, peer)

class Imds(http.server.BaseHTTPRequestHandler):
    macs = "/latest/meta-data/network/interfaces/macs/"
    def send(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def do_PUT(self):
        self.send(200, "token")
    def do_GET(self):
        pages = {self.macs: "0a:00:00:00:00:01/", self.macs + "0a:00:00:00:00:01/vpc-ipv4-cidr-blocks": vpc}
        page = pages.get(self.path)
        self.send(200 if page else 404, page or "")
    def log_message(self, *words):
        pass

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
threading.Thread(target=names, args=[s], daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8169), Imds)
print("ready", flush=True)
server.serve_forever()
'''


def reason_against():
    """Why namespaces cannot be made here; None when they can."""
    if os.geteuid() != 0:
        return "needs root"
    if not shutil.which("ip", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
        return "iproute2 is not installed"
    name = f"kplace-{os.getpid()}-probe"
    # Some places, such as a chroot, let one be made and not be used.
    for words in (["netns", "add", name], ["-n", name, "link", "set", "lo", "up"], ["netns", "exec", name, "true"]):
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            break
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return None if done.returncode == 0 else f"no network namespaces here: {done.stderr.strip()}"


class Place:
    def __init__(self, zone, vpc="10.0.0.0/16", hosts="", way_out=False):
        self.name = f"kplace-{os.getpid()}-{next(numbers)}"
        self.folder = f"/etc/netns/{self.name}"
        self.server = None
        atexit.register(self.remove)
        self.ip("netns", "add", self.name)
        # What leaves by eth0 arrives at the other end of the cable, which has no use for it.
        lines = ["link set lo up", "link add eth0 type veth peer name hole", "addr add 10.0.0.10/24 dev eth0",
                 "link set eth0 up", "link set hole up",
                 "neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent"]
        if way_out:
            lines.append("route add default via 10.0.0.1 dev eth0")
        for line in lines:
            self.ip("-n", self.name, *line.split())
        os.makedirs(self.folder)
        with open(f"{self.folder}/resolv.conf", "w", encoding="ascii") as file:
            file.write("nameserver 127.0.0.1\n")
        with open(f"{self.folder}/hosts", "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost\n" + hosts)
        self.server = subprocess.Popen(self.inside([sys.executable, "-c", SERVER, json.dumps([zone, vpc])]),
                                       stdout=subprocess.PIPE, text=True)
        if self.server.stdout.readline() != "ready\n":
            raise RuntimeError("the name server of a namespace did not start")

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)

    def inside(self, words):
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, words, env, timeout=120):
        return subprocess.run(self.inside(words), env=env, capture_output=True, text=True, timeout=timeout, check=False)

    def remove(self):
        if self.server:
            self.server.kill()
            self.server.wait()
            self.server = None
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
