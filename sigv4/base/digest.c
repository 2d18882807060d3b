/* Hashes by OpenSSL, fetched once per object. */
#include "base/digest.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

struct sigv4__digest {
    struct sigv4_alloc alloc;
    EVP_MD *md;
    EVP_MD_CTX *ctx;
    bool set; /* ctx knows its algorithm */
};

static int digest_new(struct sigv4__digest **out, const char *name, const struct sigv4_alloc *alloc)
{
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    struct sigv4__digest *d = sigv4__alloc_zero(&hooks, 1, sizeof *d);
    if (!d)
        return SIGV4_E_NOMEM;
    d->alloc = hooks;
    d->md = EVP_MD_fetch(NULL, name, NULL);
    d->ctx = EVP_MD_CTX_new();
    if (!d->md || !d->ctx) {
        sigv4__digest_free(d);
        return SIGV4_E_NOMEM;
    }
    *out = d;
    return SIGV4_OK;
}

int sigv4__digest_new_sha256(struct sigv4__digest **out, const struct sigv4_alloc *alloc)
{
    return digest_new(out, "SHA256", alloc);
}

int sigv4__digest_new_md5(struct sigv4__digest **out, const struct sigv4_alloc *alloc)
{
    return digest_new(out, "MD5", alloc);
}

void sigv4__digest_free(struct sigv4__digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->ctx);
    EVP_MD_free(d->md);
    struct sigv4_alloc alloc = d->alloc;
    sigv4__alloc_put(&alloc, d, sizeof *d);
}

static int status_of(int openssl_result)
{
    return openssl_result == 1 ? SIGV4_OK : SIGV4_E_NOMEM;
}

int sigv4__digest_begin(struct sigv4__digest *d)
{
    /* Naming the algorithm again would make OpenSSL build its state anew. */
    int status = status_of(EVP_DigestInit_ex2(d->ctx, d->set ? NULL : d->md, NULL));
    d->set = status == SIGV4_OK;
    return status;
}

int sigv4__digest_add(struct sigv4__digest *d, const void *bytes, size_t n)
{
    return n ? status_of(EVP_DigestUpdate(d->ctx, bytes, n)) : SIGV4_OK;
}

int sigv4__digest_end(struct sigv4__digest *d, unsigned char *out)
{
    unsigned int n;
    return status_of(EVP_DigestFinal_ex(d->ctx, out, &n));
}

static int hash_two(struct sigv4__digest *d, struct sigv4_slice first, struct sigv4_slice second,
                    unsigned char *out)
{
    int status = sigv4__digest_begin(d);
    if (!status)
        status = sigv4__digest_add(d, first.ptr, first.len);
    if (!status)
        status = sigv4__digest_add(d, second.ptr, second.len);
    return status ? status : sigv4__digest_end(d, out);
}

/* RFC 2104. */
int sigv4__digest_hmac(struct sigv4__digest *sha256, struct sigv4_slice key,
                       struct sigv4_slice data, unsigned char out[SIGV4__SHA256_LEN])
{
    enum { BLOCK = 64 };
    unsigned char inner[BLOCK] = {0}, outer[BLOCK];
    int status = SIGV4_OK;
    if (key.len > BLOCK)
        status = hash_two(sha256, key, SIGV4_LIT(""), inner);
    else if (key.len)
        memcpy(inner, key.ptr, key.len);
    for (size_t i = 0; i < BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5C;
        inner[i] ^= 0x36;
    }
    if (!status)
        status = hash_two(sha256, sigv4_bytes(inner, BLOCK), data, out);
    if (!status)
        status =
            hash_two(sha256, sigv4_bytes(outer, BLOCK), sigv4_bytes(out, SIGV4__SHA256_LEN), out);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
    return status;
}

int sigv4__sha256(struct sigv4_slice data, unsigned char out[SIGV4__SHA256_LEN])
{
    return status_of(EVP_Digest(data.ptr, data.len, out, NULL, EVP_sha256(), NULL));
}

int sigv4__hmac_sha256(struct sigv4_slice key, struct sigv4_slice data,
                       unsigned char out[SIGV4__SHA256_LEN])
{
    unsigned int n = SIGV4__SHA256_LEN;
    if (key.len > INT32_MAX)
        return SIGV4_E_INVALID;
    return HMAC(EVP_sha256(), key.ptr, (int)key.len, data.ptr, data.len, out, &n) ? SIGV4_OK
                                                                                  : SIGV4_E_NOMEM;
}
