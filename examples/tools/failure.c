/* A tool's last words. */
#include "failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DIAGNOSIS_MS = 500 }; /* the failed attempt has waited long already */

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

int failure_no_memory(const char *tool)
{
    return failure_say(tool, &(struct sigv4_error){.status = SIGV4_E_NOMEM});
}

int failure_flush(const char *tool, int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    /* errno 0: it was an earlier write that failed. */
    if (errno != EPIPE)
        fprintf(stderr, "%s: cannot write%s%s\n", tool, errno ? ": " : " all of the output",
                errno ? strerror(errno) : "");
    return code ? code : EXIT_SOME_FAILED;
}

static void say_lines(const char *tool, const char *verdict, const struct sigv4_diagnosis *d)
{
    if (verdict[0])
        fprintf(stderr, "%s: %s\n", tool, verdict);
    if (d->likely[0])
        fprintf(stderr, "%s: likely: %s\n", tool, d->likely);
    if (d->remedy[0])
        fprintf(stderr, "%s: %s\n", tool, d->remedy);
}

/* The endpoint as it was used: the override when there is one, else TLS to the host. */
static void say_why(const char *tool, const struct sigv4_client_facts *facts,
                    const char *service_id, const struct sigv4_error *err, const char *host)
{
    char url[1100];
    struct sigv4_diagnosis d = {.size = sizeof d};
    struct sigv4_diagnose_options how = {
        .size = sizeof how,
        .url = url,
        .service_id = service_id,
        .region = facts->region,
        .ca_bundle = facts->ca_bundle && facts->ca_bundle[0] ? facts->ca_bundle : NULL,
        .timeout_ms = DIAGNOSIS_MS,
        /* With a certificate at fault, the answer's date tells whether the clock is. */
        .flags = err->status == SIGV4_E_TLS ? 0 : SIGV4_DIAGNOSE_CONNECTION,
    };
    if (facts->any_certificate)
        how.flags |= SIGV4_DIAGNOSE_ANY_CERTIFICATE;
    if (facts->endpoint_url && facts->endpoint_url[0])
        snprintf(url, sizeof url, "%s", facts->endpoint_url);
    else
        snprintf(url, sizeof url, "https://%s", host);
    if (sigv4_diagnose(&how, &d, NULL) == SIGV4_OK)
        say_lines(tool, d.verdict, &d);
}

bool failure_look_at_sts(struct sigv4_client *client, const struct sigv4_error *err,
                         struct sigv4_diagnosis *out)
{
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_client_facts facts = {.size = sizeof facts};
    if (strcmp(err->code, "StsUnreachable") != 0 || sigv4_client_facts(client, "STS", &facts, NULL))
        return false;
    struct sigv4_place place = {.size = sizeof place,
                                .region = facts.region,
                                .endpoint_url = facts.endpoint_url,
                                .use_fips = facts.use_fips,
                                .use_dual_stack = facts.use_dual_stack};
    if (sigv4_sts_resolve(NULL, &place, &target, NULL))
        return false;
    struct sigv4_diagnose_options how = {
        .size = sizeof how,
        .url = target.url,
        .service_id = "STS",
        .region = facts.region,
        .ca_bundle = facts.ca_bundle[0] ? facts.ca_bundle : NULL,
        .timeout_ms = DIAGNOSIS_MS,
        .flags = facts.any_certificate ? SIGV4_DIAGNOSE_ANY_CERTIFICATE : 0,
    };
    return sigv4_diagnose(&how, out, NULL) == SIGV4_OK;
}

/* Messages about a request that was sent begin with its operation: "PutRecord: ...". Those of a
 * source of keys do not, and say themselves what to do. */
static bool find_operation(const struct sigv4_error *err, char out[64])
{
    size_t n = strcspn(err->message, ": ");
    bool lower = false;
    for (size_t i = 0; i < n; i++)
        lower = lower || (err->message[i] >= 'a' && err->message[i] <= 'z');
    bool is = n > 0 && n < 64 && lower && err->message[n] == ':' && err->message[0] >= 'A' &&
              err->message[0] <= 'Z';
    snprintf(out, 64, "%.*s", is ? (int)n : 0, err->message);
    return is;
}

static void say_remedy(const char *tool, const struct sigv4_client_facts *facts,
                       const char *service_id, const struct sigv4_error *err)
{
    char operation[64];
    struct sigv4_diagnosis d = {.size = sizeof d};
    if (!find_operation(err, operation))
        return;
    struct sigv4_refusal refusal = {
        .size = sizeof refusal,
        .error = err,
        .service_id = service_id,
        .region = facts->region,
        .operation = operation,
    };
    sigv4_diagnose_refusal(&refusal, &d);
    say_lines(tool, "", &d);
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
    struct sigv4_client_facts facts = {.size = sizeof facts};
    struct sigv4_diagnosis sts = {.size = sizeof sts};
    if (sigv4_client_facts(client, service_id, &facts, NULL))
        facts = (struct sigv4_client_facts){.region = ""};
    if (failure_look_at_sts(client, err, &sts))
        say_lines(tool, sts.verdict, &sts);
    else if (failure_code(err->status) != EXIT_UNREACHABLE || err->http_status)
        say_remedy(tool, &facts, service_id, err);
    else if (host[0])
        say_why(tool, &facts, service_id, err, host);
}
