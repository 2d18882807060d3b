/* Nodes from slabs, blocks by size. */
#include "producer/store.h"

#include "base/memory.h"

enum { SLAB_RECORDS = 64, SMALLEST_BLOCK = 64 };

struct kinesis__slab {
    struct kinesis__slab *next;
    struct kinesis__record records[SLAB_RECORDS];
};

struct kinesis__free_block {
    struct kinesis__free_block *next;
};

void kinesis__store_init(struct kinesis__store *s, const struct sigv4_alloc *alloc,
                         uint64_t max_bytes)
{
    memset(s, 0, sizeof *s);
    s->alloc = *alloc;
    s->max_bytes = max_bytes;
}

/* ---- nodes ---- */

static bool add_slab(struct kinesis__store *s)
{
    struct kinesis__slab *slab = sigv4__alloc_get(&s->alloc, sizeof *slab);
    if (!slab)
        return false;
    slab->next = s->slabs;
    s->slabs = slab;
    for (size_t i = SLAB_RECORDS; i-- > 0;) {
        slab->records[i].next = s->unused;
        s->unused = &slab->records[i];
    }
    return true;
}

struct kinesis__record *kinesis__store_get(struct kinesis__store *s)
{
    if (!s->unused && !add_slab(s))
        return NULL;
    struct kinesis__record *r = s->unused;
    s->unused = r->next;
    memset(r, 0, offsetof(struct kinesis__record, texts));
    return r;
}

/* ---- blocks: sizes are 64, 96, 128, 192, 256, ... ---- */

static uint32_t size_of_class(unsigned class)
{
    uint32_t power = (uint32_t)SMALLEST_BLOCK << class / 2;
    return class % 2 ? power + power / 2 : power;
}

static unsigned class_of(uint32_t n)
{
    unsigned class = 0;
    while (size_of_class(class) < n)
        class ++;
    return class;
}

uint32_t kinesis__store_block_size(uint32_t n)
{
    return size_of_class(class_of(n));
}

static void drop_kept(struct kinesis__store *s, unsigned class)
{
    struct kinesis__free_block *block = s->kept[class];
    s->kept[class] = block->next;
    s->kept_bytes -= size_of_class(class);
    sigv4__alloc_put(&s->alloc, block, size_of_class(class));
}

/* Other sizes are wanted now than before: the largest go first. */
static void keep_within_bounds(struct kinesis__store *s)
{
    for (unsigned c = KINESIS__BLOCK_SIZES; c-- > 0;)
        while (s->kept[c] && s->kept_bytes + s->held_bytes > s->max_bytes)
            drop_kept(s, c);
}

void *kinesis__store_get_block(struct kinesis__store *s, uint32_t size)
{
    unsigned class = class_of(size);
    struct kinesis__free_block *block = s->kept[class];
    if (block) {
        s->kept[class] = block->next;
        s->kept_bytes -= size;
        s->held_bytes += size;
        return block;
    }
    s->held_bytes += size;
    keep_within_bounds(s);
    block = sigv4__alloc_get(&s->alloc, size);
    s->held_bytes -= block ? 0 : size;
    return block;
}

static void keep_block(struct kinesis__store *s, void *memory, uint32_t size)
{
    unsigned class = class_of(size);
    struct kinesis__free_block *block = memory;
    block->next = s->kept[class];
    s->kept[class] = block;
    s->kept_bytes += size;
    s->held_bytes -= size;
}

void kinesis__store_put(struct kinesis__store *s, struct kinesis__record *r)
{
    if (r->block)
        keep_block(s, r->block, r->block_size);
    r->next = s->unused;
    s->unused = r;
}

void kinesis__store_free(struct kinesis__store *s)
{
    for (unsigned c = 0; c < KINESIS__BLOCK_SIZES; c++)
        while (s->kept[c])
            drop_kept(s, c);
    while (s->slabs) {
        struct kinesis__slab *slab = s->slabs;
        s->slabs = slab->next;
        sigv4__alloc_put(&s->alloc, slab, sizeof *slab);
    }
}
