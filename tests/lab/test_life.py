#!/usr/bin/python3
"""A lab leaves nothing behind, however it ends, and does not mind its neighbours."""
# limit: 600
import glob
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stage  # noqa: E402
from stage import check  # noqa: E402

LONG = bool(os.environ.get("LONG"))


def lines(*command):
    return sorted(subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines())


def traces(lab):
    """What of a lab can be seen from outside: namespaces, files, processes; and what no lab may touch at all."""
    processes = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().split(b"\0")
            cwd = os.readlink(os.path.dirname(path) + "/cwd")
        except OSError:
            continue
        if cwd.startswith(f"/run/kinesis-lab/{lab}") or any(f"klab-{lab}-".encode() in w for w in words):
            processes.append(b" ".join(words).decode(errors="replace"))
    return {
        "namespaces": [n for n in lines("ip", "netns", "list") if n.startswith(f"klab-{lab}-")],
        "files": glob.glob(f"/run/kinesis-lab/{lab}*") + glob.glob(f"/etc/netns/klab-{lab}-*"),
        "processes": processes,
        "interfaces": [n for n in lines("ip", "-br", "link") if n.split()[0].split("@")[0] in
                       ("cable", "wire", "backbone", "endpoint", "h-public", "h-private", "sub0", "sub1")],
        "rules": [n for n in lines("nft", "list", "tables") if n == "table ip lab"],
    }


NOTHING = {"namespaces": [], "files": [], "processes": [], "interfaces": [], "rules": []}


def nothing_left(text, lab):
    check.equal(text, NOTHING, traces(lab))


def until_running(process, word):
    """The lab's command becomes the one it was told to run."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            if file.read().split(b"\0")[0] == word:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{word} does not run")


def whole_life():
    lab = stage.Lab("life")
    lab.up("igw")
    check.ok("a lab is there", len(traces(lab.id)["namespaces"]) == 5 and len(traces(lab.id)["processes"]) >= 7,
             traces(lab.id))
    outside = traces(lab.id)
    check.equal("it touches no interface and no rule outside", ([], []), (outside["interfaces"], outside["rules"]))
    sleeper = lab.start("private", "sleep", "300")
    until_running(sleeper, b"sleep")
    lab.down()
    nothing_left("down leaves nothing", lab.id)
    check.ok("not even a command that still ran", sleeper.wait(timeout=120) != 0)
    check.equal("down is content with nothing to do", 0, lab.down().status)


def side_by_side():
    one, two = stage.Lab("one"), stage.Lab("two")
    one.up("igw")
    two.up("kinesis-interface")
    for lab in (one, two):
        ran = lab.on("public", "kput", "-q", "numbers", "-d", lab.id)
        check.ok(f"{lab.id[:3]}: a record from its public host", ran.status == 0, ran)
    one.down()
    nothing_left("one is gone", one.id)
    ran = two.on("private", "kcat", "-e", "--raw", "numbers")
    check.equal("the other lives and has its own records", (0, two.id), (ran.status, ran.out.strip()))
    two.down()
    nothing_left("both are gone", two.id)


def killed_while_rising(after):
    lab = stage.Lab("torn")
    process = subprocess.Popen(lab.command("up", "kinesis-interface"), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    lab.down()
    nothing_left(f"killed after {after:.2f} s of up, then down", lab.id)


def killed_while_changing(dice, times):
    """Whatever a killed change left half done, the next one makes whole."""
    lab = stage.Lab("half")
    lab.up("igw")
    for i in range(times):
        words = dice.choice((("kinesis-interface",), ("kinesis-interface", "--endpoint-address", "10.0.1.60"), ("igw",)))
        process = subprocess.Popen(lab.command("stage", *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=dice.uniform(0.05, 0.4))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    lab.stage("kinesis-interface")
    ran = lab.on("private", "kput", "-q", "numbers", "-d", "whole again")
    check.ok(f"{times} changes killed, the next one makes the network whole", ran.status == 0, ran)
    lab.down()
    nothing_left("and down leaves nothing", lab.id)


def killed_services():
    lab = stage.Lab("shot")
    lab.up("igw")
    for pid in set(stage_pids(lab)):
        os.kill(pid, signal.SIGKILL)
    lab.up("s3-gateway")
    ran = lab.on("public", "kput", "-q", "numbers", "-d", "again")
    check.ok("up after all processes were killed builds a whole one", ran.status == 0, ran)
    lab.down()
    nothing_left("and down leaves nothing", lab.id)


def stage_pids(lab):
    for place in ("router", "aws", "endpoint", "public", "private"):
        for line in lines("ip", "netns", "pids", f"klab-{lab.id}-{place}"):
            yield int(line)


def orphan():
    """The owner dies without a word; the next lab up of anyone removes what it left."""
    owner = subprocess.Popen(["sleep", "300"])
    lost, next_one = stage.Lab("lost"), stage.Lab("next")
    lost.run("up", "--owner", str(owner.pid), "igw")
    check.ok("a lab with an owner is there", traces(lost.id)["namespaces"])
    owner.kill()
    owner.wait()
    next_one.up("igw")
    nothing_left("the next up removed the lab of the dead owner", lost.id)
    next_one.down()
    nothing_left("and went itself", next_one.id)


def main():
    stage.need_root()
    began = time.monotonic()
    whole_life()
    side_by_side()
    seed = int(time.time())
    check.say(f"# seed {seed}")
    dice = random.Random(seed)
    for _ in range(30 if LONG else 3):
        killed_while_rising(dice.uniform(0.05, 2))
    killed_while_changing(dice, 30 if LONG else 3)
    killed_services()
    orphan()
    check.say(f"# {time.monotonic() - began:.1f} s")
    check.done()


main()
