/* Signatures in the query string: a URL that carries its own permission. Rules: facts, 3.2. */
#include "base/text.h"
#include "sign/percent.h"
#include "sign/signature.h"

enum { MAX_EXPIRES = 604800 };

static void write_encoded(struct sigv4_text *out, struct sigv4_slice value)
{
    sigv4__text_encode(out, value, false);
}

static void write_number(struct sigv4_text *out, uint32_t n)
{
    char digits[10];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    sigv4__text_append(out, digits + i, sizeof digits - i);
}

static void write_token(struct sigv4_text *out, struct sigv4_slice token)
{
    sigv4__text_str(out, "&X-Amz-Security-Token=");
    write_encoded(out, token);
}

static void write_params(struct sigv4_text *out, const struct sigv4__canonical *canonical,
                         const struct sigv4__scope *scope, const struct sigv4_keys *keys,
                         uint32_t expires_seconds)
{
    struct sigv4__sink sink;
    sigv4__text_str(out, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    write_encoded(out, keys->access_key_id);
    sigv4__text_str(out, "%2F");
    write_encoded(out, scope->text);
    sigv4__text_str(out, "&X-Amz-Date=");
    sigv4__text_append(out, scope->date_time, 16);
    sigv4__text_str(out, "&X-Amz-Expires=");
    write_number(out, expires_seconds);
    sigv4__text_str(out, "&X-Amz-SignedHeaders=");
    sigv4__sink_init(&sink, out, NULL);
    sigv4__canonical_signed_headers(canonical, &sink, true);
    (void)sigv4__sink_finish(&sink); /* text does not fail */
}

int sigv4_presign_query(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                        uint32_t expires_seconds, struct sigv4_text *out)
{
    struct sigv4__canonical canonical;
    struct sigv4__scope scope;
    struct sigv4_keys keys = sigv4_credentials_keys(creds);
    out->len = 0;
    if (expires_seconds < 1 || expires_seconds > MAX_EXPIRES)
        return SIGV4_E_INVALID;
    int status = sigv4__scope_init(&scope, in);
    if (!status)
        status = sigv4__canonical_init(&canonical, in, NULL);
    if (status)
        return status;
    sigv4__text_slice(out, in->query);
    if (in->query.len)
        sigv4__text_char(out, '&');
    write_params(out, &canonical, &scope, &keys, expires_seconds);
    if (keys.session_token.len && !(in->flags & SIGV4_OMIT_TOKEN))
        write_token(out, keys.session_token);
    sigv4__canonical_free(&canonical);
    return sigv4__text_status(out);
}

/* The signature of in with the query that was written to query. */
static int sign_query(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                      struct sigv4_key_cache *keys, struct sigv4_slice query, char signature[65])
{
    struct sigv4__canonical canonical;
    struct sigv4__scope scope;
    struct sigv4_key_cache *cache;
    struct sigv4_to_sign with = *in;
    with.size = sizeof with;
    with.query = query;
    int status = sigv4__scope_init(&scope, &with);
    if (!status)
        status = sigv4__key_cache_get(&cache, keys);
    if (status)
        return status;
    status = sigv4__canonical_init(&canonical, &with, &cache->alloc);
    if (!status) {
        status = sigv4__sign_canonical(&canonical, &scope, creds, cache, signature);
        sigv4__canonical_free(&canonical);
    }
    sigv4__key_cache_put_back(cache, keys);
    return status;
}

int sigv4_presign(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                  struct sigv4_key_cache *keys, uint32_t expires_seconds, struct sigv4_text *out)
{
    char signature[65] = {0};
    struct sigv4_slice token = sigv4_credentials_keys(creds).session_token;
    int status = sigv4_presign_query(in, creds, expires_seconds, out);
    if (!status)
        status = sign_query(in, creds, keys, sigv4_bytes(out->ptr, out->len), signature);
    /* Where the query did not fit, count on to the full length. */
    if (status && status != SIGV4_E_TOO_LARGE)
        return status;
    if (token.len && in->flags & SIGV4_OMIT_TOKEN)
        write_token(out, token);
    sigv4__text_str(out, "&X-Amz-Signature=");
    sigv4__text_append(out, signature, 64);
    return sigv4__text_status(out);
}
