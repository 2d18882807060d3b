/* What the fake bucket does with each operation. */
#include "flow/fake_script.h"
#include "flow/rig_s3_inside.h"
#include "wire/checksum.h"
#include "wire/crc.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- answers ---- */

void fake__refuse(struct fake_bucket *b, struct fake_answer *a, int status, const char *code)
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
    return none && strcmp(none, "*") == 0 && fake__find(b, key);
}

static void put_object(struct fake_bucket *b, const struct fake_request *r, const char *key,
                       struct fake_answer *a)
{
    if (is_damaged(b, r)) {
        fake__refuse(b, a, 400, "BadDigest");
        return;
    }
    if (is_forbidden(b, r, key)) {
        fake__refuse(b, a, 412, "PreconditionFailed");
        return;
    }
    struct object *o = fake__find_or_make(b, key);
    fake__blob_set(b, &o->blob, r->body, r->body_len);
    keep_headers(r, o->headers, sizeof o->headers);
    describe(b, o, "Content-Length: 0\n");
}

static void get_object(struct fake_bucket *b, const struct fake_request *r, const char *key,
                       struct fake_answer *a)
{
    char more[128];
    struct object *o = fake__find(b, key);
    const char *match = fake_header(b->fake, r, "If-Match");
    const char *range = fake_header(b->fake, r, "Range");
    if (!o) {
        fake__refuse(b, a, 404, "NoSuchKey");
        return;
    }
    if (match && strncmp(match + 1, o->blob.etag, strlen(o->blob.etag)) != 0) {
        fake__refuse(b, a, 412, "PreconditionFailed");
        return;
    }
    unsigned long long first = 0, last = o->blob.len ? o->blob.len - 1 : 0;
    if (range && (sscanf(range, "bytes=%llu-%llu", &first, &last) < 1 || first >= o->blob.len)) {
        fake__refuse(b, a, 416, "InvalidRange");
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
    if (!fake__parameter(url, "partNumber", text, sizeof text) || atoi(text) < 1 ||
        atoi(text) > PARTS)
        return NULL;
    return &u->parts[atoi(text) - 1];
}

static void upload_part(struct fake_bucket *b, const struct fake_request *r, struct fake_answer *a)
{
    struct upload *u = fake__find_upload(b, r->url);
    struct blob *part = u ? part_of(u, r->url) : NULL;
    if (!part) {
        fake__refuse(b, a, 404, "NoSuchUpload");
    } else if (is_damaged(b, r)) {
        fake__refuse(b, a, 400, "BadDigest");
    } else {
        fake__blob_set(b, part, r->body, r->body_len);
        snprintf(b->headers, sizeof b->headers, "ETag: \"%s\"\nContent-Length: 0\n", part->etag);
    }
}

static struct object *find_source(struct fake_bucket *b, const struct fake_request *r)
{
    const char *source = fake_header(b->fake, r, "x-amz-copy-source");
    const char *slash = source ? strchr(source + 1, '/') : NULL;
    return slash ? fake__find(b, slash) : NULL;
}

static bool source_changed(struct fake_bucket *b, const struct fake_request *r,
                           const struct object *o)
{
    const char *match = fake_header(b->fake, r, "x-amz-copy-source-if-match");
    return match && strncmp(match + 1, o->blob.etag, strlen(o->blob.etag)) != 0;
}

static void copy_part(struct fake_bucket *b, const struct fake_request *r, struct fake_answer *a)
{
    struct upload *u = fake__find_upload(b, r->url);
    struct blob *part = u ? part_of(u, r->url) : NULL;
    struct object *o = find_source(b, r);
    const char *range = fake_header(b->fake, r, "x-amz-copy-source-range");
    unsigned long long first, last;
    if (!part || !o) {
        fake__refuse(b, a, 404, part ? "NoSuchKey" : "NoSuchUpload");
    } else if (source_changed(b, r, o)) {
        fake__refuse(b, a, 412, "PreconditionFailed");
    } else if (!range || sscanf(range, "bytes=%llu-%llu", &first, &last) != 2 ||
               last >= o->blob.len) {
        fake__refuse(b, a, 400, "InvalidArgument");
    } else {
        char crc[S3__CHECKSUM_TEXT_MAX];
        fake__blob_set(b, part, o->blob.bytes + first, (size_t)(last - first + 1));
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
        fake__refuse(b, a, 404, "NoSuchKey");
        return;
    }
    if (source_changed(b, r, from)) {
        fake__refuse(b, a, 412, "PreconditionFailed");
        return;
    }
    struct object *to = fake__find_or_make(b, key);
    fake__blob_set(b, &to->blob, from->blob.bytes, from->blob.len);
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

static void complete(struct fake_bucket *b, const struct fake_request *r, const char *key,
                     struct fake_answer *a)
{
    unsigned char md5s[16 * PARTS], raw[16];
    struct upload *u = fake__find_upload(b, r->url);
    size_t len;
    unsigned count;
    if (!u) {
        fake__refuse(b, a, 404, "NoSuchUpload");
        return;
    }
    char *joined = join(u, r->body, &len, &count, md5s);
    struct fake_request whole = *r;
    whole.body = joined;
    whole.body_len = len;
    if (!joined || !count) {
        fake__refuse(b, a, 400, "InvalidPart");
    } else if (is_damaged(b, &whole)) {
        fake__refuse(b, a, 400, "BadDigest");
    } else if (is_forbidden(b, r, key)) {
        fake__refuse(b, a, 412, "PreconditionFailed");
    } else {
        struct object *o = fake__find_or_make(b, key);
        fake__blob_set(b, &o->blob, joined, len);
        memcpy(o->headers, u->headers, sizeof o->headers);
        if (!b->plain) {
            fake__md5_hex(md5s, 16 * count, raw, o->blob.etag);
            sprintf(o->blob.etag + 32, "-%u", count);
        }
        fake__close_upload(u);
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
    struct upload *u = fake__find_upload(b, r->url);
    if (!u) {
        fake__refuse(b, a, 404, "NoSuchUpload");
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
    struct upload *u = fake__find_upload(b, r->url);
    if (u) {
        fake__close_upload(u);
        a->status = 204;
    } else {
        fake__refuse(b, a, 404, "NoSuchUpload");
    }
}

void fake__carry_out(struct fake_bucket *b, const char *operation, const char *key,
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
        fake__refuse(b, a, 501, "NotImplemented");
}
