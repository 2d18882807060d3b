/* A request, checked and copied into one block. */
#include "client/request.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

enum { MAX_TEXT = 32 * 1024, MAX_HEADER_COUNT = 128 };

static bool has_control(struct sigv4_slice s)
{
    const unsigned char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (p[i] < 0x20 || p[i] == 0x7F)
            return true;
    return false;
}

static bool is_name(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_alnum(p[i]) && p[i] != '-' && p[i] != '_')
            return false;
    return s.len > 0;
}

/* The engine's and the signer's own: a second one would contradict them. */
static bool is_ours(struct sigv4_slice name)
{
    static const char *const ours[] = {"Host", "Authorization", "Content-Length",
                                       "Transfer-Encoding"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (sigv4__equal_nocase(name, sigv4_str(ours[i])))
            return true;
    return false;
}

static int check_headers(const struct sigv4_request *r, struct sigv4_error *err)
{
    if (r->header_count > MAX_HEADER_COUNT)
        return sigv4__fail(err, SIGV4_E_TOO_LARGE, "%s: more than %d headers", r->operation,
                           MAX_HEADER_COUNT);
    for (size_t i = 0; i < r->header_count; i++) {
        struct sigv4_header h = r->headers[i];
        if (!is_name(h.name) || h.name.len > 256 || is_ours(h.name) || has_control(h.value) ||
            h.value.len > 7000)
            return sigv4__fail(err, SIGV4_E_INVALID, "%s: header %zu cannot be sent: '%.*s'",
                               r->operation, i, (int)(h.name.len > 64 ? 64 : h.name.len),
                               (const char *)h.name.ptr);
    }
    return SIGV4_OK;
}

int sigv4__request_check(const struct sigv4_request *r, struct sigv4_error *err)
{
    if (!r || !r->operation || !r->service_id || !r->resolve || !r->on_done || !r->method.len)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "a request needs operation, service_id, resolve, method and on_done");
    if (r->path.len > MAX_TEXT || r->query.len > MAX_TEXT || r->method.len > 15)
        return sigv4__fail(err, SIGV4_E_TOO_LARGE, "%s: the request line is too long",
                           r->operation);
    if (has_control(r->path) || has_control(r->query) || has_control(r->method) ||
        (r->path.len && *(const char *)r->path.ptr != '/'))
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: path or query is not percent-encoded",
                           r->operation);
    if (r->read && (r->body_count || !r->payload_hash.len))
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "%s: a body that is read needs its payload hash and no segments",
                           r->operation);
    return check_headers(r, err);
}

/* Where the copies go: first counted, then filled, by the same walk. */
struct cursor {
    char *at; /* NULL: only count */
    size_t used;
};

static struct sigv4_slice keep(struct cursor *c, struct sigv4_slice s)
{
    struct sigv4_slice kept = {NULL, s.len};
    if (c->at) {
        kept.ptr = c->at + c->used;
        if (s.len)
            memcpy(c->at + c->used, s.ptr, s.len);
    }
    c->used += s.len;
    return kept;
}

static void *keep_array(struct cursor *c, size_t count, size_t size)
{
    void *array = c->at ? c->at + c->used : NULL;
    c->used += count * size;
    return array;
}

static void walk(struct cursor *c, const struct sigv4_request *in, struct sigv4_request *out)
{
    struct sigv4_header *headers = keep_array(c, in->header_count, sizeof *headers);
    struct sigv4_slice *body = keep_array(c, in->body_count, sizeof *body);
    if (body && in->body_count)
        memcpy(body, in->body, in->body_count * sizeof *body);
    for (size_t i = 0; i < in->header_count; i++) {
        struct sigv4_header kept = {keep(c, in->headers[i].name), keep(c, in->headers[i].value)};
        if (headers)
            headers[i] = kept;
    }
    out->headers = headers;
    out->body = body;
    out->method = keep(c, in->method);
    out->path = keep(c, in->path);
    out->query = keep(c, in->query);
    out->payload_hash = keep(c, in->payload_hash);
}

int sigv4__request_copy(const struct sigv4_request *request, const struct sigv4_alloc *alloc,
                        struct sigv4_request *out, void **block, size_t *block_size)
{
    struct cursor count = {0};
    *out = *request;
    walk(&count, request, out);
    struct cursor fill = {sigv4__alloc_get(alloc, count.used), 0};
    if (!fill.at)
        return SIGV4_E_NOMEM;
    walk(&fill, request, out);
    *block = fill.at;
    *block_size = count.used;
    if (!out->read) {
        out->body_length = 0;
        for (size_t i = 0; i < out->body_count; i++)
            out->body_length += out->body[i].len;
    }
    return SIGV4_OK;
}
