#!/usr/bin/python3
"""What examples/vpc/ship packs runs where nothing of ours or of Debian's is: in a folder with a foreign shell and
nothing else as the root, on the lab's private host, with the certificates where Amazon Linux keeps them."""
# limit: 600
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stage  # noqa: E402
from stage import check  # noqa: E402

SHIP = os.path.join(stage.HERE, "..", "..", "examples", "vpc", "ship")
TOOLS = ("kput", "kcat", "s3cp", "kpath", "kbench", "put-record", "get-records", "s3-cp")
# /proc is for the sanitizers; leaks cannot be looked for without a tracer.
INSIDE = ('mount --bind /proc "$1/proc"; root=$1; shift; unset AWS_CA_BUNDLE; chroot=$(command -v chroot);'
          'export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" PATH=/opt/kinesis-toolkit/bin:/bin; exec "$chroot" "$root" "$@"')


def new_root(folder, busybox):
    """A root folder with a static shell, two settings, and the pack."""
    root = f"{folder}/root"
    for part in ("bin", "etc/pki/tls/certs", "opt", "proc", "tmp"):
        os.makedirs(f"{root}/{part}")
    shutil.copy(busybox, f"{root}/bin/busybox")
    for name in ("sh", "readlink", "dirname"):
        os.symlink("busybox", f"{root}/bin/{name}")
    for name, text in (("resolv.conf", "nameserver 10.0.0.2\n"), ("nsswitch.conf", "hosts: files dns\n")):
        with open(f"{root}/etc/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    return root


def main():
    stage.need_root()
    busybox = shutil.which("busybox")
    # ldd fails on what is linked statically.
    if not busybox or subprocess.run(["ldd", busybox], capture_output=True, check=False).returncode == 0:
        check.skip("the pack", "busybox-static is not installed")
        check.done()
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run([SHIP, "pack", os.environ["BUILD_DIR"]], env={**os.environ, "SHIP_OUT": folder},
                                capture_output=True, text=True, check=False)
        check.ok("ship packs the tools", packed.returncode == 0, packed.stdout + packed.stderr)
        root = new_root(folder, busybox)
        subprocess.run(["tar", "-C", f"{root}/opt", "-xzf", packed.stdout.split(" (")[0]], check=True)
        lab = stage.Lab("ship")
        lab.up("kinesis-interface")
        shutil.copy(f"/run/kinesis-lab/{lab.id}/ca.pem", f"{root}/etc/pki/tls/certs/ca-bundle.crt")

        def inside(*words):
            return lab.on("private", "sh", "-c", INSIDE, "sh", root, *words)

        for tool in TOOLS:
            ran = inside(tool, "--version")
            check.ok(f"{tool} starts", ran.status == 0 and tool in ran.out, ran)
        ran = inside("kput", "-q", "-d", "from a strange land", "numbers")
        check.ok("kput puts a record: names, TLS, the role's keys", ran.status == 0, ran)
        ran = inside("kcat", "-e", "-f", "%v\\n", "numbers")
        check.equal("kcat reads it", "from a strange land\n", ran.out)
        with open(f"{root}/tmp/file2.txt", "w", encoding="utf-8") as file:
            file.write("This is file2\n")
        ran = inside("s3cp", "/tmp/file2.txt", "s3://article-bucket/file2.txt")
        check.ok("s3cp copies a file", ran.status == 0, ran)
        lab.down()
    check.done()


main()
