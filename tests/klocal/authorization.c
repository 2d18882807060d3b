/* Reading the Authorization header and the query of presigned URLs. */
#include "authorization.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

void authorization_free(struct authorization *auth)
{
    free(auth->access_key);
    free(auth->scope);
    free(auth->date);
    free(auth->region);
    free(auth->service);
    free(auth->terminator);
    free(auth->signed_headers);
    free(auth->signature);
    text_free(&auth->problem);
    memset(auth, 0, sizeof *auth);
}

static void problem(struct authorization *auth, const char *message)
{
    if (auth->problem.length > 0)
        text_putc(&auth->problem, ' ');
    text_puts(&auth->problem, message);
}

/* KEY/DATE/REGION/SERVICE/TERMINATOR. The key id may not hold a slash here. */
static void read_credential(struct authorization *auth, const char *credential)
{
    char **const parts[] = {&auth->access_key, &auth->date, &auth->region, &auth->service,
                            &auth->terminator};
    const char *p = credential;
    for (size_t i = 0; i < 5; i++) {
        size_t length = i < 4 ? strcspn(p, "/") : strlen(p);
        if ((i < 4 && p[length] != '/') || length == 0) {
            auth->bad_credential = true;
            problem(auth, "Credential must have exactly 5 slash-delimited elements, e.g. "
                          "keyid/date/region/service/term.");
            return;
        }
        *parts[i] = memory_copy(p, length);
        if (i == 1)
            auth->scope = memory_string(p);
        p += length + 1;
    }
}

static void read_header_part(struct authorization *auth, const char *part, size_t length)
{
    const char *equals = memchr(part, '=', length);
    size_t name = equals == NULL ? 0 : (size_t)(equals - part);
    if (equals == NULL) {
        problem(auth, "Invalid key=value pair (missing equal-sign) in Authorization header.");
        return;
    }
    char *value = memory_copy(equals + 1, length - name - 1);
    if (name == 10 && memcmp(part, "Credential", 10) == 0 && auth->access_key == NULL)
        read_credential(auth, value);
    else if (name == 13 && memcmp(part, "SignedHeaders", 13) == 0 && auth->signed_headers == NULL)
        auth->signed_headers = memory_string(value);
    else if (name == 9 && memcmp(part, "Signature", 9) == 0 && auth->signature == NULL)
        auth->signature = memory_string(value);
    else
        problem(auth, "Authorization header holds an unknown or repeated parameter.");
    free(value);
}

static void read_header(struct authorization *auth, const char *value)
{
    const char *p = value + strlen(ALGORITHM);
    while (*p != '\0') {
        p += strspn(p, " ,");
        size_t length = strcspn(p, ",");
        size_t trimmed = length;
        while (trimmed > 0 && p[trimmed - 1] == ' ')
            trimmed--;
        if (trimmed > 0)
            read_header_part(auth, p, trimmed);
        p += length;
    }
    if (auth->access_key == NULL && !auth->bad_credential)
        problem(auth, "Authorization header requires 'Credential' parameter.");
    if (auth->signature == NULL)
        problem(auth, "Authorization header requires 'Signature' parameter.");
    if (auth->signed_headers == NULL)
        problem(auth, "Authorization header requires 'SignedHeaders' parameter.");
}

static void read_header_date(struct authorization *auth, const struct header_list *headers)
{
    const char *amz = header_find(headers, "x-amz-date");
    const char *plain = header_find(headers, "date");
    if (amz == NULL && plain == NULL) {
        problem(auth, "Authorization header requires existence of either a 'X-Amz-Date' or a "
                      "'Date' header.");
        return;
    }
    bool good = amz != NULL ? clock_parse_basic(amz, &auth->timestamp_ms)
                            : clock_parse_http(plain, &auth->timestamp_ms) ||
                                  clock_parse_basic(plain, &auth->timestamp_ms);
    if (!good)
        problem(auth, "Date must be in ISO-8601 'basic format'.");
    else
        clock_format_basic(auth->timestamp_ms, auth->timestamp);
}

static const char *param(const struct header_list *params, const char *name)
{
    const struct header *item = header_find_exact(params, name);
    return item == NULL ? NULL : item->value;
}

static void read_expires(struct authorization *auth, const char *expires)
{
    char *end = NULL;
    if (expires == NULL) {
        problem(auth, "X-Amz-Expires is required.");
        return;
    }
    auth->expires_s = strtoll(expires, &end, 10);
    if (end == expires || *end != '\0') {
        auth->bad_expires = true;
        problem(auth, "X-Amz-Expires should be a number");
    } else if (auth->expires_s < 0) {
        auth->bad_expires = true;
        problem(auth, "X-Amz-Expires must be non-negative");
    } else if (auth->expires_s > 604800) {
        auth->bad_expires = true;
        problem(auth, "X-Amz-Expires must be less than a week (in seconds); that is, the given "
                      "X-Amz-Expires must be less than 604800 seconds");
    }
}

static void read_query(struct authorization *auth, const struct header_list *params)
{
    const char *credential = param(params, "X-Amz-Credential");
    const char *date = param(params, "X-Amz-Date");
    if (credential != NULL)
        read_credential(auth, credential);
    else
        problem(auth, "X-Amz-Credential is required.");
    auth->signed_headers = memory_string(param(params, "X-Amz-SignedHeaders"));
    auth->signature = memory_string(param(params, "X-Amz-Signature"));
    auth->token = param(params, "X-Amz-Security-Token");
    if (auth->signed_headers == NULL)
        problem(auth, "X-Amz-SignedHeaders is required.");
    if (auth->signature == NULL)
        problem(auth, "X-Amz-Signature is required.");
    if (date == NULL || !clock_parse_basic(date, &auth->timestamp_ms))
        problem(auth, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
    else
        clock_format_basic(auth->timestamp_ms, auth->timestamp);
    read_expires(auth, param(params, "X-Amz-Expires"));
}

void authorization_read(struct authorization *auth, const struct header_list *headers,
                        const struct header_list *params)
{
    const char *value = header_find(headers, "authorization");
    const char *algorithm = param(params, "X-Amz-Algorithm");
    bool in_query = algorithm != NULL || param(params, "X-Amz-Signature") != NULL;
    size_t length = strlen(ALGORITHM);
    memset(auth, 0, sizeof *auth);
    if (value == NULL && !in_query)
        return;
    if (value != NULL && in_query) {
        auth->form = AUTHORIZATION_BOTH;
    } else if (value != NULL && strncmp(value, ALGORITHM, length) == 0 && value[length] == ' ') {
        auth->form = AUTHORIZATION_HEADER;
        auth->token = header_find(headers, "x-amz-security-token");
        read_header(auth, value);
        read_header_date(auth, headers);
    } else if (value == NULL && algorithm != NULL && strcmp(algorithm, ALGORITHM) == 0) {
        auth->form = AUTHORIZATION_QUERY;
        read_query(auth, params);
    } else {
        auth->form = AUTHORIZATION_OTHER_SCHEME;
    }
}
