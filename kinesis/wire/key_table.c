/* Short texts by number: open addressing over one run of text. */
#include "wire/key_table.h"

#include "base/text.h"

enum { FIRST_SLOTS = 16 };

void kinesis__key_table_init(struct kinesis__key_table *t, const struct sigv4_alloc *alloc,
                             size_t max_count, size_t max_length)
{
    t->count = 0;
    t->max_count = max_count;
    t->max_length = max_length;
    sigv4__buffer_init(&t->text, alloc, max_count * max_length);
    sigv4__buffer_init(&t->ends, alloc, max_count * sizeof(uint32_t));
    sigv4__buffer_init(&t->slots, alloc, (4 * max_count + FIRST_SLOTS) * sizeof(uint32_t));
}

void kinesis__key_table_free(struct kinesis__key_table *t)
{
    sigv4__buffer_free(&t->text);
    sigv4__buffer_free(&t->ends);
    sigv4__buffer_free(&t->slots);
    t->count = 0;
}

void kinesis__key_table_clear(struct kinesis__key_table *t)
{
    sigv4__buffer_clear(&t->text);
    sigv4__buffer_clear(&t->ends);
    if (t->slots.len)
        memset(t->slots.ptr, 0, t->slots.len);
    t->count = 0;
}

static uint32_t end_of(const struct kinesis__key_table *t, size_t number)
{
    uint32_t end;
    memcpy(&end, t->ends.ptr + number * sizeof end, sizeof end);
    return end;
}

struct sigv4_slice kinesis__key_table_at(const struct kinesis__key_table *t, size_t number)
{
    size_t start = number ? end_of(t, number - 1) : 0;
    return sigv4_bytes(t->text.ptr + start, end_of(t, number) - start);
}

/* Carries the high bits, where a multiplication gathers the differences, down to those that count.
 */
static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

/* Eight bytes at a time. */
uint64_t kinesis__key_hash(struct sigv4_slice key)
{
    const char *p = key.ptr;
    uint64_t hash = 14695981039346656037u ^ key.len, word;
    size_t i = 0;
    for (; i + sizeof word <= key.len; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        hash = mix(hash ^ word);
    }
    for (; i < key.len; i++)
        hash = (hash ^ (unsigned char)p[i]) * 1099511628211u;
    return mix(hash);
}

static uint32_t *slots_of(const struct kinesis__key_table *t, size_t *mask)
{
    *mask = t->slots.len / sizeof(uint32_t) - 1;
    return (uint32_t *)(void *)t->slots.ptr;
}

/* The slot the key has, or would have; there is always an empty one. */
static uint32_t *slot_of(const struct kinesis__key_table *t, struct sigv4_slice key)
{
    size_t mask, i;
    uint32_t *slots = slots_of(t, &mask);
    for (i = (size_t)kinesis__key_hash(key) & mask; slots[i]; i = (i + 1) & mask) {
        if (sigv4__equal(kinesis__key_table_at(t, slots[i] - 1), key))
            break;
    }
    return &slots[i];
}

size_t kinesis__key_table_find(const struct kinesis__key_table *t, struct sigv4_slice key)
{
    if (t->count == 0)
        return 0;
    if (sigv4__equal(kinesis__key_table_at(t, t->count - 1), key))
        return t->count - 1; /* the same again, as often */
    uint32_t number = *slot_of(t, key);
    return number ? number - 1 : t->count;
}

/* At most half of the slots are taken. */
static int make_slots(struct kinesis__key_table *t)
{
    size_t have = t->slots.len / sizeof(uint32_t);
    if (2 * (t->count + 1) <= have)
        return SIGV4_OK;
    size_t more = have ? have : FIRST_SLOTS;
    int status = sigv4__buffer_reserve(&t->slots, more * sizeof(uint32_t));
    if (status) {
        t->slots.failed = SIGV4_OK;
        return status;
    }
    t->slots.len += more * sizeof(uint32_t);
    memset(t->slots.ptr, 0, t->slots.len);
    for (size_t i = 0; i < t->count; i++)
        *slot_of(t, kinesis__key_table_at(t, i)) = (uint32_t)i + 1;
    return SIGV4_OK;
}

int kinesis__key_table_append(struct kinesis__key_table *t, struct sigv4_slice key)
{
    if (key.len > t->max_length || t->count == t->max_count)
        return SIGV4_E_TOO_LARGE;
    int status = make_slots(t);
    if (status)
        return status;
    uint32_t end = (uint32_t)(t->text.len + key.len);
    if (sigv4__buffer_reserve(&t->text, key.len) || sigv4__buffer_reserve(&t->ends, sizeof end)) {
        t->text.failed = t->ends.failed = SIGV4_OK;
        return SIGV4_E_NOMEM;
    }
    sigv4__buffer_slice(&t->text, key);
    sigv4__buffer_append(&t->ends, &end, sizeof end);
    *slot_of(t, key) = (uint32_t)++t->count;
    return SIGV4_OK;
}

int kinesis__key_table_add(struct kinesis__key_table *t, struct sigv4_slice key, size_t *number)
{
    if (key.len > t->max_length)
        return SIGV4_E_TOO_LARGE;
    *number = kinesis__key_table_find(t, key);
    return *number < t->count ? SIGV4_OK : kinesis__key_table_append(t, key);
}
