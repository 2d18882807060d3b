#include "errand.h"

#include <jansson.h>
#include <kinesis/kinesis.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <s3/s3.h>
#include <stdio.h>
#include <stdlib.h>

enum { FULL_BODY = 1024 * 1024, FULL_RECORDS = 500, BESIDE_DATA = 64 };

/* ---- bodies ---- */

static size_t encoded(size_t bytes)
{
    return 4 * ((bytes + 2) / 3);
}

/* {"StreamName":"...","Records":[...]}. The data is random: what can be compressed on the way would
 * flatter it. */
static char *put_body(const struct errand_settings *s, size_t records)
{
    char *body = malloc(strlen(s->stream) + BESIDE_DATA +
                        records * (encoded(s->record_bytes) + BESIDE_DATA)),
         *at = body;
    unsigned char *data = malloc(s->record_bytes + 1);
    if (!body || !data || RAND_bytes(data, (int)s->record_bytes) != 1) {
        free(data);
        free(body);
        return NULL;
    }
    at += sprintf(at, "{\"StreamName\":\"%s\",\"Records\":[", s->stream);
    for (size_t i = 0; i < records; i++) {
        at += sprintf(at, "%s{\"PartitionKey\":\"%zu\",\"Data\":\"", i ? "," : "", i);
        at += EVP_EncodeBlock((unsigned char *)at, data, (int)s->record_bytes);
        at += sprintf(at, "\"}");
    }
    sprintf(at, "]}");
    free(data);
    return body;
}

static size_t fitting_records(size_t record_bytes)
{
    size_t fit = FULL_BODY / (encoded(record_bytes) + BESIDE_DATA);
    return fit < 1 ? 1 : fit > FULL_RECORDS ? FULL_RECORDS : fit;
}

/* "/bucket/key", each byte that is not unreserved as %XX. */
static char *object_path(const char *bucket, const char *key)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    char *path = malloc(strlen(bucket) + 3 * strlen(key) + 3), *at = path;
    if (!path)
        return NULL;
    at += sprintf(at, "/%s/", bucket);
    for (; *key; key++)
        at += sprintf(at, strchr(plain, *key) ? "%c" : "%%%02X", (unsigned char)*key);
    return path;
}

bool errand_init(struct errand *e, const struct errand_settings *s)
{
    *e = (struct errand){.service_id = s->bucket   ? "S3"
                                       : s->stream ? "KINESIS"
                                                   : s->service_id,
                         .record_bytes = s->record_bytes};
    if (s->stream) {
        e->headers[0] = (struct sigv4_header){SIGV4_LIT("Content-Type"),
                                              SIGV4_LIT("application/x-amz-json-1.1")};
        e->headers[1] = (struct sigv4_header){SIGV4_LIT("X-Amz-Target"),
                                              SIGV4_LIT("Kinesis_20131202.PutRecords")};
        e->small_records = 1;
        e->full_records = fitting_records(s->record_bytes);
        e->small = put_body(s, e->small_records);
        e->full = put_body(s, e->full_records);
        return e->small && e->full;
    }
    if (s->bucket)
        e->path = object_path(s->bucket, s->key);
    return !s->bucket || e->path;
}

void errand_free(struct errand *e)
{
    free(e->small);
    free(e->full);
    free(e->path);
    *e = (struct errand){0};
}

bool errand_has_payload(const struct errand *e)
{
    return e->small || e->path;
}

/* ---- the request ---- */

static struct sigv4_request put_request(struct errand *e, bool full)
{
    e->body = sigv4_str(full ? e->full : e->small);
    return (struct sigv4_request){.size = sizeof(struct sigv4_request),
                                  .service_id = "KINESIS",
                                  .resolve = kinesis_resolve,
                                  .operation = "PutRecords",
                                  .method = SIGV4_LIT("POST"),
                                  .path = SIGV4_LIT("/"),
                                  .headers = e->headers,
                                  .header_count = 2,
                                  .body = &e->body,
                                  .body_count = 1,
                                  .max_attempts = 1};
}

struct sigv4_request errand_request(struct errand *e, bool full)
{
    static const struct s3_place service = {.size = sizeof service};
    if (e->small)
        return put_request(e, full);
    struct sigv4_request r = {.size = sizeof r,
                              .service_id = e->service_id,
                              .resolve = kinesis_resolve,
                              .operation = "GET",
                              .method = SIGV4_LIT("GET"),
                              .path = sigv4_str(e->path ? e->path : "/"),
                              .max_attempts = 1,
                              .flags = e->path ? 0 : SIGV4_UNSIGNED};
    if (strcmp(e->service_id, "S3") == 0) {
        r.resolve = s3_resolve;
        r.resolve_ctx = (void *)(uintptr_t)&service;
    }
    return r;
}

/* ---- the answer ---- */

static uint64_t records_refused(struct sigv4_slice body)
{
    json_t *answer = json_loadb((const char *)body.ptr, body.len, 0, NULL);
    json_int_t refused = json_integer_value(json_object_get(answer, "FailedRecordCount"));
    json_decref(answer);
    return refused > 0 ? (uint64_t)refused : 0;
}

bool errand_succeeded(const struct errand *e, const struct sigv4_response *response)
{
    return errand_has_payload(e) ? response->error == NULL : response->http_status != 0;
}

uint64_t errand_payload(const struct errand *e, bool full, const struct sigv4_response *response)
{
    if (!e->small)
        return response->body.len;
    uint64_t records = full ? e->full_records : e->small_records;
    return (records - records_refused(response->body)) * e->record_bytes;
}
