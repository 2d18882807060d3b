#!/usr/bin/env python3
"""Connections as they go wrong and are set up: certificates and TLS versions, proxies, servers that hang up, names that
move, hosts that never answer. kput and kcat through a forwarder in front of klocal. LONG=1: connections idle for minutes."""
# limit: 600
import base64
import os
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

BIN = os.path.abspath(os.path.join(os.environ.get("BUILD_DIR", "build"), "bin"))
UNREACHABLE = 4


def pump(source, target):
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Forwarder:
    """Accepts connections, perhaps with TLS, and passes them on. Subclasses do something else with them."""

    def __init__(self, port, tls=None, address="127.0.0.1", own_port=0):
        self.target, self.tls, self.accepted = port, tls, 0
        self.listener = socket.create_server((address, own_port))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.guard, args=(connection,), daemon=True).start()

    def guard(self, connection):
        try:
            self.serve(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection)
        except OSError:
            pass
        finally:
            connection.close()

    def serve(self, connection):
        with socket.create_connection(("127.0.0.1", self.target)) as behind:
            self.open += [connection, behind]
            threading.Thread(target=pump, args=(connection, behind), daemon=True).start()
            pump(behind, connection)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(65536)
        if not part:
            raise OSError("the client hung up")
        head += part
    return head


