# The services of one test run: started together in the background, stopped together. Sourced by tests/run.
# FLEET_DIR/NAME/ is the folder of one instance, FLEET_DIR/NAME.env what its script printed, NAME.err why it did not start.

FLEET='kinesis_mock kinesalite moto radosgw'

# Returns at once; fleet_ready waits. PEER_OWNER ends the services also when this run is killed.
fleet_start() {
    local name
    mkdir -p "$FLEET_DIR"
    for name in "$@"; do
        rm -f "$FLEET_DIR/$name".*
        fleet__one "$name" &
    done
}

fleet__one() {
    local script=$TESTS/peers/$1 dir=$FLEET_DIR/$1
    "$script" stop "$dir" </dev/null >/dev/null 2>&1
    PEER_OWNER=$$ timeout -k 30 150 "$script" start "$dir" </dev/null \
        >"$FLEET_DIR/$1.part" 2>"$FLEET_DIR/$1.err" && mv "$FLEET_DIR/$1.part" "$FLEET_DIR/$1.env"
}

# The addresses and keys of all that run, into the environment.
fleet_export() {
    local name
    for name in "$@"; do
        if [ -e "$FLEET_DIR/$name.env" ]; then
            set -a
            . "$FLEET_DIR/$name.env"
            set +a
        else
            printf 'tests/run: %s is not available: %s\n' "$name" "$(head -n 1 "$FLEET_DIR/$name.err" 2>/dev/null)"
        fi
    done
}

fleet_stop() {
    local dir
    for dir in "$FLEET_DIR"/*/; do
        [ ! -e "$dir/pids" ] || "$TESTS/peers/$(basename "$dir")" stop "$dir" </dev/null &
    done
    wait
}
