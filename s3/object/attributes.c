/* Attributes, encryption and conditions into headers. */
#include "object/attributes.h"

#include "base/digest.h"
#include "base/fail.h"
#include "base/text.h"
#include "wire/checksum.h"
#include "wire/key.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <time.h>

static bool is_ascii(struct sigv4_slice s)
{
    const unsigned char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (p[i] < 0x20 || p[i] > 0x7E)
            return false;
    return true;
}

/* S3's answer to other characters differs from service to service (facts, 6.1): none are sent. */
static int add_metadata(struct s3__request *r, const struct s3_attributes *a,
                        struct sigv4_error *err)
{
    for (size_t i = 0; i < a->metadata_count; i++) {
        const struct sigv4_header *m = &a->metadata[i];
        if (m->name.len == 0 || !is_ascii(m->name) || !is_ascii(m->value))
            return sigv4__fail(err, SIGV4_E_INVALID,
                               "%s: metadata '%.*s' is not plain ASCII; encode it", r->operation,
                               (int)(m->name.len > 64 ? 64 : m->name.len),
                               m->name.len ? (const char *)m->name.ptr : "");
        s3__request_header_at(r, "x-amz-meta-", m->name, m->value);
    }
    return SIGV4_OK;
}

/* The three headers of a customer's key, each beginning with prefix. */
static int add_key(struct s3__request *r, const char *prefix, struct sigv4_slice key,
                   struct sigv4_error *err)
{
    char text[48], name[96];
    unsigned char md5[SIGV4__MD5_LEN];
    struct sigv4__digest *digest = NULL;
    if (key.len == 0)
        return SIGV4_OK;
    if (key.len != 32)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "%s: the customer's key has %zu bytes, it must have 32", r->operation,
                           key.len);
    int status = sigv4__digest_new_md5(&digest, r->client->alloc);
    if (status == SIGV4_OK)
        status = sigv4__digest_begin(digest);
    if (status == SIGV4_OK)
        status = sigv4__digest_add(digest, key.ptr, key.len);
    if (status == SIGV4_OK)
        status = sigv4__digest_end(digest, md5);
    sigv4__digest_free(digest);
    if (status)
        return sigv4__fail(err, status, "%s: cannot hash the customer's key", r->operation);
    r->secret = true;
    snprintf(name, sizeof name, "%salgorithm", prefix);
    s3__request_header_str(r, name, "AES256");
    snprintf(name, sizeof name, "%skey", prefix);
    s3__base64(key.ptr, key.len, text);
    s3__request_header_str(r, name, text);
    snprintf(name, sizeof name, "%skey-MD5", prefix);
    s3__base64(md5, sizeof md5, text);
    s3__request_header_str(r, name, text);
    OPENSSL_cleanse(text, sizeof text);
    return SIGV4_OK;
}

int s3__add_customer_key(struct s3__request *r, const struct s3_encryption *encryption,
                         struct sigv4_error *err)
{
    return encryption
               ? add_key(r, "x-amz-server-side-encryption-customer-", encryption->customer_key, err)
               : SIGV4_OK;
}

int s3__add_source_key(struct s3__request *r, struct sigv4_slice key, struct sigv4_error *err)
{
    return add_key(r, "x-amz-copy-source-server-side-encryption-customer-", key, err);
}

static int add_encryption(struct s3__request *r, const struct s3_encryption *e,
                          struct sigv4_error *err)
{
    s3__request_header_str(r, "x-amz-server-side-encryption", e->algorithm);
    s3__request_header_str(r, "x-amz-server-side-encryption-aws-kms-key-id", e->kms_key_id);
    s3__request_header_str(r, "x-amz-server-side-encryption-context", e->kms_context);
    if (e->bucket_key)
        s3__request_header_str(r, "x-amz-server-side-encryption-bucket-key-enabled", "true");
    return s3__add_customer_key(r, e, err);
}

