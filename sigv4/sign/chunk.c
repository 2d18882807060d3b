/* Signed chunks and trailers of an aws-chunked body, each chained to the one before. Rules: facts,
 * 3.3. */
#include "base/text.h"
#include "sign/signature.h"

static const char CHUNK[] = "AWS4-HMAC-SHA256-PAYLOAD", TRAILER[] = "AWS4-HMAC-SHA256-TRAILER";

/* The hash of nothing: where other services could sign headers of a chunk. */
#define EMPTY_LINE "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"

/* Algorithm, time, scope and three hashes. */
enum { ROOM = sizeof CHUNK + 17 + sizeof((struct sigv4__scope *)0)->room + 3 * 65 };

static bool is_signature(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_digit(p[i]) && !(p[i] >= 'a' && p[i] <= 'f'))
            return false;
    return s.len == 64;
}

static int hash_hex(struct sigv4__digest *sha256, struct sigv4_slice data, char out[64])
{
    unsigned char hash[SIGV4__SHA256_LEN];
    int status = sigv4__digest_begin(sha256);
    if (!status)
        status = sigv4__digest_add(sha256, data.ptr, data.len);
    if (!status)
        status = sigv4__digest_end(sha256, hash);
    if (!status)
        sigv4__hex(hash, sizeof hash, out);
    return status;
}

/* One link of the chain, as text: head, previous signature, for chunks the hash of nothing, and the
 * hash of data. */
struct link {
    const char *algorithm;
    struct sigv4_slice previous, middle, data;
};

static int sign_with(const struct link *link, const struct sigv4__scope *scope,
                     const struct sigv4_credentials *creds, struct sigv4_key_cache *cache,
                     char out[65])
{
    char room[ROOM], hash[64];
    struct sigv4_text text = {room, sizeof room, 0};
    int status = hash_hex(cache->sha256, link->data, hash);
    if (status)
        return status;
    sigv4__string_to_sign_head(&text, link->algorithm, scope);
    sigv4__text_slice(&text, link->previous);
    sigv4__text_char(&text, '\n');
    sigv4__text_slice(&text, link->middle);
    sigv4__text_append(&text, hash, sizeof hash);
    return sigv4__key_cache_sign(cache, scope, creds, sigv4_bytes(text.ptr, text.len), out);
}

static int sign_link(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                     struct sigv4_key_cache *keys, const struct link *link, char out[65])
{
    struct sigv4__scope scope;
    struct sigv4_key_cache *cache;
    if (!is_signature(link->previous))
        return SIGV4_E_INVALID;
    int status = sigv4__scope_init(&scope, in);
    if (!status)
        status = sigv4__key_cache_get(&cache, keys);
    if (status)
        return status;
    status = sign_with(link, &scope, creds, cache, out);
    sigv4__key_cache_put_back(cache, keys);
    return status;
}

int sigv4_chunk_signature(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                          struct sigv4_key_cache *keys, struct sigv4_slice previous,
                          struct sigv4_slice chunk, char out[65])
{
    struct link link = {CHUNK, previous, SIGV4_LIT(EMPTY_LINE), chunk};
    return sign_link(in, creds, keys, &link, out);
}

int sigv4_trailer_signature(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                            struct sigv4_key_cache *keys, struct sigv4_slice previous,
                            struct sigv4_slice trailer, char out[65])
{
    struct link link = {TRAILER, previous, SIGV4_LIT(""), trailer};
    return sign_link(in, creds, keys, &link, out);
}
