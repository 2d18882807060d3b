/* The body of PutRecords and PutRecord: encoded and hashed in one go. */
#include "wire/put_records.h"

#include "base/text.h"
#include "wire/json_writer.h"

/* Room for 500 keys of 256 characters that are six bytes each when escaped. */
static const size_t max_body = (size_t)KINESIS__PUT_MAX_BYTES / 3 * 4 + ((size_t)4 << 20);

/* What is encoded between two visits to the hash: far less than the second-level cache, and enough
 * for OpenSSL to run at full speed. A multiple of three. */
enum { CHUNK = 12288, HASH_STEP = 8192 };

#define DATA      "\"Data\":\""
#define KEY       "\",\"PartitionKey\":"
#define HASH_KEY  ",\"ExplicitHashKey\":"
#define LENGTH(s) (sizeof(s) - 1)

int kinesis__put_records_init(struct kinesis__put_records *p, const struct sigv4_alloc *alloc)
{
    memset(p, 0, sizeof *p);
    sigv4__buffer_init(&p->body, alloc, max_body);
    p->base64 = kinesis__base64_best();
    return sigv4__digest_new_sha256(&p->hash, alloc);
}

void kinesis__put_records_free(struct kinesis__put_records *p)
{
    sigv4__buffer_free(&p->body);
    sigv4__digest_free(p->hash);
    p->hash = NULL;
}

static int start(struct kinesis__put_records *p, struct sigv4_slice stream)
{
    sigv4__buffer_clear(&p->body);
    p->count = p->bytes = p->hashed = 0;
    sigv4__buffer_char(&p->body, '{');
    kinesis__json_write_text(
        &p->body, sigv4__starts_with(stream, "arn:") ? "StreamARN" : "StreamName", stream);
    return sigv4__digest_begin(p->hash);
}

int kinesis__put_records_begin(struct kinesis__put_records *p, struct sigv4_slice stream)
{
    int status = start(p, stream);
    kinesis__json_write_name(&p->body, "Records");
    sigv4__buffer_char(&p->body, '[');
    return status ? status : p->body.failed;
}

/* The members of a record, without brackets. */
static size_t members_length(const struct kinesis__put_item *item)
{
    size_t n = LENGTH(DATA) + kinesis__base64_length(item->data.len) + LENGTH(KEY) +
               kinesis__json_string_length(item->partition_key);
    if (item->explicit_hash_key.len)
        n += LENGTH(HASH_KEY) + item->explicit_hash_key.len + 2;
    return n;
}

size_t kinesis__put_records_cost(const struct kinesis__put_item *item)
{
    return members_length(item) + LENGTH(",{}");
}

/* Hashes what was written since, once there is enough of it. */
static int hash_up_to(struct kinesis__put_records *p, size_t least)
{
    size_t fresh = p->body.len - p->hashed;
    if (fresh < least)
        return SIGV4_OK;
    size_t from = p->hashed;
    p->hashed = p->body.len;
    return sigv4__digest_add(p->hash, p->body.ptr + from, fresh);
}

static int put_data(struct kinesis__put_records *p, struct sigv4_slice data)
{
    const char *bytes = data.ptr;
    int status = SIGV4_OK;
    for (size_t i = 0; i < data.len && !status; i += CHUNK) {
        size_t n = data.len - i < CHUNK ? data.len - i : CHUNK;
        p->body.len += kinesis__base64_encode(p->base64, p->body.ptr + p->body.len, bytes + i, n);
        status = hash_up_to(p, HASH_STEP);
    }
    return status;
}

static void put_text(struct kinesis__put_records *p, const char *text, size_t n)
{
    memcpy(p->body.ptr + p->body.len, text, n);
    p->body.len += n;
}

static void put_string(struct kinesis__put_records *p, struct sigv4_slice text)
{
    char *end = kinesis__json_put_string(p->body.ptr + p->body.len, text);
    p->body.len = (size_t)(end - p->body.ptr);
}

/* The room was reserved. */
static int put_members(struct kinesis__put_records *p, const struct kinesis__put_item *item)
{
    put_text(p, DATA, LENGTH(DATA));
    int status = put_data(p, item->data);
    put_text(p, KEY, LENGTH(KEY));
    put_string(p, item->partition_key);
    if (item->explicit_hash_key.len) {
        put_text(p, HASH_KEY, LENGTH(HASH_KEY));
        put_string(p, item->explicit_hash_key);
    }
    return status;
}

int kinesis__put_records_add(struct kinesis__put_records *p, const struct kinesis__put_item *item)
{
    size_t size = kinesis__put_item_size(item);
    if (p->body.failed)
        return p->body.failed;
    if (p->count == KINESIS__PUT_MAX_RECORDS || size > KINESIS__PUT_MAX_BYTES - p->bytes)
        return SIGV4_E_FULL;
    if (sigv4__buffer_reserve(&p->body, kinesis__put_records_cost(item))) {
        p->body.failed = SIGV4_OK; /* nothing was written: what is there stays good */
        return SIGV4_E_NOMEM;
    }
    if (p->count)
        put_text(p, ",", 1);
    put_text(p, "{", 1);
    p->body.failed = put_members(p, item);
    put_text(p, "}", 1);
    p->count++;
    p->bytes += size;
    return p->body.failed;
}

static int end(struct kinesis__put_records *p, struct sigv4_slice *body, char hex[65])
{
    unsigned char sum[SIGV4__SHA256_LEN];
    int status = p->body.failed;
    if (!status)
        status = hash_up_to(p, 0);
    if (!status)
        status = sigv4__digest_end(p->hash, sum);
    if (status)
        return status;
    sigv4__hex(sum, sizeof sum, hex);
    hex[2 * sizeof sum] = '\0';
    *body = sigv4__buffer_view(&p->body);
    return SIGV4_OK;
}

int kinesis__put_records_finish(struct kinesis__put_records *p, struct sigv4_slice *body,
                                char hex[65])
{
    sigv4__buffer_append(&p->body, "]}", 2);
    return end(p, body, hex);
}

int kinesis__put_record_write(struct kinesis__put_records *p, struct sigv4_slice stream,
                              const struct kinesis__put_item *item, struct sigv4_slice ordering,
                              struct sigv4_slice *body, char hex[65])
{
    int status = start(p, stream);
    sigv4__buffer_char(&p->body, ',');
    if (!status)
        status = sigv4__buffer_reserve(&p->body, members_length(item));
    if (!status)
        status = put_members(p, item);
    if (status)
        return status;
    kinesis__json_write_text(&p->body, "SequenceNumberForOrdering", ordering);
    sigv4__buffer_char(&p->body, '}');
    return end(p, body, hex);
}
