# What each suite of a run came to, and the summary made of it. Sourced by tests/run.
# LEDGER is the file of rows: suite, passed, failed, skipped, seconds, log, separated by tabs.

ledger_row() {
    (IFS=$'\t' && printf '%s\n' "$*") >>"$LEDGER"
}

# ledger_suite NAME STATUS SECONDS LOG: reads the sums from the suite's last line. A suite that ended otherwise than the
# protocol says has failed, whatever it printed.
ledger_suite() {
    local name=$1 status=$2 seconds=$3 log=$4 passed=0 failed=0 skipped=0 last
    last=$(tail -n 1 "$log")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]} skipped=${BASH_REMATCH[3]}
        case $status in
        0) [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] || ledger__broken ;;
        77) [ "$failed" -eq 0 ] && [ "$passed" -eq 0 ] && [ "$skipped" -gt 0 ] || ledger__broken ;;
        *) [ "$failed" -gt 0 ] || ledger__broken ;;
        esac
    else
        ledger__broken
    fi
    ledger_row "$name" "$passed" "$failed" "$skipped" "$seconds" "$log"
    printf '%s: %d passed, %d failed, %d skipped (%d s)\n' "$name" "$passed" "$failed" "$skipped" "$seconds"
}

ledger__broken() {
    failed=$((failed + 1))
    case $status in
    124 | 137) printf 'not ok - the suite ended within its time limit\n' >>"$log" ;;
    *) printf 'not ok - the suite ended with its sums and status (exit %s)\n' "$status" >>"$log" ;;
    esac
}

# The reasons of all skips (each one by name is in the logs), then the table, then the sums as the last line. Fails when anything failed or nothing ran.
ledger_close() {
    local passed failed skipped
    ledger__failures
    ledger__skips
    ledger__table
    read -r passed failed skipped < <(awk -F'\t' '{ p += $2; f += $3; s += $4 } END { print p + 0, f + 0, s + 0 }' "$LEDGER")
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# What went well is left out: whoever keeps only a part of this output keeps the reasons.
ledger__failures() {
    local name passed failed skipped seconds log
    while IFS=$'\t' read -r name passed failed skipped seconds log; do
        [ "$failed" -gt 0 ] || continue
        printf '\n---- %s failed: %s\n' "$name" "$log"
        grep -av '^ok - \|^\[ RUN  *\]\|^\[  *OK \]' "$log" | tail -n 200
    done <"$LEDGER"
}

ledger__skips() {
    local name log
    printf '\n'
    cut -f 1,6 "$LEDGER" | sort -u -k 2 | while IFS=$'\t' read -r name log; do
        [ ! -e "$log" ] || sed -n 's/^skip - //p' "$log" | awk -v suite="$name" '
            { reason = $0; sub(/^.*: /, "", reason); if (!count[reason]++) { order[++n] = reason; first[reason] = $0 } }
            END { for (i = 1; i <= n; i++) { c = count[order[i]]
                printf "skipped in %s: %s\n", suite, (c > 1 ? c " times: " order[i] : first[order[i]]) } }'
    done
}

ledger__table() {
    printf '\n%-32s %8s %8s %8s %8s\n' suite passed failed skipped seconds
    awk -F'\t' '{ printf "%-32s %8d %8d %8d %8d\n", $1, $2, $3, $4, $5 }' "$LEDGER"
    printf '\n'
}
