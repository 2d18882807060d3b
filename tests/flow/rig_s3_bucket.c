/* A small S3 in memory. */
#include "flow/rig_s3_bucket.h"

#include "base/text.h"
#include "flow/fake_script.h"
#include "wire/checksum.h"
#include "wire/crc.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { OBJECTS = 16, UPLOADS = 8, PARTS = 64, FAULTS = 16, OPERATIONS = 16 };

struct blob {
    char *bytes;
    size_t len;
    char etag[64];
    uint64_t crc;
    bool there;
};
struct object {
    char key[64], headers[1024];
    struct blob blob;
};
struct upload {
    char key[64], headers[1024];
    bool open;
    struct blob parts[PARTS];
};
struct fake_bucket {
    struct fake *fake;
    struct object objects[OBJECTS];
    struct upload uploads[UPLOADS];
    unsigned upload_count;
    struct fake_fault faults[FAULTS];
    size_t fault_count;
    struct {
        const char *name;
        unsigned count;
    } seen[OPERATIONS];
    int delay_ms;
    bool plain;
    /* The answer being made. */
    char headers[2048], body[16384];
    char *large;
};

/* ---- bytes ---- */

static void md5_hex(const void *bytes, size_t n, unsigned char raw[16], char *hex)
{
    EVP_Digest(bytes, n, raw, NULL, EVP_md5(), NULL);
    sigv4__hex(raw, 16, hex);
    hex[32] = '\0';
}

static void blob_set(struct fake_bucket *b, struct blob *blob, const char *bytes, size_t n)
{
    unsigned char raw[16];
    free(blob->bytes);
    blob->bytes = fake__must(malloc(n + 1));
    memcpy(blob->bytes, bytes, n);
    blob->bytes[n] = '\0';
    blob->len = n;
    blob->there = true;
    blob->crc = s3__crc64nvme(0, bytes, n);
    md5_hex(bytes, n, raw, blob->etag);
    if (b->plain)
        snprintf(blob->etag, sizeof blob->etag, "opaque-%llx", (unsigned long long)blob->crc);
}

static void blob_clear(struct blob *blob)
{
    free(blob->bytes);
    memset(blob, 0, sizeof *blob);
}

/* ---- finding ---- */

static struct object *find(struct fake_bucket *b, const char *key)
{
    for (size_t i = 0; i < OBJECTS; i++)
        if (b->objects[i].blob.there && strcmp(b->objects[i].key, key) == 0)
            return &b->objects[i];
    return NULL;
}

static struct object *find_or_make(struct fake_bucket *b, const char *key)
{
    struct object *o = find(b, key);
    for (size_t i = 0; i < OBJECTS && !o; i++)
        if (!b->objects[i].blob.there)
            o = &b->objects[i];
    if (!o)
        fake__die("no room for %s", key);
    snprintf(o->key, sizeof o->key, "%s", key);
    return o;
}

/* The value of a query parameter, decoded no further. */
static bool parameter(const char *url, const char *name, char *out, size_t cap)
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

static struct upload *find_upload(struct fake_bucket *b, const char *url)
{
    char id[32];
    unsigned n;
    if (!parameter(url, "uploadId", id, sizeof id) || sscanf(id, "upload-%u", &n) != 1 ||
        n >= b->upload_count || !b->uploads[n].open)
        return NULL;
    return &b->uploads[n];
}

/* ---- answers ---- */

static void refuse(struct fake_bucket *b, struct fake_answer *a, int status, const char *code)
{
    snprintf(b->body, sizeof b->body,
             "<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>m</Message></Error>", code);
    a->status = status;
    a->body = b->body;
    a->body_len = strlen(b->body);
    snprintf(b->headers, sizeof b->headers, "Content-Length: %zu\n", a->body_len);
}

static void document(struct fake_bucket *b, struct fake_answer *a)
{
    a->body = b->body;
    a->body_len = strlen(b->body);
    snprintf(b->headers, sizeof b->headers, "Content-Length: %zu\n", a->body_len);
}

static void describe(struct fake_bucket *b, const struct object *o, const char *more)
{
    char crc[S3__CHECKSUM_TEXT_MAX];
    s3__crc_text(S3_CHECKSUM_CRC64NVME, o->blob.crc, crc);
    snprintf(b->headers, sizeof b->headers,
             "ETag: \"%s\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n%s%s%s%s%s", o->blob.etag,
             b->plain ? "" : "x-amz-checksum-crc64nvme: ", b->plain ? "" : crc,
             b->plain ? "" : "\n", o->headers, more);
}

/* ---- operations ---- */

