/* From canonical text to a signature, in one go or stage by stage. */
#include "sign/signature.h"

#include "base/moment.h"
#include "base/text.h"

static const char ALGORITHM[] = "AWS4-HMAC-SHA256";

/* Algorithm, time, scope and the hash of the canonical request. */
enum { STRING_TO_SIGN_ROOM = sizeof ALGORITHM + 17 + sizeof((struct sigv4__scope *)0)->room + 65 };

int sigv4_sha256_hex(struct sigv4_slice data, char out[65])
{
    unsigned char hash[SIGV4__SHA256_LEN];
    int status = sigv4__sha256(data, hash);
    if (status)
        return status;
    sigv4__hex(hash, sizeof hash, out);
    out[64] = '\0';
    return SIGV4_OK;
}

void sigv4_amz_date(int64_t unix_seconds, char out[17])
{
    sigv4__moment_amz(unix_seconds, out);
}

int sigv4_canonical_request(const struct sigv4_to_sign *in, struct sigv4_text *out)
{
    struct sigv4__canonical canonical;
    struct sigv4__sink sink;
    out->len = 0;
    int status = sigv4__canonical_init(&canonical, in, NULL);
    if (status)
        return status;
    sigv4__sink_init(&sink, out, NULL);
    sigv4__canonical_write(&canonical, &sink);
    (void)sigv4__sink_finish(&sink); /* text does not fail */
    sigv4__canonical_free(&canonical);
    return sigv4__text_status(out);
}

void sigv4__string_to_sign_head(struct sigv4_text *out, const char *algorithm,
                                const struct sigv4__scope *scope)
{
    sigv4__text_str(out, algorithm);
    sigv4__text_char(out, '\n');
    sigv4__text_append(out, scope->date_time, 16);
    sigv4__text_char(out, '\n');
    sigv4__text_slice(out, scope->text);
    sigv4__text_char(out, '\n');
}

int sigv4_string_to_sign(const struct sigv4_to_sign *in, struct sigv4_slice canonical,
                         struct sigv4_text *out)
{
    struct sigv4__scope scope;
    char hash[65];
    out->len = 0;
    int status = sigv4__scope_init(&scope, in);
    if (!status)
        status = sigv4_sha256_hex(canonical, hash);
    if (status)
        return status;
    sigv4__string_to_sign_head(out, ALGORITHM, &scope);
    sigv4__text_append(out, hash, 64);
    return sigv4__text_status(out);
}

int sigv4_signature(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                    struct sigv4_key_cache *keys, struct sigv4_slice string_to_sign, char out[65])
{
    struct sigv4__scope scope;
    struct sigv4_key_cache *cache;
    int status = sigv4__scope_init(&scope, in);
    if (!status)
        status = sigv4__key_cache_get(&cache, keys);
    if (status)
        return status;
    status = sigv4__key_cache_sign(cache, &scope, creds, string_to_sign, out);
    sigv4__key_cache_put_back(cache, keys);
    return status;
}

static int hash_canonical(const struct sigv4__canonical *canonical, struct sigv4__digest *sha256,
                          char out[64])
{
    struct sigv4__sink sink;
    unsigned char hash[SIGV4__SHA256_LEN];
    int status = sigv4__digest_begin(sha256);
    if (status)
        return status;
    sigv4__sink_init(&sink, NULL, sha256);
    sigv4__canonical_write(canonical, &sink);
    status = sigv4__sink_finish(&sink);
    if (!status)
        status = sigv4__digest_end(sha256, hash);
    if (!status)
        sigv4__hex(hash, sizeof hash, out);
    return status;
}

int sigv4__sign_canonical(const struct sigv4__canonical *canonical,
                          const struct sigv4__scope *scope, const struct sigv4_credentials *creds,
                          struct sigv4_key_cache *keys, char out[65])
{
    char room[STRING_TO_SIGN_ROOM], hash[64];
    struct sigv4_text text = {room, sizeof room, 0};
    int status = hash_canonical(canonical, keys->sha256, hash);
    if (status)
        return status;
    sigv4__string_to_sign_head(&text, ALGORITHM, scope);
    sigv4__text_append(&text, hash, sizeof hash);
    return sigv4__key_cache_sign(keys, scope, creds, sigv4_bytes(text.ptr, text.len), out);
}

static void write_authorization(struct sigv4_text *out, const struct sigv4__canonical *canonical,
                                const struct sigv4__scope *scope,
                                const struct sigv4_credentials *creds, const char *signature)
{
    struct sigv4__sink sink;
    sigv4__text_str(out, ALGORITHM);
    sigv4__text_str(out, " Credential=");
    sigv4__text_slice(out, sigv4_credentials_keys(creds).access_key_id);
    sigv4__text_char(out, '/');
    sigv4__text_slice(out, scope->text);
    sigv4__text_str(out, ", SignedHeaders=");
    sigv4__sink_init(&sink, out, NULL);
    sigv4__canonical_signed_headers(canonical, &sink, false);
    (void)sigv4__sink_finish(&sink); /* text does not fail */
    sigv4__text_str(out, ", Signature=");
    sigv4__text_append(out, signature, 64);
}

int sigv4_authorization(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                        struct sigv4_key_cache *keys, struct sigv4_text *out, char signature[65])
{
    struct sigv4__canonical canonical;
    struct sigv4__scope scope;
    struct sigv4_key_cache *cache;
    char own[65];
    char *hex = signature ? signature : own;
    out->len = 0;
    int status = sigv4__scope_init(&scope, in);
    if (!status)
        status = sigv4__key_cache_get(&cache, keys);
    if (status)
        return status;
    status = sigv4__canonical_init(&canonical, in, &cache->alloc);
    if (status)
        goto out;
    status = sigv4__sign_canonical(&canonical, &scope, creds, cache, hex);
    if (!status) {
        write_authorization(out, &canonical, &scope, creds, hex);
        status = sigv4__text_status(out);
    }
    sigv4__canonical_free(&canonical);
out:
    sigv4__key_cache_put_back(cache, keys);
    return status;
}