int s3__add_attributes(struct s3__request *r, const struct s3_attributes *a,
                       struct sigv4_error *err)
{
    if (!a)
        return SIGV4_OK;
    s3__request_header_str(r, "Content-Type", a->content_type);
    s3__request_header_str(r, "Content-Encoding", a->content_encoding);
    s3__request_header_str(r, "Content-Disposition", a->content_disposition);
    s3__request_header_str(r, "Content-Language", a->content_language);
    s3__request_header_str(r, "Cache-Control", a->cache_control);
    s3__request_header_str(r, "x-amz-storage-class", a->storage_class);
    s3__request_header_str(r, "x-amz-acl", a->acl);
    for (size_t i = 0; i < a->header_count; i++)
        s3__request_header_at(r, "", a->headers[i].name, a->headers[i].value);
    int status = add_metadata(r, a, err);
    if (status == SIGV4_OK && a->encryption)
        status = add_encryption(r, a->encryption, err);
    return status;
}

bool s3__describes_content(const struct s3__request *r)
{
    static const char *const names[] = {"content-", "cache-control", "expires", "x-amz-meta-",
                                        "x-amz-website-redirect-location"};
    for (size_t i = 0; i < r->header_count; i++) {
        struct sigv4_slice name = {r->text.ptr + r->headers[i].name, r->headers[i].name_len};
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (sigv4__equal_nocase(sigv4__first(name, strlen(names[k])), sigv4_str(names[k])))
                return true;
    }
    return false;
}

void s3__add_etag(struct s3__request *r, const char *name, const char *etag)
{
    char quoted[512];
    if (!etag || !*etag)
        return;
    bool bare = strcmp(etag, "*") != 0 && *etag != '"';
    int n = snprintf(quoted, sizeof quoted, bare ? "\"%s\"" : "%s", etag);
    if (n >= (int)sizeof quoted)
        r->failed = SIGV4_E_TOO_LARGE;
    else
        s3__request_header_str(r, name, quoted);
}

static void add_time(struct s3__request *r, const char *name, int64_t unix_seconds)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    struct tm tm;
    time_t t = (time_t)unix_seconds;
    if (unix_seconds == 0 || !gmtime_r(&t, &tm))
        return;
    snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    s3__request_header_str(r, name, text);
}

void s3__add_conditions(struct s3__request *r, const struct s3_conditions *c)
{
    if (!c)
        return;
    s3__add_etag(r, "If-Match", c->if_match);
    s3__add_etag(r, "If-None-Match", c->if_none_match);
    add_time(r, "If-Modified-Since", c->if_modified_since_unix);
    add_time(r, "If-Unmodified-Since", c->if_unmodified_since_unix);
}

void s3__add_source_conditions(struct s3__request *r, const struct s3_conditions *c)
{
    if (!c)
        return;
    s3__add_etag(r, "x-amz-copy-source-if-match", c->if_match);
    s3__add_etag(r, "x-amz-copy-source-if-none-match", c->if_none_match);
    add_time(r, "x-amz-copy-source-if-modified-since", c->if_modified_since_unix);
    add_time(r, "x-amz-copy-source-if-unmodified-since", c->if_unmodified_since_unix);
}

int s3__add_copy_source(struct s3__request *r, const struct s3_at *from, struct sigv4_error *err)
{
    struct sigv4__buffer b, query;
    if (!from || !from->bucket || !from->key || !*from->key)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: the source is missing", r->operation);
    sigv4__buffer_init(&b, r->client->alloc, S3__REQUEST_TEXT);
    sigv4__buffer_init(&query, r->client->alloc, S3__REQUEST_TEXT);
    /* An access point's objects have names of their own. */
    bool arn = sigv4__starts_with(sigv4_str(from->bucket), "arn:");
    sigv4__buffer_str(&b, arn ? "" : "/");
    sigv4__buffer_str(&b, from->bucket);
    sigv4__buffer_str(&b, arn ? "/object" : "");
    s3__key_path(&b, sigv4_str(from->key));
    if (from->version_id && *from->version_id) {
        s3__query_add(&query, "versionId", sigv4_str(from->version_id));
        sigv4__buffer_char(&b, '?');
        sigv4__buffer_slice(&b, sigv4__buffer_view(&query));
    }
    int failed = b.failed ? b.failed : query.failed;
    if (failed)
        r->failed = failed;
    else
        s3__request_header(r, "x-amz-copy-source", sigv4__buffer_view(&b));
    sigv4__buffer_free(&b);
    sigv4__buffer_free(&query);
    return SIGV4_OK;
}
