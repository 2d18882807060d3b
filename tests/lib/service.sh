# The skeleton of the scripts in tests/peers that start and stop one service each. Sourced by them; needs bash.
#
# A script sets service_NAME, defines service_launch (spawn the daemons, wait until they answer, print assignments with
# service_say) and ends with: service_main "$@". DIR holds everything of one instance: log/ stays until the next start, the
# rest goes at stop.
# With PEER_OWNER=PID in the environment the instance also stops when that process is gone, however it died.

. "$(dirname "${BASH_SOURCE[0]}")/place.sh"

service_main() {
    if [ $# -ne 2 ] || { [ "$1" != start ] && [ "$1" != stop ]; }; then
        printf 'usage: %s start|stop DIR\n' "$0" >&2
        exit 2
    fi
    mkdir -p "$2" || exit 1
    SERVICE_DIR=$(cd "$2" && pwd)
    SERVICE_SCRIPT=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
    case $1 in
    start) service__start ;;
    stop) service__stop ;;
    esac
}

service__start() {
    if [ -e "$SERVICE_DIR/pids" ]; then
        printf '%s: an instance was started in %s: stop it first\n' "$service_NAME" "$SERVICE_DIR" >&2
        exit 1
    fi
    rm -rf "$SERVICE_DIR/log" "$SERVICE_DIR/data"
    mkdir -p "$SERVICE_DIR/log" "$SERVICE_DIR/data"
    service__remember starter $$
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    trap 'service__abandon' EXIT
    service__guard
    service_launch
    service__forget starter
    trap - EXIT INT TERM HUP
}

# The start failed or was interrupted: nothing may stay behind, and the reason is in the logs.
service__abandon() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    kill $(jobs -p) 2>/dev/null
    if [ $status -ne 77 ]; then
        printf '%s: not started; the end of its logs:\n' "$service_NAME" >&2
        tail -n 8 "$SERVICE_DIR"/log/*.log >&2 2>/dev/null
    fi
    service__forget starter
    service__stop
    exit $status
}

service__guard() {
    [ -n "${PEER_OWNER:-}" ] || return 0
    setsid bash -c 'tail --pid="$1" -f /dev/null; exec "$2" stop "$3"' guard "$PEER_OWNER" "$SERVICE_SCRIPT" "$SERVICE_DIR" \
        </dev/null >/dev/null 2>&1 &
    service__remember guard $!
}

# A pid alone could belong to someone else by now: its start time goes with it.
service__born() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    set -- ${stat##*) }
    [ "$1" != Z ] && printf '%s' "${20}"
}

service__remember() {
    printf '%s %s %s\n' "$1" "$2" "$(service__born "$2")" >>"$SERVICE_DIR/pids"
}

service__forget() {
    sed -i "/^$1 /d" "$SERVICE_DIR/pids"
}

service__alive() {
    [ -n "$2" ] && [ "$(service__born "$1")" = "$2" ]
}

# A start under way first, because it would spawn more; then the newest first, each with its whole process group. Returns
# when all are gone.
service__stop() {
    local name pid born pids=$SERVICE_DIR/pids
    if [ -e "$pids" ]; then
        while read -r name pid born; do
            service__end "$name" "$pid" "$born"
        done < <(grep '^starter ' "$pids")
    fi
    if [ -e "$pids" ]; then
        while read -r name pid born; do
            [ "$pid" = $$ ] || service__end "$name" "$pid" "$born"
        done < <(tac "$pids")
    fi
    rm -rf "$SERVICE_DIR/data" "$pids"
}

service__end() {
    local signal=TERM turn target=-$2
    [ "$1" != starter ] || target=$2
    for ((turn = 0; turn < 300; turn++)); do
        service__alive "$2" "$3" || return 0
        [ "$turn" -lt 200 ] || signal=KILL
        [ $((turn % 50)) -ne 0 ] || kill -"$signal" -- "$target" 2>/dev/null
        sleep 0.05
    done
    printf '%s: process %s (%s) does not end\n' "$service_NAME" "$2" "$1" >&2
}

# service_spawn NAME COMMAND...: a daemon in a session of its own, its output in log/NAME.log. The new process puts itself on
# the list before it becomes the daemon, so that none is missed however the start ends.
service_spawn() {
    local name=$1
    shift
    export -f service__born service__remember
    SERVICE_DIR=$SERVICE_DIR setsid bash -c '[ -e "$SERVICE_DIR/pids" ] && service__remember "$0" $$ && exec "$@"' "$name" "$@" \
        </dev/null >>"$SERVICE_DIR/log/$name.log" 2>&1 &
    SERVICE_PID=$!
    SERVICE_BORN=$(service__born $!)
}

# service_port VARIABLE...: free TCP ports of the loopback, all different.
service_port() {
    local ports
    ports=$("$(place_python3)" - $# <<'PY'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))
PY
    ) || exit 1
    read -r "$@" <<<"$ports"
}

# service_await SECONDS COMMAND...: until the command succeeds; fails when the last spawned daemon ends, or time is up.
service_await() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if ! service__alive "$SERVICE_PID" "$SERVICE_BORN"; then
            printf '%s: a daemon ended early\n' "$service_NAME" >&2
            exit 1
        fi
        if [ $SECONDS -ge $until ]; then
            printf '%s: not ready in time: %s\n' "$service_NAME" "$*" >&2
            exit 1
        fi
        sleep 0.05
    done
}

# service_answers URL [CURL OPTION...]: there is an HTTP answer, whatever its status.
service_answers() {
    curl -s -k -o /dev/null --noproxy '*' --max-time 5 "$@"
}

# service_say NAME VALUE: one assignment a shell can evaluate.
service_say() {
    printf '%s=%q\n' "$1" "$2"
}

# The part of the installation a service needs, or one line and exit 77: not available here.
service_absent() {
    printf '%s: %s\n' "$service_NAME" "$1" >&2
    exit 77
}
