/* A tool's last words. */
#include "failure.h"

#include <stdio.h>

enum { DIAGNOSIS_MS = 600 }; /* the failed attempt has waited long already */

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

/* The endpoint as it was used: the override when there is one, else TLS to the host. */
static void find_url(struct sigv4_client *client, const char *service_id, const char *host,
                     char url[1100], char region[64])
{
    struct sigv4_client_facts facts = {.size = sizeof facts};
    bool known = sigv4_client_facts(client, service_id, &facts, NULL) == SIGV4_OK;
    snprintf(region, 64, "%.63s", known ? facts.region : "");
    if (known && facts.endpoint_url[0])
        snprintf(url, 1100, "%s", facts.endpoint_url);
    else
        snprintf(url, 1100, "https://%s", host);
}

static void say_why(const char *tool, struct sigv4_client *client, const char *service_id,
                    const char *host)
{
    char url[1100], region[64];
    struct sigv4_diagnosis d = {.size = sizeof d};
    find_url(client, service_id, host, url, region);
    if (sigv4_diagnose(url, service_id, region, DIAGNOSIS_MS, &d, NULL))
        return;
    if (d.verdict[0])
        fprintf(stderr, "%s: %s\n", tool, d.verdict);
    if (d.remedy[0])
        fprintf(stderr, "%s: %s\n", tool, d.remedy);
}

int failure_say_request(const char *tool, struct sigv4_client *client, const char *service_id,
                        const struct sigv4_error *err, const char *host)
{
    int code = failure_say(tool, err);
    failure_explain(tool, client, service_id, err, host);
    return code;
}

void failure_explain(const char *tool, struct sigv4_client *client, const char *service_id,
                     const struct sigv4_error *err, const char *host)
{
    if (failure_code(err->status) == EXIT_UNREACHABLE && err->http_status == 0 && host[0])
        say_why(tool, client, service_id, host);
}
