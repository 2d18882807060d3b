/* The parts of the canonical request, checked and in order. Rules: facts, 3.1. */
#include "sign/canonical.h"

#include "base/memory.h"
#include "base/text.h"
#include "sign/percent.h"

#include <stdlib.h>

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

/* A control character in any part could forge a line of the canonical text. */
static bool has_control(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (is_control(p[i]))
            return true;
    return false;
}

static bool is_token_char(char c)
{
    if (sigv4__is_alnum(c) || c == '-')
        return true;
    switch (c) {
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
        return true;
    default:
        return false;
    }
}

/* RFC 9110, 5.6.2: what methods and header names consist of. */
static bool is_token(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(p[i]))
            return false;
    return s.len > 0;
}

static bool is_field_value(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (is_control(p[i]) && p[i] != '\t')
            return false;
    return true;
}

static bool are_headers(const struct sigv4_header *headers, size_t count)
{
    bool host = false;
    for (size_t i = 0; i < count; i++) {
        if (!is_token(headers[i].name) || !is_field_value(headers[i].value))
            return false;
        host = host || sigv4__equal_nocase(headers[i].name, SIGV4_LIT("host"));
    }
    return host;
}

static bool is_payload_hash(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_alnum(p[i]) && p[i] != '-')
            return false;
    return s.len > 0;
}

static bool is_valid(const struct sigv4_to_sign *in)
{
    const char *path = in->path.ptr;
    return in->size >= sizeof *in && is_token(in->method) &&
           (in->path.len == 0 || path[0] == '/') && !has_control(in->path) &&
           !has_control(in->query) && is_payload_hash(in->payload_hash) &&
           are_headers(in->headers, in->header_count);
}

/* Lower-case names; repeated headers keep their order, because qsort is given no equals. */
static int compare_headers(const void *left, const void *right)
{
    const struct sigv4_header *a = *(const struct sigv4_header *const *)left;
    const struct sigv4_header *b = *(const struct sigv4_header *const *)right;
    const char *x = a->name.ptr, *y = b->name.ptr;
    size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
    for (size_t i = 0; i < n; i++) {
        int d = (unsigned char)sigv4__lower(x[i]) - (unsigned char)sigv4__lower(y[i]);
        if (d)
            return d;
    }
    if (a->name.len != b->name.len)
        return a->name.len < b->name.len ? -1 : 1;
    return a < b ? -1 : 1;
}

/* By the encoded spelling, without writing it down. */
static int compare_encoded(struct sigv4_slice left, struct sigv4_slice right)
{
    struct sigv4__percent a = sigv4__percent_decoded(left), b = sigv4__percent_decoded(right);
    for (;;) {
        int x = sigv4__percent_next(&a), y = sigv4__percent_next(&b);
        if (x != y)
            return x - y;
        if (x < 0)
            return 0;
    }
}

static int compare_params(const void *left, const void *right)
{
    const struct sigv4_header *a = *(const struct sigv4_header *const *)left;
    const struct sigv4_header *b = *(const struct sigv4_header *const *)right;
    int d = compare_encoded(a->name, b->name);
    return d ? d : compare_encoded(a->value, b->value);
}

/* "a=1&b": names and values as they stand on the wire; empty pieces are dropped. */
static size_t split_query(struct sigv4_slice query, struct sigv4_header *params)
{
    size_t count = 0;
    while (query.len) {
        struct sigv4_slice piece = sigv4__first(query, sigv4__find(query, '&'));
        query = sigv4__from(query, piece.len + 1);
        if (piece.len == 0)
            continue;
        size_t equals = sigv4__find(piece, '=');
        params[count].name = sigv4__first(piece, equals);
        params[count].value = sigv4__from(piece, equals + 1);
        count++;
    }
    return count;
}

static size_t most_params(struct sigv4_slice query)
{
    const char *p = query.ptr;
    size_t n = query.len ? 1 : 0;
    for (size_t i = 0; i < query.len; i++)
        n += p[i] == '&';
    return n;
}

static size_t drop_last_segment(const char *path, size_t n)
{
    while (n > 0 && path[n - 1] != '/')
        n--;
    return n ? n - 1 : 0;
}

/* Without empty segments and "."; ".." takes the segment before it away. A slash at the end stays.
 * out has room for path.len characters. */
static struct sigv4_slice normalise(struct sigv4_slice path, char *out)
{
    const char *text = path.ptr;
    bool slash_at_end = text[path.len - 1] == '/';
    size_t n = 0;
    while (path.len) {
        path = sigv4__from(path, 1);
        struct sigv4_slice segment = sigv4__first(path, sigv4__find(path, '/'));
        path = sigv4__from(path, segment.len);
        if (segment.len == 0 || sigv4__equal_str(segment, "."))
            continue;
        if (sigv4__equal_str(segment, "..")) {
            n = drop_last_segment(out, n);
            continue;
        }
        out[n++] = '/';
        memcpy(out + n, segment.ptr, segment.len);
        n += segment.len;
    }
    if (n == 0 || slash_at_end)
        out[n++] = '/';
    return sigv4_bytes(out, n);
}

/* One block for the three lists and the path: room, or from the allocator. */
static void *take_block(struct sigv4__canonical *c, size_t params)
{
    size_t n;
    c->block = NULL;
    if (__builtin_mul_overflow(params, sizeof(struct sigv4_header) + sizeof(void *), &n) ||
        __builtin_add_overflow(n, c->in->path.len, &n) ||
        c->in->header_count > (SIZE_MAX - n) / sizeof(void *))
        return NULL;
    n += c->in->header_count * sizeof(void *);
    if (n <= sizeof c->room)
        return &c->room;
    c->block_size = n;
    return c->block = sigv4__alloc_get(&c->alloc, n);
}

static void sort(const struct sigv4_header **order, size_t count,
                 int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(order, count, sizeof *order, compare);
}

int sigv4__canonical_init(struct sigv4__canonical *c, const struct sigv4_to_sign *in,
                          const struct sigv4_alloc *alloc)
{
    if (!is_valid(in))
        return SIGV4_E_INVALID;
    c->in = in;
    c->alloc = sigv4__alloc_or_default(alloc);
    size_t most = most_params(in->query);
    struct sigv4_header *list = take_block(c, most);
    if (!list)
        return SIGV4_E_NOMEM;
    c->param_count = split_query(in->query, list);
    c->params = (const struct sigv4_header **)(list + most);
    c->headers = c->params + most;
    for (size_t i = 0; i < c->param_count; i++)
        c->params[i] = &list[i];
    for (size_t i = 0; i < in->header_count; i++)
        c->headers[i] = &in->headers[i];
    sort(c->params, c->param_count, compare_params);
    sort(c->headers, in->header_count, compare_headers);
    c->path = in->path.len ? in->path : SIGV4_LIT("/");
    if (in->path.len && !(in->flags & (SIGV4_S3_PATH | SIGV4_NO_NORMALIZE)))
        c->path = normalise(in->path, (char *)(c->headers + in->header_count));
    return SIGV4_OK;
}

void sigv4__canonical_free(struct sigv4__canonical *c)
{
    sigv4__alloc_put(&c->alloc, c->block, c->block_size);
}
