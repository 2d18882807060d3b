/* Keys from the endpoint a container is given (ECS, EKS Pod Identity). The environment and the
 * token file are read anew for every fetch: the token in the file is rotated. */
#include "credentials/container.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/file.h"
#include "credentials/document.h"
#include "credentials/source.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { TIMEOUT_MS = 2000, ATTEMPTS = 3, PAUSE_MS = 1000, MAX_URL = 4096, MAX_TOKEN = 16 << 10 };

struct asking {
    struct sigv4__errand errand; /* first */
    char source[128];            /* for people: "container endpoint 169.254.170.2" */
};

/* ---- where ---- */

/* The host without brackets and port; empty when something else is there. */
static struct sigv4_slice host_of(struct sigv4_slice authority)
{
    bool bracket = sigv4__starts_with(authority, "[");
    size_t end = sigv4__find(authority, bracket ? ']' : ':');
    struct sigv4_slice host = sigv4__first(authority, end);
    struct sigv4_slice rest = sigv4__from(authority, bracket ? end + 1 : end);
    uint64_t port;
    if ((bracket && end == authority.len) ||
        (rest.len && (!sigv4__starts_with(rest, ":") ||
                      !sigv4__parse_uint(sigv4__from(rest, 1), 65535, &port))))
        return sigv4_str("");
    return bracket ? sigv4__from(host, 1) : host;
}

