/* Shard ids by number: open addressing over one run of text. */
#include "shards/id_table.h"

#include "base/text.h"

enum { FIRST_SLOTS = 16 };

void kinesis__id_table_init(struct kinesis__id_table *t, const struct sigv4_alloc *alloc)
{
    size_t max = (size_t)KINESIS__MAX_SHARDS;
    t->count = 0;
    sigv4__buffer_init(&t->text, alloc, max * KINESIS__MAX_SHARD_ID);
    sigv4__buffer_init(&t->ends, alloc, max * sizeof(uint32_t));
    sigv4__buffer_init(&t->slots, alloc, 4 * max * sizeof(uint32_t));
}

void kinesis__id_table_free(struct kinesis__id_table *t)
{
    sigv4__buffer_free(&t->text);
    sigv4__buffer_free(&t->ends);
    sigv4__buffer_free(&t->slots);
    t->count = 0;
}

static uint32_t end_of(const struct kinesis__id_table *t, size_t number)
{
    uint32_t end;
    memcpy(&end, t->ends.ptr + number * sizeof end, sizeof end);
    return end;
}

struct sigv4_slice kinesis__id_table_at(const struct kinesis__id_table *t, size_t number)
{
    size_t start = number ? end_of(t, number - 1) : 0;
    return sigv4_bytes(t->text.ptr + start, end_of(t, number) - start);
}

/* FNV-1a. The ids are the service's, not an attacker's. */
static size_t hash_of(struct sigv4_slice id)
{
    const unsigned char *p = id.ptr;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ p[i]) * 1099511628211u;
    return (size_t)(hash ^ hash >> 32);
}

static uint32_t *slots_of(const struct kinesis__id_table *t, size_t *mask)
{
    *mask = t->slots.len / sizeof(uint32_t) - 1;
    return (uint32_t *)(void *)t->slots.ptr;
}

/* The slot the id has, or would have; there is always an empty one. */
static uint32_t *slot_of(const struct kinesis__id_table *t, struct sigv4_slice id)
{
    size_t mask, i;
    uint32_t *slots = slots_of(t, &mask);
    for (i = hash_of(id) & mask; slots[i]; i = (i + 1) & mask) {
        if (sigv4__equal(kinesis__id_table_at(t, slots[i] - 1), id))
            break;
    }
    return &slots[i];
}

size_t kinesis__id_table_find(const struct kinesis__id_table *t, struct sigv4_slice id)
{
    if (t->count == 0)
        return 0;
    uint32_t number = *slot_of(t, id);
    return number ? number - 1 : t->count;
}

/* At most half of the slots are taken. */
static int make_slots(struct kinesis__id_table *t)
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
        *slot_of(t, kinesis__id_table_at(t, i)) = (uint32_t)i + 1;
    return SIGV4_OK;
}

int kinesis__id_table_add(struct kinesis__id_table *t, struct sigv4_slice id, size_t *number)
{
    if (id.len == 0 || id.len > KINESIS__MAX_SHARD_ID)
        return SIGV4_E_TOO_LARGE;
    *number = kinesis__id_table_find(t, id);
    if (*number < t->count)
        return SIGV4_OK;
    if (t->count == KINESIS__MAX_SHARDS)
        return SIGV4_E_TOO_LARGE;
    int status = make_slots(t);
    if (status)
        return status;
    uint32_t end = (uint32_t)(t->text.len + id.len);
    if (sigv4__buffer_reserve(&t->text, id.len) || sigv4__buffer_reserve(&t->ends, sizeof end)) {
        t->text.failed = t->ends.failed = SIGV4_OK;
        return SIGV4_E_NOMEM;
    }
    sigv4__buffer_slice(&t->text, id);
    sigv4__buffer_append(&t->ends, &end, sizeof end);
    *slot_of(t, id) = (uint32_t)t->count + 1;
    *number = t->count++;
    return SIGV4_OK;
}
