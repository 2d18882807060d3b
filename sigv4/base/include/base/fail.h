#ifndef BASE_FAIL_H
#define BASE_FAIL_H
/* Filling a caller's error object. */
#include <sigv4/status.h>

/* Sets *err (err may be NULL) and returns status: `return sigv4__fail(err, SIGV4_E_INVALID,
 * "...")`. The message is cut to fit and kept on one line; other members are zeroed. */
int sigv4__fail(struct sigv4_error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Copies text into a fixed array: cut at a UTF-8 boundary, control characters made '?', always
 * NUL-terminated. */
void sigv4__fixed_copy(char *out, size_t cap, struct sigv4_slice text);
#endif
