#ifndef SIGV4_STATUS_H
#define SIGV4_STATUS_H
#include <sigv4/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What every function of the three libraries returns: 0, or one of these negative values. */
#define SIGV4_STATUS_MAP(X)                                                                        \
    X(NOMEM, -1, "out of memory")                                                                  \
    X(INVALID, -2, "invalid argument or option")                                                   \
    X(FULL, -3, "buffer budget exhausted")                                                         \
    X(TOO_LARGE, -4, "exceeds a limit of the service or of the caller")                            \
    X(CLOSED, -5, "object is closing")                                                             \
    X(CANCELED, -6, "canceled by the caller")                                                      \
    X(TIMEOUT, -7, "deadline passed")                                                              \
    X(WRONG_THREAD, -8, "call not allowed on this thread")                                         \
    X(NETWORK, -9, "could not reach the service")                                                  \
    X(TLS, -10, "TLS failure")                                                                     \
    X(NO_CREDENTIALS, -11, "no usable credentials")                                                \
    X(DENIED, -12, "access denied")                                                                \
    X(THROTTLED, -13, "throttled by the service")                                                  \
    X(NOT_FOUND, -14, "no such resource")                                                          \
    X(CONFLICT, -15, "precondition or state conflict")                                             \
    X(SERVICE, -16, "failure inside the service")                                                  \
    X(PROTOCOL, -17, "malformed answer")                                                           \
    X(IO, -18, "local file error")                                                                 \
    X(FORKED, -19, "object belongs to the parent process")

enum sigv4_status {
    SIGV4_OK = 0,
#define X(name, value, text) SIGV4_E_##name = value,
    SIGV4_STATUS_MAP(X)
#undef X
};

/* Detail of one failure. The caller's memory; the layout is fixed for ever (spare is for growth).
 * A NULL error pointer is accepted everywhere. Texts are always NUL-terminated. */
struct sigv4_error {
    int status;          /* enum sigv4_status; 0 when there was no failure */
    int http_status;     /* 0 when no answer arrived */
    int os_errno;        /* 0 when the system was not the cause */
    bool retryable;      /* would trying the same again make sense? */
    char code[64];       /* the service's word: "ProvisionedThroughputExceededException" */
    char request_id[64]; /* as the service returned it; quote it to support */
    char message[336];   /* one line: what, where, what to do; no secrets */
    char spare[32];
};

/* @thread any. The status's name ("THROTTLED") and its text; never NULL, also for unknown values.
 */
SIGV4_API const char *sigv4_status_name(int status);
SIGV4_API const char *sigv4_status_text(int status);

#ifdef __cplusplus
}
#endif
#endif