class HangingUp(Forwarder):
    """One request and its answer for each connection, then the end, which it does not announce."""

    def serve(self, connection):
        head = read_head(connection)
        at = head.index(b"\r\n\r\n") + 4
        length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        while len(head) < at + length[0]:
            head += connection.recv(65536)
        with socket.create_connection(("127.0.0.1", self.target)) as behind:
            behind.sendall(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            answer = b""
            while part := behind.recv(65536):
                answer += part
        # The end comes with the answer's last bytes: later, a client may have begun its next request before.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.sendall(answer.replace(b"Connection: close\r\n", b""))
        connection.shutdown(socket.SHUT_WR)


class Proxy(Forwarder):
    """An HTTP proxy for both forms; remembers what it was asked and by whom."""

    def __init__(self, refuse=None):
        super().__init__(0)
        self.refuse, self.lines, self.who = refuse, [], []

    def serve(self, connection):
        head = read_head(connection)
        line = head.split(b"\r\n")[0].decode()
        self.lines.append(line)
        self.who += [item.split(b" ")[-1] for item in head.split(b"\r\n") if item.lower().startswith(b"proxy-auth")]
        method, place, _ = line.split()
        if self.refuse:
            connection.sendall(f"HTTP/1.1 {self.refuse}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            return
        if method == "CONNECT":
            self.target = int(place.rsplit(":", 1)[1])
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            super().serve(connection)
            return
        self.target = int(place.split("/")[2].split(":")[1])
        with socket.create_connection(("127.0.0.1", self.target)) as behind:
            path = "/" + place.split("/", 3)[3]
            behind.sendall(head.replace(place.encode(), path.encode(), 1))
            threading.Thread(target=pump, args=(connection, behind), daemon=True).start()
            pump(behind, connection)


class Place:
    def __init__(self, home):
        self.home = home
        self.service = klocal.Klocal("--stream", "connections", "--stream", "hanging", "--stream", "moving", "--stream", "idle")
        self.make_certificates()

    def make_certificates(self):
        for name in ("ca", "other"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                         "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
        with open(f"{self.home}/names", "w") as file:
            file.write("subjectAltName=DNS:localhost\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
                     "-keyout", "server.key", "-out", "server.csr")
        self.openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                     "-set_serial", "7", "-extfile", "names", "-out", "server.pem")
        os.mkdir(f"{self.home}/folder")
        hashed = self.openssl("x509", "-in", "ca.pem", "-noout", "-subject_hash").strip()
        os.symlink(f"{self.home}/ca.pem", f"{self.home}/folder/{hashed}.0")

    def openssl(self, *words):
        return subprocess.run(["openssl", *words], cwd=self.home, check=True, capture_output=True, text=True).stdout

    def tls(self, newest=None, oldest=ssl.TLSVersion.TLSv1):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.home}/server.pem", f"{self.home}/server.key")
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = oldest
        if newest:
            context.maximum_version = newest
        return context

    def environment(self, **more):
        env = {name: value for name, value in self.service.environment().items() if "proxy" not in name.lower()}
        env.update({"HOME": self.home, **more})
        return env

    def put(self, url, *words, before=(), **more):
        return subprocess.run([*before, f"{BIN}/kput", "-v", "-d", "x", *words, "--endpoint-url", url, "connections"],
                              capture_output=True, text=True, timeout=240, env=self.environment(**more), check=False)


def went(text, done, code=0, *parts):
    return check.ok(text, done.returncode == code and all(part in done.stderr for part in parts),
                    f"expected exit {code} and {parts}\nexit {done.returncode}\n{done.stdout}\n{done.stderr[-2000:]}")


def certificates(place):
    url = f"https://localhost:{Forwarder(place.service.port, place.tls()).port}"
    with open(f"{place.home}/config", "w") as file:
        file.write("[default]\nca_bundle = ~/ca.pem\n")
    went("a certificate of nobody we trust", place.put(url), UNREACHABLE, "certificate")
    went("--ca-bundle", place.put(url, "--ca-bundle", f"{place.home}/ca.pem"))
    went("--ca-bundle, a folder", place.put(url, "--ca-bundle", f"{place.home}/folder"))
    went("AWS_CA_BUNDLE", place.put(url, AWS_CA_BUNDLE=f"{place.home}/ca.pem"))
    went("ca_bundle of the profile", place.put(url, AWS_CONFIG_FILE=f"{place.home}/config"))
    went("the option goes before the environment", place.put(url, "--ca-bundle", f"{place.home}/other.pem",
                                                             AWS_CA_BUNDLE=f"{place.home}/ca.pem"), UNREACHABLE)
    went("another name than the certificate's",
         place.put(url.replace("localhost", "127.0.0.1"), "--ca-bundle", f"{place.home}/ca.pem"), UNREACHABLE)
    done = place.put(url, "--ca-bundle", f"{place.home}/nothing.pem")
    check.ok("a bundle that is not there is named", done.returncode != 0 and "nothing.pem" in done.stderr, done.stderr)


def versions(place):
    newest = ssl.TLSVersion
    for name, version, code in (("1.1", newest.TLSv1_1, UNREACHABLE), ("1.2", newest.TLSv1_2, 0), ("1.3", newest.TLSv1_3, 0)):
        server = Forwarder(place.service.port, place.tls(version))
        done = place.put(f"https://localhost:{server.port}", "--ca-bundle", f"{place.home}/ca.pem")
        went(f"TLS {name}: {'refused' if code else 'taken'}", done, code)
        check.ok(f"TLS {name}: there was a connection", server.accepted > 0, server.accepted)


def proxies(place):
    plain = place.service.url
    secure = f"https://localhost:{Forwarder(place.service.port, place.tls()).port}"
    trust = ("--ca-bundle", f"{place.home}/ca.pem")
    proxy = Proxy()
    address = f"http://127.0.0.1:{proxy.port}"
    went("http_proxy", place.put(plain, http_proxy=address))
    check.ok("it was asked for a URL", proxy.lines and proxy.lines[0].startswith(f"POST {plain}/"), proxy.lines)
    proxy.lines.clear()
    went("HTTPS_PROXY", place.put(secure, *trust, HTTPS_PROXY=address))
    check.ok("it was asked to connect", proxy.lines and proxy.lines[0].startswith("CONNECT localhost:"), proxy.lines)
    proxy.lines.clear()
    went("a proxy that wants a password",
         place.put(secure, *trust, HTTPS_PROXY=address.replace("//", "//me:pass%40word@")))
    check.ok("got it", base64.b64encode(b"me:pass@word") in proxy.who, proxy.who)
    proxy.lines.clear()
    for what in ("localhost", "127.0.0.1,localhost", "*", ".local,localhost"):
        went(f"NO_PROXY={what}", place.put(secure, *trust, HTTPS_PROXY=address, NO_PROXY=what))
    check.equal("nobody asked the proxy then", [], proxy.lines)
    refusing = Proxy("403 Forbidden")
    went("a proxy that refuses", place.put(secure, *trust, HTTPS_PROXY=f"http://127.0.0.1:{refusing.port}"),
         UNREACHABLE, "proxy")
    keys = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": plain,
            "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    went("IMDS is asked without the proxy", place.put(plain, http_proxy=address, **keys))
    check.equal("which sees the service's requests only", {"POST"}, {line.split()[0] for line in proxy.lines})


def hanging_up(place):
    """A server that ends its connections after each answer: every record arrives, and once."""
    server = HangingUp(place.service.port)
    lines = b"".join(b"%d\n" % i for i in range(5000))
    process = subprocess.Popen([f"{BIN}/kput", "--endpoint-url", f"http://127.0.0.1:{server.port}", "hanging"],
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               env=place.environment())
    for i in range(0, len(lines), 3000):
        process.stdin.write(lines[i:i + 3000])
        process.stdin.flush()
        time.sleep(0.05)
    said = process.communicate(timeout=240)[1]
    check.equal("a server that hangs up: kput is content", (0, b""), (process.returncode, said))
    got = subprocess.run([f"{BIN}/kcat", "-e", "-f", "%v\\n", "--endpoint-url", place.service.url, "hanging"],
                         capture_output=True, timeout=240, env=place.environment(), check=False).stdout.split()
    check.equal("a server that hangs up: each record once", sorted(lines.split()), sorted(got))
    check.ok("a server that hangs up: a connection for each request", server.accepted >= 10, server.accepted)


def keep_alive(place):
    """A connection has TCP's keep-alive timer, at a minute."""
    server = Forwarder(place.service.port)
    process = subprocess.Popen([f"{BIN}/kcat", "--endpoint-url", f"http://127.0.0.1:{server.port}", "connections"],
                               stdout=subprocess.DEVNULL, env=place.environment())
    seen, wanted = "", f"0100007F:{server.port:04X}"
    for _ in range(600):
        with open("/proc/net/tcp") as file:
            rows = [line.split() for line in file if wanted in line]
        # The timer "02" is the keep-alive's, when nothing is on its way; its time is in hundredths of a second.
        timers = [row[5] for row in rows if row[2] == wanted and row[3] == "01" and row[5].startswith("02:")]
        if timers:
            seen = timers[0]
            break
        time.sleep(0.05)
    process.terminate()
    process.wait(timeout=120)
    check.ok("keep-alive within 60 s", seen and 0 < int(seen.split(":")[1], 16) <= 6000, seen)


def names_that_move(place):
    """The address behind a name changes while a program runs; the old one is gone."""
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        raise check.Skip("no mount namespaces for this user")
    hosts = f"{place.home}/hosts"
    first = Forwarder(place.service.port, address="127.0.0.2")
    second = Forwarder(place.service.port, address="127.0.0.3", own_port=first.port)
    with open(hosts, "w") as file:
        file.write("127.0.0.2 moving.test\n")
    process = subprocess.Popen(["unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh",
                                f"{BIN}/kcat", "--endpoint-url", f"http://moving.test:{first.port}", "-f", "%v\\n",
                                "moving"], stdout=subprocess.PIPE, env=place.environment())
    read = process.stdout.readline
    put(place, "moving", "before")
    check.equal("the record before", b"before\n", read())
    with open(hosts, "r+") as file:  # the same file: it is mounted there
        file.write("127.0.0.3 moving.test\n")
    first.close()
    put(place, "moving", "after")
    watch = threading.Timer(50, process.kill)  # sooner than names are forgotten by themselves
    watch.start()
    check.equal("the record after the name has moved", b"after\n", read())
    check.ok("it came from the new address", second.accepted > 0, second.accepted)
    watch.cancel()
    process.kill()
    process.wait(timeout=120)


def put(place, stream, text):
    done = subprocess.run([f"{BIN}/kput", "-d", text, "--endpoint-url", place.service.url, stream], check=False,
                          capture_output=True, text=True, timeout=120, env=place.environment())
    if done.returncode:
        raise RuntimeError(done.stderr)


def black_hole(place):
    """A host that never answers is tried for one connect time-out, not three."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fill = []
    for _ in range(3):  # a full queue: the kernel drops what else comes
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
        fill.append(one)
    time.sleep(0.2)
    began = time.monotonic()
    done = place.put(f"http://127.0.0.1:{listener.getsockname()[1]}", "-v")
    took = time.monotonic() - began
    check.say(f"# a host that never answers: the verdict after {took:.1f} s")
    went("a host that never answers", done, UNREACHABLE, "attempt 1")
    check.ok("is tried once", "attempt 2" not in done.stderr, done.stderr)


def idle(place):
    """A connection is used again after a minute, and not after five: balancers and NAT may have forgotten it."""
    server = Forwarder(place.service.port)
    process = subprocess.Popen([f"{BIN}/kput", "-o", "text", "--endpoint-url", f"http://127.0.0.1:{server.port}", "idle"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=place.environment())
    counts = []
    for wait in (0, 0, 60, 310):
        time.sleep(wait)
        process.stdin.write(b"a record\n")
        process.stdin.flush()
        process.stdout.readline()
        counts.append(server.accepted)
    process.stdin.close()
    check.equal("idle: kput is content", 0, process.wait(timeout=120))
    check.say(f"# idle: connections after the first records, 60 s later, 310 s later: {counts[1:]}")
    check.equal("idle: used again after 60 s", counts[1], counts[2])
    check.ok("idle: a new one after 310 s", counts[3] > counts[2], counts)


def main():
    for tool in ("kput", "kcat"):
        if not os.path.exists(f"{BIN}/{tool}"):
            check.skip("connections", f"{tool} is not built")
            check.done()
    with tempfile.TemporaryDirectory() as home:
        place = Place(home)
        for work in (certificates, versions, proxies, hanging_up, keep_alive, names_that_move, black_hole,
                     *([idle] if os.environ.get("LONG") else [])):
            with check.case(work.__name__):
                work(place)


main()
check.done()
