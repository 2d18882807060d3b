/* From a resolved request to the bytes of its head, signed.
 *
 * All texts of an attempt go into x->head, which is sized before anything points into it. */
#include "client/head.h"

#include "base/digest.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

enum { AUTHORIZATION_MAX = 8192 }; /* it names every signed header */

static bool is_unsigned(const struct sigv4__exchange *x)
{
    return (x->request.flags & SIGV4_UNSIGNED) || (x->client->flags & SIGV4_ANONYMOUS);
}

/* Path on the wire: the target's base path, then the request's. */
static void put_path(struct sigv4__exchange *x, struct sigv4__buffer *b)
{
    sigv4__buffer_slice(b, x->url.path);
    sigv4__buffer_slice(b, x->request.path);
    if (x->url.path.len == 0 && x->request.path.len == 0)
        sigv4__buffer_char(b, '/');
}

static void put_authority(const struct sigv4__exchange *x, struct sigv4__buffer *b)
{
    bool v6 = sigv4__find(x->url.host, ':') < x->url.host.len;
    bool usual = x->url.port == (x->url.tls ? 443 : 80);
    sigv4__buffer_str(b, v6 ? "[" : "");
    sigv4__buffer_slice(b, x->url.host);
    sigv4__buffer_str(b, v6 ? "]" : "");
    if (!usual)
        sigv4__buffer_format(b, ":%u", (unsigned)x->url.port);
}

/* Where each text of the head begins; kept as offsets because the buffer may move while it grows.
 */
struct layout {
    int64_t unix_seconds; /* read once: the header and the signature must agree */
    size_t url, path, query, host, date, token, end;
};

static struct sigv4_slice part(const struct sigv4__exchange *x, size_t from, size_t to)
{
    return sigv4_bytes(x->head.ptr + from, to - from);
}

/* All the room at once: a block that grows leaves a copy of the token behind, unwiped. */
static void make_room(struct sigv4__exchange *x, struct sigv4_slice token)
{
    size_t authority = x->url.host.len + 16;
    size_t need = 2 * authority + x->url.path.len + x->request.path.len + x->request.query.len +
                  token.len + AUTHORIZATION_MAX + 64;
    if (need > x->head.cap)
        sigv4__buffer_free_secret(&x->head); /* of the attempt before */
    sigv4__buffer_clear(&x->head);
    (void)sigv4__buffer_reserve(&x->head, need);
}

static int lay_out(struct sigv4__exchange *x, struct layout *at, struct sigv4_slice token)
{
    struct sigv4__buffer *b = &x->head;
    char date[17];
    make_room(x, token);
    at->url = b->len;
    sigv4__buffer_str(b, x->url.tls ? "https://" : "http://");
    put_authority(x, b);
    at->path = b->len;
    put_path(x, b);
    at->query = b->len;
    if (x->request.query.len) {
        sigv4__buffer_char(b, '?');
        sigv4__buffer_slice(b, x->request.query);
    }
    sigv4__buffer_char(b, '\0');
    at->host = b->len;
    put_authority(x, b);
    at->date = b->len;
    at->unix_seconds = sigv4__client_unix_ms(x->client) / 1000;
    x->signed_skew_ms = x->client->skew_ms;
    sigv4_amz_date(at->unix_seconds, date);
    sigv4__buffer_str(b, date);
    at->token = b->len;
    sigv4__buffer_slice(b, token);
    at->end = b->len;
    return b->failed;
}

static void add(struct sigv4__exchange *x, const char *name, struct sigv4_slice value)
{
    x->headers[x->header_count++] = (struct sigv4_header){sigv4_str(name), value};
}

/* The body's hash, once per exchange. */
static int hash_payload(struct sigv4__exchange *x, struct sigv4_error *err)
{
    unsigned char digest[SIGV4__SHA256_LEN];
    struct sigv4__digest *running = NULL;
    if (x->payload_hash[0] || x->request.payload_hash.len)
        return SIGV4_OK;
    int rc = sigv4__digest_new_sha256(&running, sigv4_loop_alloc(x->client->loop));
    if (!rc)
        rc = sigv4__digest_begin(running);
    for (size_t i = 0; !rc && i < x->request.body_count; i++)
        rc = sigv4__digest_add(running, x->request.body[i].ptr, x->request.body[i].len);
    if (!rc)
        rc = sigv4__digest_end(running, digest);
    sigv4__digest_free(running);
    if (rc)
        return sigv4__fail(err, rc, "%s: cannot hash the body", x->request.operation);
    sigv4__hex(digest, sizeof digest, x->payload_hash);
    return SIGV4_OK;
}

static struct sigv4_slice payload_hash(const struct sigv4__exchange *x)
{
    return x->request.payload_hash.len ? x->request.payload_hash : sigv4_str(x->payload_hash);
}

