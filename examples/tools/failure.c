/* A tool's last words. */
#include "failure.h"

#include <stdio.h>

int failure_code(int status)
{
    switch (status) {
    case SIGV4_OK:
        return 0;
    case SIGV4_E_INVALID:
    case SIGV4_E_TOO_LARGE:
        return EXIT_USAGE;
    case SIGV4_E_NO_CREDENTIALS:
    case SIGV4_E_DENIED:
        return EXIT_DENIED;
    case SIGV4_E_NETWORK:
    case SIGV4_E_TLS:
    case SIGV4_E_TIMEOUT:
        return EXIT_UNREACHABLE;
    case SIGV4_E_NOT_FOUND:
        return EXIT_NO_SUCH;
    default:
        return EXIT_SOME_FAILED;
    }
}

int failure_say(const char *tool, const struct sigv4_error *err)
{
    const char *text = err->message[0] ? err->message : sigv4_status_text(err->status);
    fprintf(stderr, "%s: %s", tool, text);
    if (err->request_id[0] && !strstr(text, err->request_id))
        fprintf(stderr, " (request id %s)", err->request_id);
    fputc('\n', stderr);
    return failure_code(err->status);
}

int failure_say_request(const char *tool, struct sigv4_client *client, const char *service_id,
                        const struct sigv4_error *err, const char *host)
{
    (void)client;
    (void)service_id;
    (void)host;
    return failure_say(tool, err);
}
