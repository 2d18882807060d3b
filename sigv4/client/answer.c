/* Collecting an answer, and the look-ups users make in it. */
#include "client/answer.h"

#include "base/memory.h"
#include "base/text.h"

enum {
    MAX_HEADERS = 64 * 1024,
    MAX_ERROR_BODY = 64 * 1024,
    DEFAULT_MAX_BODY = 16 * 1024 * 1024,
    RESERVE_AT_ONCE = 64 * 1024 * 1024 /* a stated length is believed up to here */
};

void sigv4__answer_init(struct sigv4__answer *a, const struct sigv4_alloc *alloc, uint64_t max_body,
                        void *reuse, size_t reuse_cap)
{
    memset(a, 0, sizeof *a);
    a->response.size = sizeof a->response;
    a->max_body = max_body ? max_body : DEFAULT_MAX_BODY;
    if (a->max_body < MAX_ERROR_BODY)
        a->max_body = MAX_ERROR_BODY;
    sigv4__buffer_init(&a->headers, alloc, MAX_HEADERS);
    sigv4__buffer_init(&a->body, alloc, (size_t)a->max_body);
    a->body.ptr = reuse;
    a->body.cap = reuse ? reuse_cap : 0;
}

void sigv4__answer_free(struct sigv4__answer *a)
{
    sigv4__buffer_free(&a->headers);
    sigv4__buffer_free(&a->body);
}

void sigv4__answer_clear(struct sigv4__answer *a)
{
    sigv4__buffer_clear(&a->headers);
    sigv4__buffer_clear(&a->body);
    a->too_large = a->enough = false;
}

static void reserve_stated_length(struct sigv4__answer *a, struct sigv4_slice value)
{
    uint64_t length;
    if (sigv4__parse_uint(value, RESERVE_AT_ONCE, &length) && length <= a->max_body)
        (void)sigv4__buffer_reserve(&a->body, (size_t)length);
}

void sigv4__answer_header(struct sigv4__answer *a, struct sigv4_slice name,
                          struct sigv4_slice value)
{
    sigv4__buffer_slice(&a->headers, name);
    sigv4__buffer_char(&a->headers, '\0');
    sigv4__buffer_slice(&a->headers, value);
    sigv4__buffer_char(&a->headers, '\0');
    if (sigv4__equal_nocase(name, SIGV4_LIT("content-length")))
        reserve_stated_length(a, value);
}

enum sigv4_flow sigv4__answer_collect(struct sigv4__answer *a, struct sigv4_slice chunk,
                                      bool is_error)
{
    if (is_error && a->body.len + chunk.len > MAX_ERROR_BODY) {
        sigv4__buffer_slice(&a->body, sigv4__first(chunk, MAX_ERROR_BODY - a->body.len));
        a->enough = true;
        return SIGV4_STOP;
    }
    sigv4__buffer_slice(&a->body, chunk);
    a->too_large = a->body.failed == SIGV4_E_TOO_LARGE;
    return a->body.failed ? SIGV4_STOP : SIGV4_GO_ON;
}

/* Steps over one header; false at the end. */
static bool next_header(struct sigv4_slice *rest, struct sigv4_header *out)
{
    if (rest->len == 0)
        return false;
    size_t name = sigv4__find(*rest, '\0');
    struct sigv4_slice after = sigv4__from(*rest, name + 1);
    size_t value = sigv4__find(after, '\0');
    out->name = sigv4__first(*rest, name);
    out->value = sigv4__first(after, value);
    *rest = sigv4__from(after, value + 1);
    return true;
}

struct sigv4_slice sigv4__answer_find(const struct sigv4__answer *a, const char *name)
{
    struct sigv4_slice rest = sigv4__buffer_view(&a->headers);
    struct sigv4_header h;
    while (next_header(&rest, &h))
        if (sigv4__equal_nocase(h.name, sigv4_str(name)))
            return h.value;
    return SIGV4_LIT("");
}

struct sigv4_slice sigv4_response_header(const struct sigv4_response *response, const char *name)
{
    return sigv4__answer_find((const struct sigv4__answer *)(const void *)response, name);
}

bool sigv4_response_header_at(const struct sigv4_response *response, size_t i,
                              struct sigv4_header *out)
{
    const struct sigv4__answer *a = (const struct sigv4__answer *)(const void *)response;
    struct sigv4_slice rest = sigv4__buffer_view(&a->headers);
    while (next_header(&rest, out))
        if (i-- == 0)
            return true;
    return false;
}

void *sigv4_response_take_body(const struct sigv4_response *response, size_t *len, size_t *cap)
{
    /* The callback sees its response read-only; the block behind it was always the exchange's. */
    struct sigv4__answer *a = (struct sigv4__answer *)(uintptr_t)response;
    return sigv4__buffer_take(&a->body, len, cap);
}