static bool is_damaged(struct fake_bucket *b, const struct fake_request *r)
{
    char crc[S3__CHECKSUM_TEXT_MAX];
    const char *said = fake_header(b->fake, r, "x-amz-checksum-crc64nvme");
    s3__crc_text(S3_CHECKSUM_CRC64NVME, s3__crc64nvme(0, r->body, r->body_len), crc);
    return said && strcmp(said, crc) != 0;
}

static void keep_headers(const struct fake_request *r, char *out, size_t cap)
{
    static const char *const kept[] = {"Content-Type:", "x-amz-meta-"};
    out[0] = '\0';
    for (const char *line = r->headers; line && *line; line = strchr(line, '\n') + 1)
        for (size_t i = 0; i < 2; i++)
            if (strncasecmp(line, kept[i], strlen(kept[i])) == 0)
                snprintf(out + strlen(out), cap - strlen(out), "%.*s\n", (int)strcspn(line, "\n"),
                         line);
}

/* If-None-Match: * and If-Match on writing. */
static bool is_forbidden(struct fake_bucket *b, const struct fake_request *r, const char *key)
{
    const char *none = fake_header(b->fake, r, "If-None-Match");
    return none && strcmp(none, "*") == 0 && find(b, key);
}

static void put_object(struct fake_bucket *b, const struct fake_request *r, const char *key,
                       struct fake_answer *a)
{
    if (is_damaged(b, r)) {
        refuse(b, a, 400, "BadDigest");
        return;
    }
    if (is_forbidden(b, r, key)) {
        refuse(b, a, 412, "PreconditionFailed");
        return;
    }
    struct object *o = find_or_make(b, key);
    blob_set(b, &o->blob, r->body, r->body_len);
    keep_headers(r, o->headers, sizeof o->headers);
    describe(b, o, "Content-Length: 0\n");
}

static void get_object(struct fake_bucket *b, const struct fake_request *r, const char *key,
                       struct fake_answer *a)
{
    char more[128];
    struct object *o = find(b, key);
    const char *match = fake_header(b->fake, r, "If-Match");
    const char *range = fake_header(b->fake, r, "Range");
    if (!o) {
        refuse(b, a, 404, "NoSuchKey");
        return;
    }
    if (match && strncmp(match + 1, o->blob.etag, strlen(o->blob.etag)) != 0) {
        refuse(b, a, 412, "PreconditionFailed");
        return;
    }
    unsigned long long first = 0, last = o->blob.len ? o->blob.len - 1 : 0;
    if (range && (sscanf(range, "bytes=%llu-%llu", &first, &last) < 1 || first >= o->blob.len)) {
        refuse(b, a, 416, "InvalidRange");
        return;
    }
    if (last >= o->blob.len)
        last = o->blob.len ? o->blob.len - 1 : 0;
    size_t n = o->blob.len ? (size_t)(last - first + 1) : 0;
    snprintf(more, sizeof more, "Content-Length: %zu\n", n);
    if (range) {
        a->status = 206;
        snprintf(more, sizeof more, "Content-Length: %zu\nContent-Range: bytes %llu-%llu/%zu\n", n,
                 first, last, o->blob.len);
    }
    describe(b, o, more);
    if (strcmp(r->method, "GET") == 0) {
        a->body = o->blob.bytes + first;
        a->body_len = n;
    }
}

static void create(struct fake_bucket *b, const struct fake_request *r, const char *key,
                   struct fake_answer *a)
{
    if (b->upload_count == UPLOADS)
        fake__die("too many uploads");
    struct upload *u = &b->uploads[b->upload_count];
    snprintf(u->key, sizeof u->key, "%s", key);
    keep_headers(r, u->headers, sizeof u->headers);
    u->open = true;
    snprintf(b->body, sizeof b->body,
             "<InitiateMultipartUploadResult><UploadId>upload-%u</UploadId>"
             "</InitiateMultipartUploadResult>",
             b->upload_count++);
    document(b, a);
}

static struct blob *part_of(struct upload *u, const char *url)
{
    char text[16];
    if (!parameter(url, "partNumber", text, sizeof text) || atoi(text) < 1 || atoi(text) > PARTS)
        return NULL;
    return &u->parts[atoi(text) - 1];
}

static void upload_part(struct fake_bucket *b, const struct fake_request *r, struct fake_answer *a)
{
    struct upload *u = find_upload(b, r->url);
    struct blob *part = u ? part_of(u, r->url) : NULL;
    if (!part) {
        refuse(b, a, 404, "NoSuchUpload");
    } else if (is_damaged(b, r)) {
        refuse(b, a, 400, "BadDigest");
    } else {
        blob_set(b, part, r->body, r->body_len);
        snprintf(b->headers, sizeof b->headers, "ETag: \"%s\"\nContent-Length: 0\n", part->etag);
    }
}

