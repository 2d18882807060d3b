/* Writing aggregates: key tables and records grow apart and are joined at the end. */
#include "wire/aggregate.h"

static const unsigned char magic[4] = {0xf3, 0x89, 0x9a, 0xc2};

/* Protobuf: field number * 8 + 0 (a number) or 2 (a length and bytes). */
enum { KEY = 0x0a, HASH_KEY = 0x12, RECORD = 0x1a };
enum { KEY_INDEX = 0x08, HASH_KEY_INDEX = 0x10, DATA = 0x1a };

/* Far above what a record may have: the caller's max is the limit that counts. */
static const size_t max_records = (size_t)KINESIS__RECORD_MAX_BYTES + 4096;

int kinesis__aggregate_init(struct kinesis__aggregate *a, const struct sigv4_alloc *alloc)
{
    memset(a, 0, sizeof *a);
    kinesis__key_table_init(&a->keys, alloc, KINESIS__AGGREGATE_MAX_KEYS,
                            KINESIS__AGGREGATE_MAX_KEY);
    kinesis__key_table_init(&a->hash_keys, alloc, KINESIS__AGGREGATE_MAX_KEYS,
                            KINESIS__AGGREGATE_MAX_KEY);
    sigv4__buffer_init(&a->records, alloc, max_records);
    sigv4__buffer_init(&a->out, alloc, max_records);
    return sigv4__digest_new_md5(&a->md5, alloc);
}

void kinesis__aggregate_free(struct kinesis__aggregate *a)
{
    kinesis__key_table_free(&a->keys);
    kinesis__key_table_free(&a->hash_keys);
    sigv4__buffer_free(&a->records);
    sigv4__buffer_free(&a->out);
    sigv4__digest_free(a->md5);
    a->md5 = NULL;
}

void kinesis__aggregate_begin(struct kinesis__aggregate *a, size_t max)
{
    a->count = 0;
    a->size = KINESIS__AGGREGATE_FRAME;
    a->max = max < a->size ? a->size : max < max_records ? max : max_records;
    kinesis__key_table_clear(&a->keys);
    kinesis__key_table_clear(&a->hash_keys);
    sigv4__buffer_clear(&a->records);
}

static size_t number_length(uint64_t n)
{
    size_t length = 1;
    for (; n >= 0x80; n >>= 7)
        length++;
    return length;
}

static char *put_number(char *to, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        *to++ = (char)(n | 0x80);
    *to++ = (char)n;
    return to;
}

/* A field of bytes, with its head. */
static size_t field_length(size_t n)
{
    return 1 + number_length(n) + n;
}

static char *put_field(char *to, char head, struct sigv4_slice bytes)
{
    *to++ = head;
    to = put_number(to, bytes.len);
    if (bytes.len)
        memcpy(to, bytes.ptr, bytes.len);
    return to + bytes.len;
}

/* Where a key is, or would be, and what it adds to the tables. */
struct place {
    size_t index, adds;
};

static struct place place_of(const struct kinesis__key_table *t, struct sigv4_slice key)
{
    struct place place = {kinesis__key_table_find(t, key), 0};
    if (place.index == t->count)
        place.adds = field_length(key.len);
    return place;
}

static int enter_key(struct kinesis__key_table *t, struct sigv4_slice key, struct place place)
{
    int status = place.adds ? kinesis__key_table_append(t, key) : SIGV4_OK;
    return status == SIGV4_E_TOO_LARGE ? SIGV4_E_FULL : status;
}

/* Keys go first: one that no record uses after a failure costs a few bytes and no more. */
static int enter_keys(struct kinesis__aggregate *a, const struct kinesis__put_item *item,
                      struct place key, struct place hash_key)
{
    int status = enter_key(&a->keys, item->partition_key, key);
    if (status)
        return status;
    a->size += key.adds;
    status = enter_key(&a->hash_keys, item->explicit_hash_key, hash_key);
    if (status)
        return status;
    a->size += hash_key.adds;
    return SIGV4_OK;
}

int kinesis__aggregate_add(struct kinesis__aggregate *a, const struct kinesis__put_item *item)
{
    struct place key = place_of(&a->keys, item->partition_key), hash_key = {0, 0};
    size_t inner = 1 + number_length(key.index) + field_length(item->data.len);
    if (item->explicit_hash_key.len) {
        hash_key = place_of(&a->hash_keys, item->explicit_hash_key);
        inner += 1 + number_length(hash_key.index);
    }
    size_t adds = field_length(inner);
    if (item->data.len > a->max || key.adds + hash_key.adds + adds > a->max - a->size)
        return SIGV4_E_FULL;
    if (sigv4__buffer_reserve(&a->records, adds)) {
        a->records.failed = SIGV4_OK;
        return SIGV4_E_NOMEM;
    }
    int status = enter_keys(a, item, key, hash_key);
    if (status)
        return status;
    char *to = a->records.ptr + a->records.len;
    *to++ = RECORD;
    to = put_number(to, inner);
    *to++ = KEY_INDEX;
    to = put_number(to, key.index);
    if (item->explicit_hash_key.len) {
        *to++ = HASH_KEY_INDEX;
        to = put_number(to, hash_key.index);
    }
    put_field(to, DATA, item->data);
    a->records.len += adds;
    a->size += adds;
    a->count++;
    return SIGV4_OK;
}

static char *put_table(char *to, char head, const struct kinesis__key_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        to = put_field(to, head, kinesis__key_table_at(t, i));
    return to;
}

int kinesis__aggregate_finish(struct kinesis__aggregate *a, struct sigv4_slice *out)
{
    sigv4__buffer_clear(&a->out);
    int status = sigv4__buffer_reserve(&a->out, a->size);
    if (status)
        return status;
    char *from = a->out.ptr + sizeof magic, *to = from;
    memcpy(a->out.ptr, magic, sizeof magic);
    to = put_table(to, KEY, &a->keys);
    to = put_table(to, HASH_KEY, &a->hash_keys);
    if (a->records.len)
        memcpy(to, a->records.ptr, a->records.len);
    to += a->records.len;
    status = sigv4__digest_begin(a->md5);
    if (!status)
        status = sigv4__digest_add(a->md5, from, (size_t)(to - from));
    if (!status)
        status = sigv4__digest_end(a->md5, (unsigned char *)to);
    a->out.len = a->size;
    *out = sigv4__buffer_view(&a->out);
    return status;
}