/* Plain http may carry the token only to this machine or to the agents' own addresses. */
static bool is_trusted(struct sigv4_slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6, eks;
    if (sigv4__equal_nocase(host, SIGV4_LIT("localhost")))
        return true;
    if (host.len >= sizeof text)
        return false;
    sigv4__fixed_copy(text, sizeof text, host);
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127 || sigv4__equal_str(host, "169.254.170.2") ||
               sigv4__equal_str(host, "169.254.170.23");
    if (inet_pton(AF_INET6, text, &v6) != 1 || inet_pton(AF_INET6, "fd00:ec2::23", &eks) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_ARE_ADDR_EQUAL(&v6, &eks);
}

static int check_full(const char *url, struct sigv4_error *err)
{
    struct sigv4_slice authority = sigv4__fetch_authority(url);
    char host[128];
    if (!authority.len)
        return sigv4__unusable(err, "InvalidConfiguration",
                               "container: AWS_CONTAINER_CREDENTIALS_FULL_URI is not an http or "
                               "https URL");
    if (sigv4__starts_with(sigv4_str(url), "https:") || is_trusted(host_of(authority)))
        return SIGV4_OK;
    sigv4__fixed_copy(host, sizeof host, authority);
    return sigv4__unusable(err, "InvalidConfiguration",
                           "container: AWS_CONTAINER_CREDENTIALS_FULL_URI names %s, but over plain "
                           "http only loopback, 169.254.170.2, 169.254.170.23 and fd00:ec2::23 are "
                           "allowed; use https",
                           host);
}

int sigv4__container_url(const struct sigv4__environment *variables, struct sigv4__buffer *url,
                         struct sigv4_error *err)
{
    const char *relative =
        sigv4__environment_get(variables, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = sigv4__environment_get(variables, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full)
        return sigv4__not_here(err, "container: AWS_CONTAINER_CREDENTIALS_* not set");
    if (relative && relative[0] != '/')
        return sigv4__unusable(err, "InvalidConfiguration",
                               "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not start "
                               "with '/'");
    int status = relative ? SIGV4_OK : check_full(full, err);
    if (status)
        return status;
    sigv4__buffer_str(url, relative ? "http://169.254.170.2" : full);
    if (relative)
        sigv4__buffer_str(url, relative);
    if (url->failed)
        return sigv4__fail(err, url->failed, "container: %s", sigv4_status_text(url->failed));
    return SIGV4_OK;
}

/* ---- as whom ---- */

/* Appends the token; nothing when none is configured. */
static int read_token(const struct sigv4__environment *variables, struct sigv4__buffer *token,
                      struct sigv4_error *err)
{
    const char *file = sigv4__environment_get(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *text = sigv4__environment_get(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    const char *source = file ? file : "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    struct sigv4_error why;
    int status = sigv4__buffer_reserve(token, MAX_TOKEN);
    if (status)
        return sigv4__fail(err, status, "container: out of memory");
    if (file) {
        status = sigv4__file_read(file, file, token, &why);
        if (status == SIGV4_E_NOMEM)
            return sigv4__fail(err, status, "container: out of memory");
        if (status)
            return sigv4__unusable(err, "TokenFileUnreadable", "container: %s", why.message);
        if (!token->len)
            return sigv4__unusable(err, "InvalidToken", "container: %s is empty", file);
    } else {
        sigv4__buffer_slice(token, sigv4_str(text));
    }
    struct sigv4_slice view = sigv4__buffer_view(token);
    if (sigv4__find(view, '\r') < view.len || sigv4__find(view, '\n') < view.len)
        return sigv4__unusable(err, "InvalidToken",
                               "container: the token in %s has a line break, which would end the "
                               "header it is sent in",
                               source);
    return SIGV4_OK;
}

/* ---- the answer ---- */

static void answered(void *ctx, const struct sigv4__answer *answer)
{
    struct asking *asking = ctx;
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err = answer->err;
    struct sigv4__document document = {SIGV4__DOCUMENT_CONTAINER, answer->body, asking->source,
                                       NULL};
    char code[64], message[200];
    if (answer->http_status == 200) {
        sigv4__document_read(&creds, &document, &asking->errand.alloc, &err);
    } else if (answer->http_status) {
        sigv4__document_complaint(answer->body, &asking->errand.alloc, code, message);
        sigv4__unusable(&err, code[0] ? code : "ContainerRefused", "%s: HTTP %d%s%s",
                        asking->source, answer->http_status, message[0] ? ": " : "", message);
        err.http_status = answer->http_status;
        err.retryable = answer->http_status >= 500;
    } else if (err.status == SIGV4_E_NETWORK || err.status == SIGV4_E_TIMEOUT) {
        sigv4__unusable(&err, "ContainerUnreachable", "%s: %s", asking->source,
                        answer->err.message);
        err.os_errno = answer->err.os_errno;
        err.retryable = true;
    } else {
        sigv4__named(&err, asking->source);
    }
    sigv4__errand_end(&asking->errand, creds, &err);
}

/* ---- the question ---- */

static int ask(struct asking *asking, const char *url, struct sigv4_slice token)
{
    struct sigv4__question question = {
        .method = SIGV4_LIT("GET"),
        .url = url,
        .headers = {{SIGV4_LIT("accept"), SIGV4_LIT("application/json")},
                    {SIGV4_LIT("authorization"), token}},
        .header_count = token.len ? 2 : 1,
        .timeout_ms = TIMEOUT_MS,
        .attempts = ATTEMPTS,
        .pause_ms = PAUSE_MS,
        .proxy = "",
    };
    struct sigv4_slice authority = sigv4__fetch_authority(url);
    char host[sizeof asking->source - 32];
    sigv4__fixed_copy(host, sizeof host, authority);
    snprintf(asking->source, sizeof asking->source, "container endpoint %s", host);
    return sigv4__errand_ask(&asking->errand, &question, answered);
}

/* Finds out where and as whom, and asks. A failure is told in err. */
static int set_out(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err)
{
    const struct sigv4_alloc *alloc = &source->alloc;
    struct sigv4__arena arena;
    struct sigv4__environment variables = {NULL};
    struct sigv4__buffer url, token;
    sigv4__arena_init(&arena, alloc);
    sigv4__buffer_init(&url, alloc, MAX_URL);
    sigv4__buffer_init(&token, alloc, MAX_TOKEN);
    int status = sigv4__environment_copy(&variables, &arena, NULL, false);
    if (status)
        sigv4__fail(err, status, "container: out of memory");
    else
        status = sigv4__container_url(&variables, &url, err);
    if (status == SIGV4_OK)
        status = read_token(&variables, &token, err);
    if (status)
        goto out;
    status = sigv4__buffer_cstr(&url) ? SIGV4_OK : url.failed;
    if (status == SIGV4_OK)
        status = ask((struct asking *)errand, url.ptr, sigv4__buffer_view(&token));
    if (status)
        sigv4__fail(err, status, "container: %s", sigv4_status_text(status));
out:
    sigv4__buffer_free_secret(&token);
    sigv4__buffer_free(&url);
    sigv4__arena_free(&arena);
    return status;
}

int sigv4_provider_new_container(struct sigv4_provider **out, const struct sigv4_alloc *alloc)
{
    static const struct sigv4__source_kind kind = {.size = sizeof(struct sigv4__source),
                                                   .asking_size = sizeof(struct asking),
                                                   .set_out = set_out};
    void *self;
    return sigv4__source_new(out, &self, &kind, alloc);
}