static struct object *find_source(struct fake_bucket *b, const struct fake_request *r)
{
    const char *source = fake_header(b->fake, r, "x-amz-copy-source");
    const char *slash = source ? strchr(source + 1, '/') : NULL;
    return slash ? find(b, slash) : NULL;
}

static bool source_changed(struct fake_bucket *b, const struct fake_request *r,
                           const struct object *o)
{
    const char *match = fake_header(b->fake, r, "x-amz-copy-source-if-match");
    return match && strncmp(match + 1, o->blob.etag, strlen(o->blob.etag)) != 0;
}

static void copy_part(struct fake_bucket *b, const struct fake_request *r, struct fake_answer *a)
{
    struct upload *u = find_upload(b, r->url);
    struct blob *part = u ? part_of(u, r->url) : NULL;
    struct object *o = find_source(b, r);
    const char *range = fake_header(b->fake, r, "x-amz-copy-source-range");
    unsigned long long first, last;
    if (!part || !o) {
        refuse(b, a, 404, part ? "NoSuchKey" : "NoSuchUpload");
    } else if (source_changed(b, r, o)) {
        refuse(b, a, 412, "PreconditionFailed");
    } else if (!range || sscanf(range, "bytes=%llu-%llu", &first, &last) != 2 ||
               last >= o->blob.len) {
        refuse(b, a, 400, "InvalidArgument");
    } else {
        char crc[S3__CHECKSUM_TEXT_MAX];
        blob_set(b, part, o->blob.bytes + first, (size_t)(last - first + 1));
        s3__crc_text(S3_CHECKSUM_CRC64NVME, part->crc, crc);
        snprintf(b->body, sizeof b->body,
                 "<CopyPartResult><ETag>\"%s\"</ETag><ChecksumCRC64NVME>%s</ChecksumCRC64NVME>"
                 "</CopyPartResult>",
                 part->etag, crc);
        document(b, a);
    }
}

static void copy_object(struct fake_bucket *b, const struct fake_request *r, const char *key,
                        struct fake_answer *a)
{
    struct object *from = find_source(b, r);
    if (!from) {
        refuse(b, a, 404, "NoSuchKey");
        return;
    }
    if (source_changed(b, r, from)) {
        refuse(b, a, 412, "PreconditionFailed");
        return;
    }
    struct object *to = find_or_make(b, key);
    blob_set(b, &to->blob, from->blob.bytes, from->blob.len);
    if (fake_header(b->fake, r, "x-amz-metadata-directive"))
        keep_headers(r, to->headers, sizeof to->headers);
    else
        memcpy(to->headers, from->headers, sizeof to->headers);
    snprintf(b->body, sizeof b->body, "<CopyObjectResult><ETag>\"%s\"</ETag></CopyObjectResult>",
             to->blob.etag);
    document(b, a);
}

/* The listed parts in order, joined; NULL: they are not those that came. */
static char *join(struct upload *u, const char *list, size_t *len, unsigned *count,
                  unsigned char md5s[16 * PARTS])
{
    char *joined = fake__must(calloc(1, 1));
    unsigned number, before = 0;
    char etag[64];
    *len = *count = 0;
    for (const char *p = list; (p = strstr(p, "<Part>")) != NULL; p++) {
        if (sscanf(p, "<Part><PartNumber>%u</PartNumber><ETag>&quot;%63[^&]", &number, etag) != 2 ||
            number <= before || number > PARTS || !u->parts[number - 1].there ||
            strcmp(u->parts[number - 1].etag, etag) != 0) {
            free(joined);
            return NULL;
        }
        struct blob *part = &u->parts[number - 1];
        joined = fake__must(realloc(joined, *len + part->len + 1));
        memcpy(joined + *len, part->bytes, part->len);
        EVP_Digest(part->bytes, part->len, md5s + 16 * *count, NULL, EVP_md5(), NULL);
        *len += part->len;
        before = number;
        ++*count;
    }
    return joined;
}

static void close_upload(struct upload *u)
{
    u->open = false;
    for (size_t i = 0; i < PARTS; i++)
        blob_clear(&u->parts[i]);
}

