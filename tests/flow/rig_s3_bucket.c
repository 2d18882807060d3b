/* A small S3 in memory: what is in it, what goes wrong, and what tests see of it. */
#include "flow/rig_s3_bucket.h"

#include "base/text.h"
#include "flow/fake_script.h"
#include "flow/rig_s3_inside.h"
#include "wire/crc.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- bytes ---- */

void fake__md5_hex(const void *bytes, size_t n, unsigned char raw[16], char *hex)
{
    EVP_Digest(bytes, n, raw, NULL, EVP_md5(), NULL);
    sigv4__hex(raw, 16, hex);
    hex[32] = '\0';
}

void fake__blob_set(struct fake_bucket *b, struct blob *blob, const char *bytes, size_t n)
{
    unsigned char raw[16];
    free(blob->bytes);
    blob->bytes = fake__must(malloc(n + 1));
    memcpy(blob->bytes, bytes, n);
    blob->bytes[n] = '\0';
    blob->len = n;
    blob->there = true;
    blob->crc = s3__crc64nvme(0, bytes, n);
    fake__md5_hex(bytes, n, raw, blob->etag);
    if (b->plain)
        snprintf(blob->etag, sizeof blob->etag, "opaque-%llx", (unsigned long long)blob->crc);
}

static void blob_clear(struct blob *blob)
{
    free(blob->bytes);
    memset(blob, 0, sizeof *blob);
}

/* ---- finding ---- */

struct object *fake__find(struct fake_bucket *b, const char *key)
{
    for (size_t i = 0; i < OBJECTS; i++)
        if (b->objects[i].blob.there && strcmp(b->objects[i].key, key) == 0)
            return &b->objects[i];
    return NULL;
}

struct object *fake__find_or_make(struct fake_bucket *b, const char *key)
{
    struct object *o = fake__find(b, key);
    for (size_t i = 0; i < OBJECTS && !o; i++)
        if (!b->objects[i].blob.there)
            o = &b->objects[i];
    if (!o)
        fake__die("no room for %s", key);
    snprintf(o->key, sizeof o->key, "%s", key);
    return o;
}

bool fake__parameter(const char *url, const char *name, char *out, size_t cap)
{
    const char *p = strchr(url, '?');
    size_t n = strlen(name);
    while (p) {
        p++;
        if (strncmp(p, name, n) == 0 && p[n] == '=') {
            snprintf(out, cap, "%.*s", (int)strcspn(p + n + 1, "&"), p + n + 1);
            return true;
        }
        p = strchr(p, '&');
    }
    return false;
}

struct upload *fake__find_upload(struct fake_bucket *b, const char *url)
{
    char id[32];
    unsigned n;
    if (!fake__parameter(url, "uploadId", id, sizeof id) || sscanf(id, "upload-%u", &n) != 1 ||
        n >= b->upload_count || !b->uploads[n].open)
        return NULL;
    return &b->uploads[n];
}

void fake__close_upload(struct upload *u)
{
    u->open = false;
    for (size_t i = 0; i < PARTS; i++)
        blob_clear(&u->parts[i]);
}

/* ---- what is asked ---- */

static const char *operation_of(struct fake_bucket *b, const struct fake_request *r)
{
    char text[64];
    bool upload = fake__parameter(r->url, "uploadId", text, sizeof text);
    bool copies = fake_header(b->fake, r, "x-amz-copy-source") != NULL;
    if (strcmp(r->method, "HEAD") == 0)
        return "HeadObject";
    if (strcmp(r->method, "GET") == 0)
        return upload ? "ListParts" : "GetObject";
    if (strcmp(r->method, "POST") == 0)
        return upload ? "CompleteMultipartUpload" : "CreateMultipartUpload";
    if (strcmp(r->method, "DELETE") == 0)
        return upload ? "AbortMultipartUpload" : "DeleteObject";
    if (upload)
        return copies ? "UploadPartCopy" : "UploadPart";
    return copies ? "CopyObject" : "PutObject";
}

static unsigned count_up(struct fake_bucket *b, const char *operation)
{
    for (size_t i = 0; i < OPERATIONS; i++) {
        if (!b->seen[i].name)
            b->seen[i].name = operation;
        if (strcmp(b->seen[i].name, operation) == 0)
            return ++b->seen[i].count;
    }
    return 0;
}

static const struct fake_fault *fault_of(struct fake_bucket *b, const char *operation, unsigned nth)
{
    for (size_t i = 0; i < b->fault_count; i++) {
        const struct fake_fault *f = &b->faults[i];
        if ((strcmp(f->operation, "*") == 0 || strcmp(f->operation, operation) == 0) &&
            (f->nth == 0 || f->nth == nth))
            return f;
    }
    return NULL;
}

