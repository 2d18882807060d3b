/* Deep copies of what callers describe. */
#include "transfer/baggage.h"

#include "base/fail.h"
#include "base/memory.h"
#include "object/attributes.h"

#include <openssl/crypto.h>

/* NULL stays NULL. */
static int copy(const struct sigv4_alloc *alloc, char **out, const char *text)
{
    *out = text ? sigv4__string_copy(alloc, sigv4_str(text)) : NULL;
    return *out || !text ? SIGV4_OK : SIGV4_E_NOMEM;
}

static int copy_texts(struct s3__baggage *b, const struct s3_at *at, const struct s3_conditions *c)
{
    int status = copy(b->alloc, &b->bucket, at->bucket);
    if (status == SIGV4_OK)
        status = copy(b->alloc, &b->key, at->key);
    if (status == SIGV4_OK)
        status = copy(b->alloc, &b->version_id, at->version_id);
    if (status == SIGV4_OK && c)
        status = copy(b->alloc, &b->if_match, c->if_match);
    if (status == SIGV4_OK && c)
        status = copy(b->alloc, &b->if_none_match, c->if_none_match);
    b->at = (struct s3_at){
        .size = sizeof b->at, .bucket = b->bucket, .key = b->key, .version_id = b->version_id};
    b->conditions = (struct s3_conditions){
        .size = sizeof b->conditions, .if_match = b->if_match, .if_none_match = b->if_none_match};
    return status;
}

/* A customer's key travels apart: each part needs it again. */
static int copy_attributes(struct s3__baggage *b, const struct s3_attributes *attributes,
                           struct sigv4_error *err)
{
    struct s3_attributes a = *attributes;
    struct s3_encryption e = {.size = sizeof e};
    if (a.encryption) {
        e = *a.encryption;
        if (e.customer_key.len > sizeof b->customer_key)
            return sigv4__fail(err, SIGV4_E_INVALID, "the customer's key must have 32 bytes");
        if (e.customer_key.len)
            memcpy(b->customer_key, e.customer_key.ptr, e.customer_key.len);
        b->encryption.customer_key = sigv4_bytes(b->customer_key, e.customer_key.len);
        e.customer_key = SIGV4_LIT("");
        a.encryption = &e;
    }
    return s3__add_attributes(&b->attributes, &a, err);
}

int s3__baggage_pack(struct s3__baggage *b, struct s3_client *client, const struct s3_at *at,
                     const struct s3_attributes *attributes, const struct s3_conditions *conditions,
                     struct sigv4_error *err)
{
    struct s3__request probe;
    memset(b, 0, sizeof *b);
    b->alloc = client->alloc;
    s3__request_init(&b->attributes, client, "transfer", "PUT");
    s3__request_init(&probe, client, "transfer", "PUT");
    b->encryption.size = sizeof b->encryption;
    int status = s3__request_object(&probe, at, err);
    s3__request_free(&probe);
    if (status)
        return status;
    if (copy_texts(b, at, conditions))
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    if (attributes)
        status = copy_attributes(b, attributes, err);
    return status ? status : s3__request_check(&b->attributes, err);
}

void s3__baggage_free(struct s3__baggage *b)
{
    if (!b->alloc)
        return;
    sigv4__string_free(b->alloc, b->bucket);
    sigv4__string_free(b->alloc, b->key);
    sigv4__string_free(b->alloc, b->version_id);
    sigv4__string_free(b->alloc, b->if_match);
    sigv4__string_free(b->alloc, b->if_none_match);
    s3__request_free(&b->attributes);
    OPENSSL_cleanse(b, sizeof *b);
}

const struct s3_attributes *s3__baggage_attributes(struct s3__baggage *b)
{
    s3__request_headers(&b->attributes, b->headers);
    b->stored = (struct s3_attributes){
        .size = sizeof b->stored,
        .encryption = s3__baggage_encryption(b),
        .headers = b->headers,
        .header_count = b->attributes.header_count,
    };
    return b->stored.header_count || b->stored.encryption ? &b->stored : NULL;
}

const struct s3_conditions *s3__baggage_conditions(const struct s3__baggage *b)
{
    return b->if_match || b->if_none_match ? &b->conditions : NULL;
}

const struct s3_encryption *s3__baggage_encryption(const struct s3__baggage *b)
{
    return b->encryption.customer_key.len ? &b->encryption : NULL;
}