static void complete(struct fake_bucket *b, const struct fake_request *r, const char *key,
                     struct fake_answer *a)
{
    unsigned char md5s[16 * PARTS], raw[16];
    struct upload *u = find_upload(b, r->url);
    size_t len;
    unsigned count;
    if (!u) {
        refuse(b, a, 404, "NoSuchUpload");
        return;
    }
    char *joined = join(u, r->body, &len, &count, md5s);
    struct fake_request whole = *r;
    whole.body = joined;
    whole.body_len = len;
    if (!joined || !count) {
        refuse(b, a, 400, "InvalidPart");
    } else if (is_damaged(b, &whole)) {
        refuse(b, a, 400, "BadDigest");
    } else if (is_forbidden(b, r, key)) {
        refuse(b, a, 412, "PreconditionFailed");
    } else {
        struct object *o = find_or_make(b, key);
        blob_set(b, &o->blob, joined, len);
        memcpy(o->headers, u->headers, sizeof o->headers);
        if (!b->plain) {
            md5_hex(md5s, 16 * count, raw, o->blob.etag);
            sprintf(o->blob.etag + 32, "-%u", count);
        }
        close_upload(u);
        snprintf(b->body, sizeof b->body,
                 "<CompleteMultipartUploadResult><ETag>\"%s\"</ETag>"
                 "</CompleteMultipartUploadResult>",
                 o->blob.etag);
        document(b, a);
    }
    free(joined);
}

static void list_parts(struct fake_bucket *b, const struct fake_request *r, struct fake_answer *a)
{
    struct upload *u = find_upload(b, r->url);
    if (!u) {
        refuse(b, a, 404, "NoSuchUpload");
        return;
    }
    size_t n = (size_t)snprintf(b->body, sizeof b->body, "<ListPartsResult>");
    for (int i = 0; i < PARTS; i++) {
        char crc[S3__CHECKSUM_TEXT_MAX];
        if (!u->parts[i].there)
            continue;
        s3__crc_text(S3_CHECKSUM_CRC64NVME, u->parts[i].crc, crc);
        n += (size_t)snprintf(b->body + n, sizeof b->body - n,
                              "<Part><PartNumber>%d</PartNumber><ETag>\"%s\"</ETag><Size>%zu</Size>"
                              "%s%s%s</Part>",
                              i + 1, u->parts[i].etag, u->parts[i].len,
                              b->plain ? "" : "<ChecksumCRC64NVME>", b->plain ? "" : crc,
                              b->plain ? "" : "</ChecksumCRC64NVME>");
    }
    snprintf(b->body + n, sizeof b->body - n, "</ListPartsResult>");
    document(b, a);
}

static void abort_upload(struct fake_bucket *b, const struct fake_request *r, struct fake_answer *a)
{
    struct upload *u = find_upload(b, r->url);
    if (u) {
        close_upload(u);
        a->status = 204;
    } else {
        refuse(b, a, 404, "NoSuchUpload");
    }
}

/* ---- what is asked ---- */

static const char *operation_of(struct fake_bucket *b, const struct fake_request *r)
{
    char text[64];
    bool upload = parameter(r->url, "uploadId", text, sizeof text);
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

static void carry_out(struct fake_bucket *b, const char *operation, const char *key,
                      const struct fake_request *r, struct fake_answer *a)
{
    if (strcmp(operation, "PutObject") == 0)
        put_object(b, r, key, a);
    else if (strcmp(operation, "GetObject") == 0 || strcmp(operation, "HeadObject") == 0)
        get_object(b, r, key, a);
    else if (strcmp(operation, "CreateMultipartUpload") == 0)
        create(b, r, key, a);
    else if (strcmp(operation, "UploadPart") == 0)
        upload_part(b, r, a);
    else if (strcmp(operation, "UploadPartCopy") == 0)
        copy_part(b, r, a);
    else if (strcmp(operation, "CopyObject") == 0)
        copy_object(b, r, key, a);
    else if (strcmp(operation, "CompleteMultipartUpload") == 0)
        complete(b, r, key, a);
    else if (strcmp(operation, "ListParts") == 0)
        list_parts(b, r, a);
    else if (strcmp(operation, "AbortMultipartUpload") == 0)
        abort_upload(b, r, a);
    else
        refuse(b, a, 501, "NotImplemented");
}

static void misbehave(struct fake_bucket *b, const struct fake_fault *f, struct fake_answer *a)
{
    a->outcome = f->outcome;
    a->delay_ms += f->delay_ms;
    if (f->code)
        refuse(b, a, f->status, f->code);
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
        carry_out(b, operation, key, r, a);
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
        close_upload(&b->uploads[i]);
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
    blob_set(b, &find_or_make(b, key)->blob, bytes, n);
}

const char *fake_bucket_get(struct fake_bucket *b, const char *key, size_t *n)
{
    struct object *o = find(b, key);
    if (o && n)
        *n = o->blob.len;
    return o ? o->blob.bytes : NULL;
}

const char *fake_bucket_header(struct fake_bucket *b, const char *key, const char *name)
{
    struct object *o = find(b, key);
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
