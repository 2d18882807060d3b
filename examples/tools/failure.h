#ifndef TOOLS_FAILURE_H
#define TOOLS_FAILURE_H
/* How a tool ends badly: one clear line on stderr and the right exit code; when a service could not
 * be reached, also why and what to do. */
#include <sigv4/sigv4.h>

enum {
    EXIT_SOME_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_DENIED = 3,
    EXIT_UNREACHABLE = 4,
    EXIT_NO_SUCH = 5,
    EXIT_INTERRUPTED = 130
};

/* The exit code of a status. */
int failure_code(int status);
/* Prints "TOOL: message" and returns the exit code. */
int failure_say(const char *tool, const struct sigv4_error *err);
int failure_no_memory(const char *tool);
/* The same for a request that failed; when nothing answered, looks at the way to host (less than a
 * second) and adds verdict and remedy; when the service refused, adds what to do about that. host:
 * as in sigv4_response, copied in its callback; "" when no attempt was made. Blocks; not from a
 * callback. */
int failure_say_request(const char *tool, struct sigv4_client *client, const char *service_id,
                        const struct sigv4_error *err, const char *host);
/* At the end: what stdout still holds is written. code, or, when something could not be written and
 * code is 0, a line about it and EXIT_SOME_FAILED. Who closed a pipe wants no more: no line. */
int failure_flush(const char *tool, int code);
/* When a role's keys failed because STS cannot be reached: what is wrong on the way to it. false:
 * it was something else. Blocks like failure_say_request. */
bool failure_look_at_sts(struct sigv4_client *client, const struct sigv4_error *err,
                         struct sigv4_diagnosis *out);
/* Only what is added, for a failure that was told already. */
void failure_explain(const char *tool, struct sigv4_client *client, const char *service_id,
                     const struct sigv4_error *err, const char *host);
#endif
