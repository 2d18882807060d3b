# Where tests/install puts the npm and PyPI parts, and where the others look for them: a folder per content of the
# lock file, so that changed pins are a new folder and worktrees share one. Sourced; needs bash.

PLACE_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

place__cache() {
    local base=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
    printf '%s/kinesis-toolkit' "${base:-$PLACE_TESTS/../build/cache}"
}

place__for() {
    local sum
    sum=$(sha256sum <"$2")
    printf '%s/%s-%.12s' "$(place__cache)" "$1" "$sum"
}

place_npm() { place__for npm "$PLACE_TESTS/peers/package-lock.json"; }
place_stack() { place__for vpc "$PLACE_TESTS/../examples/vpc/package-lock.json"; }
place_python() { place__for python "$PLACE_TESTS/peers/requirements.txt"; }

# A part is there when its installation ran to the end.
place_ready() { [ -e "$1/.complete" ]; }

# The first node on PATH that is new enough, or nothing.
place_node() {
    local node
    for node in $(type -ap node nodejs); do
        if "$node" -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null; then
            printf '%s' "$node"
            return 0
        fi
    done
    return 1
}

# Debian's Python, also where another one stands first on PATH.
place_python3() {
    if [ -x /usr/bin/python3 ]; then printf /usr/bin/python3; else type -P python3; fi
}
