# Counting assertions for suites in shell: one line per check, the sums as the last line, exit 0, 1 or 77 (all skipped).
# Sourced; a suite ends with check_done, and one that ends earlier has no last line, which tests/run counts as failed.

CHECK_PASSED=0
CHECK_FAILED=0
CHECK_SKIPPED=0

check_pass() {
    CHECK_PASSED=$((CHECK_PASSED + 1))
    printf 'ok - %s\n' "$1"
}

# check_fail TEXT [DETAIL]
check_fail() {
    CHECK_FAILED=$((CHECK_FAILED + 1))
    printf 'not ok - %s\n' "$1"
    [ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/    /'
}

check_skip() {
    CHECK_SKIPPED=$((CHECK_SKIPPED + 1))
    printf 'skip - %s: %s\n' "$1" "$2"
}

# check_runs TEXT COMMAND...: the command succeeds. Its output is CHECK_OUTPUT afterwards.
check_runs() { check__command 0 "$@"; }

# check_exits STATUS TEXT COMMAND...: the command ends with exactly this status.
check_exits() { check__command "$@"; }

check__command() {
    local wanted=$1 text=$2 status
    shift 2
    CHECK_OUTPUT=$("$@" 2>&1 </dev/null)
    status=$?
    if [ $status -eq "$wanted" ]; then
        check_pass "$text"
    else
        check_fail "$text" "exit $status instead of $wanted: $*
$CHECK_OUTPUT"
    fi
}

# check_equal TEXT EXPECTED ACTUAL
check_equal() {
    if [ "$2" = "$3" ]; then check_pass "$1"; else check_fail "$1" "expected: $2
actual:   $3"; fi
}

# check_match TEXT EXTENDED_REGEX ACTUAL
check_match() {
    if printf '%s\n' "$3" | grep -qE -- "$2"; then check_pass "$1"; else check_fail "$1" "no match for: $2
in: $3"; fi
}

# check_same TEXT EXPECTED_FILE ACTUAL_FILE: byte for byte.
check_same() {
    local difference
    if difference=$(cmp -- "$2" "$3" 2>&1); then check_pass "$1"; else check_fail "$1" "$difference"; fi
}

check_done() {
    printf '%d passed, %d failed, %d skipped\n' $CHECK_PASSED $CHECK_FAILED $CHECK_SKIPPED
    [ $CHECK_FAILED -eq 0 ] || exit 1
    [ $CHECK_PASSED -gt 0 ] || [ $CHECK_SKIPPED -eq 0 ] || exit 77
    [ $CHECK_PASSED -gt 0 ] || exit 1
    exit 0
}
