"""examples/vpc compiled beside the build, with the packages tests/install put away, and the templates of its stages."""
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..", "examples", "vpc")
TEMPLATES = ("igw", "s3-gateway", "kinesis-interface", "kinesis-interface-public-names")
# No account, no keys, and nothing sent anywhere.
ENVIRONMENT = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CI": "true", "AWS_EC2_METADATA_DISABLED": "true",
               "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


class Missing(Exception):
    """What the stack needs is not on this machine."""


def packages():
    script = '. "$1"; place_ready "$(place_stack)" && place_stack; echo; place_node'
    done = subprocess.run(["bash", "-c", script, "bash", os.path.join(HERE, "..", "lib", "place.sh")],
                          capture_output=True, text=True, check=False)
    folder, _, node = done.stdout.partition("\n")
    if not node.strip():
        raise Missing("no node >= 18")
    if not folder:
        raise Missing("aws-cdk-lib is not installed (tests/install)")
    return folder, node.strip()


def run(folder, *words, limit=280):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return subprocess.run(words, cwd=folder, env={**env, **ENVIRONMENT, "HOME": folder}, capture_output=True, text=True,
                          timeout=limit, check=False)


def sources():
    found = sorted(glob.glob(f"{SOURCE}/*.json") + glob.glob(f"{SOURCE}/app/*.ts") + glob.glob(f"{SOURCE}/test/*.ts"))
    return [os.path.relpath(path, SOURCE) for path in found]


def digest():
    told = hashlib.sha256()
    for name in sources():
        with open(os.path.join(SOURCE, name), "rb") as file:
            told.update(name.encode() + b"\0" + file.read())
    return told.hexdigest()[:12]


def compiled():
    """The folder with build/ and templates/, made once for these sources however many suites ask."""
    modules, node = packages()
    base = os.path.join(os.environ.get("BUILD_DIR", "build"), "vpc")
    os.makedirs(base, exist_ok=True)
    with open(os.path.join(base, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = os.path.join(base, digest())
        if not os.path.exists(os.path.join(folder, "complete")):
            shutil.rmtree(folder, ignore_errors=True)
            make(folder, modules, node)
    return folder, node


def make(folder, modules, node):
    for name in sources():
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        shutil.copy(os.path.join(SOURCE, name), os.path.join(folder, name))
    os.symlink(os.path.join(modules, "node_modules"), os.path.join(folder, "node_modules"))
    for words in ([node, "node_modules/typescript/bin/tsc"], [node, "build/app/templates.js", "templates"]):
        done = run(folder, *words)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    open(os.path.join(folder, "complete"), "w", encoding="utf-8").close()


def templates():
    """The path of each synthesized template by name."""
    folder, _ = compiled()
    return {name: os.path.join(folder, "templates", f"{name}.json") for name in TEMPLATES}
