"""The namespaces of a lab, by their names alone: what a crashed lab left is found and removed like what a whole one is.

Every interface, route and rule lives inside them and every process of a lab runs in one: nothing else is left."""
import glob
import os
import shutil
import signal
import subprocess
import time

RUN = "/run/kinesis-lab"
PREFIX = "klab-"
PLACES = ("router", "aws", "endpoint")  # beside the hosts


def name(lab, place):
    return f"{PREFIX}{lab}-{place}"


def folder(lab):
    return os.path.join(RUN, lab)


def make_folder(path):
    """Also while the end of another lab takes an empty parent away."""
    for _ in range(100):
        try:
            return os.makedirs(path, exist_ok=True)
        except FileNotFoundError:
            continue
    raise RuntimeError(f"{path} cannot be made")


def run(*command, text=None, check=True):
    # A lock that may be inherited is kept by the command, also when this program is killed while it runs.
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, close_fds=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}\n{text or ''}")
    return done.stdout


def batch(lab, place, lines):
    """Commands of ip(8), one a line, inside one namespace."""
    run("ip", "-n", name(lab, place), "-batch", "-", text="\n".join(lines) + "\n")


def rules(lab, place, text):
    """One transaction of nft."""
    run("ip", "netns", "exec", name(lab, place), "nft", "-f", "-", text=text)


def existing(lab):
    """A lab's namespaces; the id cannot hold a dash, so that one lab's names are not the beginning of another's."""
    return sorted(os.path.basename(p) for p in glob.glob(f"/run/netns/{PREFIX}{lab}-*"))


def labs():
    found = {os.path.basename(p)[len(PREFIX):].rsplit("-", 1)[0] for p in glob.glob(f"/run/netns/{PREFIX}*-*")}
    found |= {os.path.basename(p)[len(PREFIX):].rsplit("-", 1)[0] for p in glob.glob(f"/etc/netns/{PREFIX}*-*")}
    return sorted(found | {os.path.basename(p) for p in glob.glob(f"{RUN}/*") if os.path.isdir(p)})


def create(lab, place):
    space = name(lab, place)
    run("ip", "netns", "add", space)
    run("ip", "netns", "exec", space, "sh", "-c",
        "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6;"
        "for c in all default; do echo 0 >/proc/sys/net/ipv4/conf/$c/rp_filter; done")
    if place in PLACES:
        run("ip", "netns", "exec", space, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")


def living(lab):
    """All that runs in a lab's namespaces, or was started from its folder and is still on its way into one."""
    found, home = set(), folder(lab)
    for space in existing(lab):
        done = subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True, check=False)
        found |= {int(word) for word in done.stdout.split()}
    for path in glob.glob("/proc/[0-9]*/cwd"):
        try:
            cwd = os.readlink(path)
        except OSError:
            continue
        if cwd == home or cwd == home + " (deleted)":
            found.add(int(path.split("/")[2]))
    return found - {os.getpid()}


def end_processes(lab):
    """First asked, then killed, and waited for."""
    for number, patience in ((signal.SIGTERM, 2), (signal.SIGKILL, 10)):
        until, asked = time.monotonic() + patience, set()
        while time.monotonic() < until:
            alive = living(lab)
            if not alive:
                return
            for pid in alive - asked:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            asked |= alive
            time.sleep(0.02)


def remove(lab):
    end_processes(lab)
    for space in existing(lab):
        subprocess.run(["ip", "netns", "delete", space], capture_output=True, check=False)
    for path in glob.glob(f"/etc/netns/{PREFIX}{lab}-*"):
        shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(folder(lab), ignore_errors=True)
    for parent in (RUN, "/etc/netns"):
        try:
            os.rmdir(parent)
        except OSError:
            pass