static int fill_to_sign(struct sigv4__exchange *x, const struct layout *at,
                        struct sigv4_to_sign *in)
{
    size_t query_end = at->host - 1; /* the NUL */
    *in = (struct sigv4_to_sign){
        .size = sizeof *in,
        .method = x->request.method,
        .path = part(x, at->path, at->query),
        .query = at->query < query_end ? part(x, at->query + 1, query_end) : SIGV4_LIT(""),
        .headers = x->headers,
        .header_count = x->header_count,
        .payload_hash = payload_hash(x),
        .region = sigv4_str(x->target.region),
        .service = sigv4_str(x->target.service),
        .unix_seconds = at->unix_seconds,
        .flags = x->target.flags & SIGV4_S3_PATH,
    };
    return SIGV4_OK;
}

static int sign(struct sigv4__exchange *x, const struct layout *at, struct sigv4_error *err)
{
    struct sigv4_to_sign in;
    struct sigv4_text out = {x->head.ptr + at->end, x->head.cap - at->end, 0};
    fill_to_sign(x, at, &in);
    int rc = sigv4_authorization(&in, x->creds, x->client->keys, &out, NULL);
    if (rc)
        return sigv4__fail(err, rc, "%s: cannot sign the request", x->request.operation);
    add(x, "Authorization", sigv4_bytes(out.ptr, out.len));
    return SIGV4_OK;
}

static int check_payload(const struct sigv4__exchange *x, struct sigv4_error *err)
{
    bool bare = sigv4__equal(x->request.payload_hash, SIGV4_UNSIGNED_PAYLOAD);
    if (bare && !x->url.tls)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "%s: an unsigned payload may only travel over TLS, not to http://%.*s",
                           x->request.operation, (int)x->url.host.len,
                           (const char *)x->url.host.ptr);
    return SIGV4_OK;
}

int sigv4__head_build(struct sigv4__exchange *x, const char **url, struct sigv4_error *err)
{
    struct layout at;
    struct sigv4_keys keys = {0};
    bool bare = is_unsigned(x);
    if (!bare)
        keys = sigv4_credentials_keys(x->creds);
    int rc = check_payload(x, err);
    if (!rc && !bare)
        rc = hash_payload(x, err);
    if (rc)
        return rc;
    rc = lay_out(x, &at, keys.session_token);
    if (rc)
        return sigv4__fail(err, rc, "%s: the request's head is too large", x->request.operation);

    x->header_count = 0;
    add(x, "Host", part(x, at.host, at.date));
    for (size_t i = 0; i < x->request.header_count; i++)
        x->headers[x->header_count++] = x->request.headers[i];
    if (!bare) {
        add(x, "X-Amz-Date", part(x, at.date, at.token));
        if (keys.session_token.len)
            add(x, "X-Amz-Security-Token", part(x, at.token, at.end));
        if (x->target.flags & SIGV4_S3_PATH)
            add(x, "x-amz-content-sha256", payload_hash(x));
        rc = sign(x, &at, err);
    }
    add(x, "User-Agent", sigv4_str(x->client->user_agent)); /* proxies may change it: not signed */
    *url = x->head.ptr + at.url;
    return rc;
}

int sigv4__head_presign(struct sigv4__exchange *x, struct sigv4_error *err)
{
    struct layout at;
    struct sigv4_to_sign in;
    int rc = lay_out(x, &at, SIGV4_LIT(""));
    if (rc)
        return sigv4__fail(err, rc, "%s: the URL is too large", x->request.operation);
    x->header_count = 0;
    add(x, "host", part(x, at.host, at.date));
    for (size_t i = 0; i < x->request.header_count; i++)
        x->headers[x->header_count++] = x->request.headers[i];
    fill_to_sign(x, &at, &in);
    if (in.payload_hash.len == 0)
        in.payload_hash =
            x->target.flags & SIGV4_S3_PATH ? SIGV4_UNSIGNED_PAYLOAD : SIGV4_EMPTY_SHA256;
    x->presign->len = 0;
    sigv4__text_slice(x->presign, part(x, at.url, at.query));
    sigv4__text_char(x->presign, '?');
    size_t used = x->presign->len < x->presign->cap ? x->presign->len : x->presign->cap;
    struct sigv4_text query = {x->presign->ptr + used, x->presign->cap - used, 0};
    rc = sigv4_presign(&in, x->creds, x->client->keys, x->presign_seconds, &query);
    x->presign->len += query.len;
    if (rc)
        return sigv4__fail(err, rc, "%s: cannot presign: %s", x->request.operation,
                           sigv4_status_text(rc));
    return SIGV4_OK;
}