static void misbehave(struct fake_bucket *b, const struct fake_fault *f, struct fake_answer *a)
{
    a->outcome = f->outcome;
    a->delay_ms += f->delay_ms;
    if (f->code)
        fake__refuse(b, a, f->status, f->code);
    else if (f->status)
        a->status = f->status;
    if (f->body) {
        a->body = f->body;
        a->body_len = strlen(f->body);
    }
    if (f->header) {
        char usual[sizeof b->headers];
        memcpy(usual, b->headers, sizeof usual);
        snprintf(b->headers, sizeof b->headers, "%s%.1900s", f->header, usual);
    }
    if (f->corrupt && a->body_len) {
        free(b->large);
        b->large = fake__must(malloc(a->body_len));
        memcpy(b->large, a->body, a->body_len);
        b->large[a->body_len / 2] ^= 1;
        a->body = b->large;
    }
}

static void decide(void *ctx, const struct fake_request *r, struct fake_answer *a)
{
    struct fake_bucket *b = ctx;
    const char *operation = operation_of(b, r), *path = strstr(r->url, "amazonaws.com/");
    const struct fake_fault *f = fault_of(b, operation, count_up(b, operation));
    char key[64];
    path = path ? path + strlen("amazonaws.com") : "/";
    snprintf(key, sizeof key, "%.*s", (int)strcspn(path, "?"), path);
    b->headers[0] = b->body[0] = '\0';
    a->status = 200;
    a->body = "";
    a->delay_ms = b->delay_ms;
    if (f && f->strike)
        f->strike(f->ctx);
    if (!f || f->after || (f->outcome == FAKE_ANSWER && !f->code && !f->status) ||
        f->outcome == FAKE_CUT)
        fake__carry_out(b, operation, key, r, a);
    if (f)
        misbehave(b, f, a);
    if (strcmp(r->method, "HEAD") == 0)
        a->body = "", a->body_len = 0;
    a->headers = b->headers;
}

/* ---- for tests ---- */

struct fake_bucket *fake_bucket_new(struct fake *fake)
{
    struct fake_bucket *b = fake__must(calloc(1, sizeof *b));
    b->fake = fake;
    fake_script(fake, (struct fake_answer){.decide = decide, .ctx = b});
    return b;
}

void fake_bucket_free(struct fake_bucket *b)
{
    for (size_t i = 0; i < OBJECTS; i++)
        blob_clear(&b->objects[i].blob);
    for (size_t i = 0; i < UPLOADS; i++)
        fake__close_upload(&b->uploads[i]);
    free(b->large);
    free(b);
}

void fake_bucket_fault(struct fake_bucket *b, struct fake_fault fault)
{
    if (b->fault_count == FAULTS)
        fake__die("too many faults");
    b->faults[b->fault_count++] = fault;
}

void fake_bucket_delay(struct fake_bucket *b, int ms)
{
    b->delay_ms = ms;
}

void fake_bucket_be_plain(struct fake_bucket *b)
{
    b->plain = true;
}

void fake_bucket_put(struct fake_bucket *b, const char *key, const char *bytes, size_t n)
{
    fake__blob_set(b, &fake__find_or_make(b, key)->blob, bytes, n);
}

const char *fake_bucket_get(struct fake_bucket *b, const char *key, size_t *n)
{
    struct object *o = fake__find(b, key);
    if (o && n)
        *n = o->blob.len;
    return o ? o->blob.bytes : NULL;
}

const char *fake_bucket_header(struct fake_bucket *b, const char *key, const char *name)
{
    struct object *o = fake__find(b, key);
    struct fake_request probe = {.headers = o ? o->headers : ""};
    return fake_header(b->fake, &probe, name);
}

unsigned fake_bucket_uploads(const struct fake_bucket *b)
{
    unsigned open = 0;
    for (size_t i = 0; i < UPLOADS; i++)
        open += b->uploads[i].open;
    return open;
}

size_t fake_bucket_parts(const struct fake_bucket *b)
{
    size_t n = 0;
    for (size_t i = 0; i < UPLOADS; i++)
        for (size_t k = 0; k < PARTS; k++)
            n += b->uploads[i].parts[k].there;
    return n;
}

unsigned fake_bucket_count(const struct fake_bucket *b, const char *operation)
{
    for (size_t i = 0; i < OPERATIONS; i++)
        if (b->seen[i].name && strcmp(b->seen[i].name, operation) == 0)
            return b->seen[i].count;
    return 0;
}
