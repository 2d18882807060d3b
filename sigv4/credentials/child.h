#ifndef CREDENTIALS_CHILD_H
#define CREDENTIALS_CHILD_H
/* A short-lived program whose output is wanted: started without a shell, watched by a timer so that
 * the loop never waits for it, killed when it takes too long or says too much. Its stdin is empty
 * (ours may carry data), its stdout comes here, so does the beginning of its stderr. */
#include <sigv4/loop.h>

enum { SIGV4__CHILD_MAX_OUTPUT = 64 << 10 };

struct sigv4__child_result {
    int status;                /* OK: it ended by itself; TIMEOUT, TOO_LARGE, CANCELED, NOMEM, IO */
    int exit_code;             /* -1: killed by a signal */
    int signal;                /* which one, or 0 */
    struct sigv4_slice output; /* wiped after the call */
    char complaint[200];       /* the first line of stderr, "" when there was none */
};
typedef void sigv4__child_fn(void *ctx, const struct sigv4__child_result *result);

struct sigv4__child_order {
    char *const *argv; /* ends in NULL; the program is searched in PATH */
    int64_t timeout_ms;
    sigv4__child_fn *done; /* exactly once, from the loop's inner steps */
    void *ctx;
};
/* Errors: NOMEM, IO (could not be started; *os_errno says why). */
struct sigv4__child;
int sigv4__child_start(struct sigv4__child **out, struct sigv4_loop *loop,
                       const struct sigv4__child_order *order, int *os_errno);
/* Ends it soon, with CANCELED. Not after done. */
void sigv4__child_cancel(struct sigv4__child *child);
#endif
