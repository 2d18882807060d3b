/* The explicit hash key, or the MD5 of the partition key. */
#include "producer/hasher.h"

int kinesis__hasher_init(struct kinesis__hasher *h, const struct sigv4_alloc *alloc)
{
    return sigv4__digest_new_md5(&h->md5, alloc);
}

void kinesis__hasher_free(struct kinesis__hasher *h)
{
    sigv4__digest_free(h->md5);
    h->md5 = NULL;
}

bool kinesis__hasher_find(struct kinesis__hasher *h, struct kinesis__record *r)
{
    if (r->flags & KINESIS__HASHED)
        return true;
    bool ok = r->hash_key_len
                  ? kinesis__hash_parse(kinesis__record_hash_key(r), &r->hash)
                  : kinesis__hash_of_key(h->md5, kinesis__record_key(r), &r->hash) == SIGV4_OK;
    r->flags |= ok ? KINESIS__HASHED : 0;
    return ok;
}
