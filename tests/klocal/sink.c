/* --sink: answers as fast as the bytes can be read, for benchmarks. Nothing is verified or kept.
 *
 * PutRecords: one result per '{' in the body but the first, from a text made once per count.
 * GetRecords: records whose size is the number at the end of the stream's name, as many as Limit
 * says, made once per size and limit.
 * S3: uploads vanish; a key that ends in a number is an object of that many bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "request.h"
#include "sequence.h"
#include "shard.h"
#include "sink.h"

#define BATCH_MAX    500
#define RECORDS_MAX  10000
#define ANSWER_MAX   ((size_t)10 << 20)
#define PATTERN_SIZE ((size_t)1 << 20)
#define ETAG         "\"00000000000000000000000000000000\""

struct sink_request {
    size_t braces;
    char start[512]; /* the first bytes of the body, for small requests */
    size_t start_length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct MHD_Response *put_answers[BATCH_MAX + 1];
static struct {
    size_t size, limit;
    struct MHD_Response *answer;
} read_answers[16];
static size_t read_answer_count;
static unsigned char pattern[PATTERN_SIZE];

bool sink_takes(const struct request *request)
{
    const char *target = request_header(request, "x-amz-target");
    if (request->service == &service_kinesis && target != NULL)
        return strstr(target, ".PutRecord") != NULL || strstr(target, ".GetRecords") != NULL ||
               strstr(target, ".GetShardIterator") != NULL;
    /* Buckets stay real: only what has a key vanishes. */
    return request->service == &service_s3 && strchr(request->path + 1, '/') != NULL &&
           strchr(request->path + 1, '/')[1] != '\0';
}

/* The digits a text ends with, before an optional quote. */
static size_t trailing_number(const char *text, size_t length, size_t fallback)
{
    size_t start = length;
    while (start > 0 && text[start - 1] >= '0' && text[start - 1] <= '9')
        start--;
    return start == length ? fallback : (size_t)strtoull(text + start, NULL, 10);
}

static struct MHD_Response *ready(struct text *text, const char *type)
{
    size_t length = text->length;
    struct MHD_Response *answer =
        MHD_create_response_from_buffer(length, text_take(text), MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(answer, "Content-Type", type);
    MHD_add_response_header(answer, "x-amzn-RequestId", "00000000-0000-0000-0000-000000000000");
    return answer;
}

static struct MHD_Response *put_answer(size_t count)
{
    count = count > BATCH_MAX ? BATCH_MAX : count;
    pthread_mutex_lock(&lock);
    if (put_answers[count] == NULL) {
        struct text text = {0};
        text_puts(&text, "{\"FailedRecordCount\":0,\"Records\":[");
        for (size_t i = 0; i < count; i++) {
            char number[SEQUENCE_SIZE];
            struct sequence sequence = {.micros = 1700000000000000, .counter = i};
            sequence_format(sequence, number);
            text_printf(&text, "%s{\"SequenceNumber\":\"%s\",\"ShardId\":\"shardId-000000000000\"}",
                        i > 0 ? "," : "", number);
        }
        text_puts(&text, "]}");
        put_answers[count] = ready(&text, "application/x-amz-json-1.1");
    }
    struct MHD_Response *answer = put_answers[count];
    pthread_mutex_unlock(&lock);
    return answer;
}

static void put_records(struct text *text, size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char number[SEQUENCE_SIZE];
        struct sequence sequence = {.micros = 1700000000000000, .counter = i};
        sequence_format(sequence, number);
        text_printf(text,
                    "%s{\"SequenceNumber\":\"%s\",\"ApproximateArrivalTimestamp\":1.7E9,"
                    "\"Data\":\"",
                    i > 0 ? "," : "", number);
        text_put_base64(text, pattern + i % 1024, size);
        text_printf(text, "\",\"PartitionKey\":\"key-%zu\"}", i);
    }
}

static struct MHD_Response *make_read_answer(size_t size, size_t limit)
{
    struct text text = {0};
    size_t count = ANSWER_MAX / (size + 12);
    text_puts(&text, "{\"Records\":[");
    put_records(&text, size, count > limit ? limit : count);
    text_printf(&text, "],\"NextShardIterator\":\"sink-%zu\",\"MillisBehindLatest\":1000}", size);
    return ready(&text, "application/x-amz-json-1.1");
}

static struct MHD_Response *read_answer(size_t size, size_t limit)
{
    struct MHD_Response *answer = NULL;
    limit = limit > RECORDS_MAX || limit == 0 ? RECORDS_MAX : limit;
    size = size > PATTERN_SIZE - 1024 ? PATTERN_SIZE - 1024 : size;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < read_answer_count; i++)
        if (read_answers[i].size == size && read_answers[i].limit == limit)
            answer = read_answers[i].answer;
    if (answer == NULL && read_answer_count < sizeof read_answers / sizeof read_answers[0]) {
        answer = make_read_answer(size, limit);
        read_answers[read_answer_count].size = size;
        read_answers[read_answer_count].limit = limit;
        read_answers[read_answer_count++].answer = answer;
    }
    pthread_mutex_unlock(&lock);
    return answer;
}

void sink_open(void)
{
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < sizeof pattern; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        pattern[i] = (unsigned char)state;
    }
}

void sink_close(void)
{
    for (size_t i = 0; i <= BATCH_MAX; i++)
        if (put_answers[i] != NULL)
            MHD_destroy_response(put_answers[i]);
    for (size_t i = 0; i < read_answer_count; i++)
        MHD_destroy_response(read_answers[i].answer);
}

static void begin(struct request *request)
{
    const struct body_plan plan = {.room = UINT64_MAX};
    request->state = memory_take(1, sizeof(struct sink_request));
    body_begin(&request->body, &plan);
}

