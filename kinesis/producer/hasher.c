/* The explicit hash key, or the MD5 of the partition key. */
#include "producer/hasher.h"

#include "base/memory.h"
#include "wire/key_table.h"

/* One key has one place, where it displaces another. A UUID fits. */
enum { PLACES = 2048, LONGEST = 39 };

struct kinesis__known_key {
    struct kinesis__hash hash;
    unsigned char len; /* 0: none */
    char text[LONGEST];
};

int kinesis__hasher_init(struct kinesis__hasher *h, const struct sigv4_alloc *alloc)
{
    h->alloc = *alloc;
    h->known = NULL;
    return sigv4__digest_new_md5(&h->md5, alloc);
}

void kinesis__hasher_free(struct kinesis__hasher *h)
{
    sigv4__digest_free(h->md5);
    sigv4__alloc_put(&h->alloc, h->known, PLACES * sizeof *h->known);
    h->md5 = NULL;
    h->known = NULL;
}

/* NULL: this key is not kept. */
static struct kinesis__known_key *place_of(struct kinesis__hasher *h, struct sigv4_slice key)
{
    if (key.len == 0 || key.len > LONGEST)
        return NULL;
    if (!h->known)
        h->known = sigv4__alloc_zero(&h->alloc, PLACES, sizeof *h->known);
    return h->known ? &h->known[kinesis__key_hash(key) % PLACES] : NULL;
}

static bool hash_key(struct kinesis__hasher *h, struct sigv4_slice key, struct kinesis__hash *out)
{
    struct kinesis__known_key *known = place_of(h, key);
    if (known && known->len == key.len && memcmp(known->text, key.ptr, key.len) == 0) {
        *out = known->hash;
        return true;
    }
    if (kinesis__hash_of_key(h->md5, key, out))
        return false;
    if (known) {
        known->hash = *out;
        known->len = (unsigned char)key.len;
        memcpy(known->text, key.ptr, key.len);
    }
    return true;
}

bool kinesis__hasher_find(struct kinesis__hasher *h, struct kinesis__record *r)
{
    if (r->flags & KINESIS__HASHED)
        return true;
    bool ok = r->hash_key_len ? kinesis__hash_parse(kinesis__record_hash_key(r), &r->hash)
                              : hash_key(h, kinesis__record_key(r), &r->hash);
    r->flags |= ok ? KINESIS__HASHED : 0;
    return ok;
}
