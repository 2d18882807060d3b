"""One run of a program, measured from a small process."""
import json
import os
import subprocess


def spawn(build, words, env):
    """Exit status, what was said on stderr, and what it took."""
    told, tell = os.pipe()
    with os.fdopen(told) as figures:
        done = subprocess.run(["sh", "-c", f'exec "$0" "$@" 3>&{tell}', f"{build}/bin/bench_run", *words], env=env, pass_fds=[tell],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        os.close(tell)
        return done.returncode, done.stderr.strip(), json.loads(figures.read() or "{}")