static void feed(struct request *request, const void *bytes, size_t length)
{
    struct sink_request *sink = request->state;
    const unsigned char *p = bytes;
    size_t room = sizeof sink->start - 1 - sink->start_length, braces = 0;
    size_t n = length < room ? length : room;
    memcpy(sink->start + sink->start_length, bytes, n);
    sink->start_length += n;
    if (request->service == &service_sink && request_header(request, "x-amz-target") != NULL)
        for (size_t i = 0; i < length; i++) /* the compiler makes vectors of this */
            braces += p[i] == '{';
    sink->braces += braces;
}

/* The text behind "name":" in a small body, and its length. */
static const char *member(const struct sink_request *sink, const char *name, size_t *length)
{
    const char *found = strstr(sink->start, name);
    found = found == NULL ? NULL : strchr(found + strlen(name) + 1, ':');
    found = found == NULL ? NULL : strchr(found, '"');
    *length = found == NULL ? 0 : strcspn(found + 1, "\"");
    return found == NULL ? "" : found + 1;
}

/* The number behind "Limit":, or 0. */
static size_t limit_of(const struct sink_request *sink)
{
    const char *found = strstr(sink->start, "\"Limit\"");
    found = found == NULL ? NULL : strchr(found, ':');
    return found == NULL ? 0 : (size_t)strtoull(found + 1, NULL, 10);
}

static void kinesis(struct request *request, const char *target)
{
    const struct sink_request *sink = request->state;
    struct response *response = &request->response;
    size_t length = 0;
    if (strstr(target, ".PutRecords") != NULL) {
        response->ready = put_answer(sink->braces > 0 ? sink->braces - 1 : 0);
        return;
    }
    if (strstr(target, ".GetRecords") != NULL) {
        const char *text = member(sink, "ShardIterator", &length);
        response->ready = read_answer(trailing_number(text, length, 1024), limit_of(sink));
        if (response->ready == NULL)
            response->status = 500;
        return;
    }
    response_header(response, "Content-Type", "application/x-amz-json-1.1");
    if (strstr(target, ".PutRecord") != NULL) {
        text_puts(
            &response->body,
            "{\"SequenceNumber\":\"49170000000000000000000000000000000000000000000000000000\","
            "\"ShardId\":\"shardId-000000000000\"}");
        return;
    }
    const char *name = member(sink, "StreamName", &length);
    if (length == 0)
        name = member(sink, "StreamARN", &length);
    text_printf(&response->body, "{\"ShardIterator\":\"sink-%zu\"}",
                trailing_number(name, length, 1024));
}

/* The checksums a client declared are confirmed: it may look for them. */
static void confirm(struct request *request)
{
    for (size_t i = 0; i < request->headers.count; i++)
        if (checksum_by_header(request->headers.items[i].name) != CHECKSUM_NONE)
            response_header(&request->response, request->headers.items[i].name, "%s",
                            request->headers.items[i].value);
}

static ssize_t read_pattern(void *cls, uint64_t position, char *out, size_t room)
{
    const uint64_t *offset = cls;
    size_t at = (size_t)((*offset + position) % PATTERN_SIZE);
    size_t n = PATTERN_SIZE - at < room ? PATTERN_SIZE - at : room;
    memcpy(out, pattern + at, n);
    return (ssize_t)n;
}

static void give_object(struct request *request)
{
    const char *range = request_header(request, "range");
    uint64_t size = trailing_number(request->path, strlen(request->path), 1024);
    unsigned long long first = 0, last = size - 1;
    struct response *response = &request->response;
    if (range != NULL && size > 0 && sscanf(range, "bytes=%llu-%llu", &first, &last) >= 1 &&
        first < size) {
        last = last >= size ? size - 1 : last;
        response->status = 206;
        response_header(response, "Content-Range", "bytes %llu-%llu/%llu", first, last,
                        (unsigned long long)size);
    }
    uint64_t *offset = memory_take(1, sizeof *offset);
    *offset = first;
    response_header(response, "ETag", ETAG);
    response_header(response, "Last-Modified", "Fri, 24 May 2013 00:00:00 GMT");
    response_header(response, "Accept-Ranges", "bytes");
    response->made = MHD_create_response_from_callback(
        size > 0 ? last - first + 1 : 0, (size_t)256 << 10, read_pattern, offset, free);
}

static void s3(struct request *request)
{
    struct response *response = &request->response;
    bool uploads = request_param(request, "uploads") != NULL;
    response_header(response, "x-amz-request-id", "%s", request->short_id);
    if (strcmp(request->method, "PUT") == 0) {
        response_header(response, "ETag", ETAG);
        confirm(request);
    } else if (strcmp(request->method, "DELETE") == 0) {
        response->status = 204;
    } else if (strcmp(request->method, "POST") == 0) {
        response_header(response, "Content-Type", "application/xml");
        text_puts(&response->body,
                  uploads ? "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key>"
                            "<UploadId>sink</UploadId></InitiateMultipartUploadResult>"
                          : "<CompleteMultipartUploadResult><Location>/</Location><Bucket>b"
                            "</Bucket><Key>k</Key><ETag>" ETAG
                            "</ETag></CompleteMultipartUploadResult>");
    } else {
        give_object(request);
    }
}

static void finish(struct request *request)
{
    const char *target = request_header(request, "x-amz-target");
    request->response.status = 200;
    if (target != NULL)
        kinesis(request, target);
    else
        s3(request);
}

static void discard(struct request *request)
{
    free(request->state);
}

const struct service service_sink = {
    .name = "sink", .begin = begin, .feed = feed, .finish = finish, .discard = discard};
