/* Derived signing keys. The slot of a region and service is overwritten, and its key wiped, as soon
 * as the day or the credentials change. */
#include "sign/key_cache.h"

#include "base/memory.h"
#include "base/text.h"

#include <openssl/crypto.h>

enum { MAX_SECRET = 512, DATE_LEN = 8 };

int sigv4_key_cache_new(struct sigv4_key_cache **out, const struct sigv4_alloc *alloc)
{
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    struct sigv4_key_cache *cache = sigv4__alloc_zero(&hooks, 1, sizeof *cache);
    if (!cache)
        return SIGV4_E_NOMEM;
    cache->alloc = hooks;
    if (sigv4__digest_new_sha256(&cache->sha256, &hooks)) {
        sigv4__alloc_put(&hooks, cache, sizeof *cache);
        return SIGV4_E_NOMEM;
    }
    *out = cache;
    return SIGV4_OK;
}

void sigv4_key_cache_free(struct sigv4_key_cache *cache)
{
    if (!cache)
        return;
    struct sigv4_alloc alloc = cache->alloc;
    sigv4__digest_free(cache->sha256);
    OPENSSL_cleanse(cache, sizeof *cache);
    sigv4__alloc_put(&alloc, cache, sizeof *cache);
}

int sigv4__key_cache_get(struct sigv4_key_cache **out, struct sigv4_key_cache *cache)
{
    *out = cache;
    return cache ? SIGV4_OK : sigv4_key_cache_new(out, NULL);
}

void sigv4__key_cache_put_back(struct sigv4_key_cache *got, struct sigv4_key_cache *cache)
{
    if (got != cache)
        sigv4_key_cache_free(got);
}

/* Comparing hashes keeps no second copy of the secret. */
static int owner_of(struct sigv4__digest *sha256, const struct sigv4_keys *keys,
                    unsigned char owner[SIGV4__SHA256_LEN])
{
    int status = sigv4__digest_begin(sha256);
    if (!status)
        status = sigv4__digest_add(sha256, keys->access_key_id.ptr, keys->access_key_id.len);
    if (!status)
        status = sigv4__digest_add(sha256, "", 1);
    if (!status)
        status =
            sigv4__digest_add(sha256, keys->secret_access_key.ptr, keys->secret_access_key.len);
    return status ? status : sigv4__digest_end(sha256, owner);
}

/* The chain of facts 3.1: secret, day, region, service, "aws4_request". */
static int derive(struct sigv4__digest *sha256, const struct sigv4__scope *scope,
                  struct sigv4_slice secret, unsigned char key[SIGV4__SHA256_LEN])
{
    const struct sigv4_slice steps[] = {scope->date, scope->region, scope->service,
                                        SIGV4_LIT("aws4_request")};
    char prefixed[4 + MAX_SECRET] = "AWS4";
    if (secret.len == 0 || secret.len > MAX_SECRET)
        return SIGV4_E_INVALID;
    memcpy(prefixed + 4, secret.ptr, secret.len);
    struct sigv4_slice by = sigv4_bytes(prefixed, 4 + secret.len);
    int status = SIGV4_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !status; i++) {
        status = sigv4__digest_hmac(sha256, by, steps[i], key);
        by = sigv4_bytes(key, SIGV4__SHA256_LEN);
    }
    OPENSSL_cleanse(prefixed, 4 + secret.len);
    return status;
}

static bool same_place(const struct sigv4__key_slot *slot, const struct sigv4__scope *scope)
{
    return slot->scope_len == scope->text.len &&
           memcmp(slot->scope + DATE_LEN, scope->room + DATE_LEN, slot->scope_len - DATE_LEN) == 0;
}

/* The slot of this region and service, else a free one, else one after the other. */
static struct sigv4__key_slot *slot_for(struct sigv4_key_cache *cache,
                                        const struct sigv4__scope *scope)
{
    const size_t count = sizeof cache->slots / sizeof *cache->slots;
    for (size_t i = 0; i < count; i++)
        if (cache->slots[i].scope_len && same_place(&cache->slots[i], scope))
            return &cache->slots[i];
    for (size_t i = 0; i < count; i++)
        if (!cache->slots[i].scope_len)
            return &cache->slots[i];
    return &cache->slots[cache->next++ % count];
}

static int fill(struct sigv4_key_cache *cache, struct sigv4__key_slot *slot,
                const struct sigv4__scope *scope, struct sigv4_slice secret)
{
    OPENSSL_cleanse(slot, sizeof *slot);
    int status = derive(cache->sha256, scope, secret, slot->signing);
    if (status) {
        OPENSSL_cleanse(slot, sizeof *slot);
        return status;
    }
    memcpy(slot->scope, scope->text.ptr, scope->text.len);
    slot->scope_len = scope->text.len;
    return SIGV4_OK;
}

int sigv4__key_cache_sign(struct sigv4_key_cache *cache, const struct sigv4__scope *scope,
                          const struct sigv4_credentials *creds, struct sigv4_slice data,
                          char out[65])
{
    unsigned char owner[SIGV4__SHA256_LEN], mac[SIGV4__SHA256_LEN];
    struct sigv4_keys keys = sigv4_credentials_keys(creds);
    int status = owner_of(cache->sha256, &keys, owner);
    if (status)
        return status;
    struct sigv4__key_slot *slot = slot_for(cache, scope);
    if (!sigv4__equal(sigv4_bytes(slot->scope, slot->scope_len), scope->text) ||
        memcmp(slot->owner, owner, sizeof owner) != 0) {
        status = fill(cache, slot, scope, keys.secret_access_key);
        if (status)
            return status;
        memcpy(slot->owner, owner, sizeof owner);
    }
    status = sigv4__digest_hmac(cache->sha256, sigv4_bytes(slot->signing, sizeof slot->signing),
                                data, mac);
    if (status)
        return status;
    sigv4__hex(mac, sizeof mac, out);
    out[64] = '\0';
    return SIGV4_OK;
}
