/* Any protobuf in the frame of an aggregate (the digest is put right here, or nothing would get
 * past it): all members lie in it. */
#include "wire/aggregate.h"

#include <stdlib.h>

static void within(struct sigv4_slice s, struct sigv4_slice all)
{
    const char *p = s.ptr, *start = all.ptr;
    if (s.len && (p < start || p + s.len > start + all.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char magic[4] = {0xf3, 0x89, 0x9a, 0xc2};
    struct kinesis__aggregate_reader r;
    struct kinesis__aggregate_member m;
    enum kinesis__aggregate_kind kind;
    char *bytes = malloc(size + 20);
    if (!bytes || kinesis__aggregate_reader_init(&r, NULL))
        abort();
    memcpy(bytes, magic, 4);
    if (size)
        memcpy(bytes + 4, data, size);
    if (sigv4__digest_begin(r.md5) || sigv4__digest_add(r.md5, data, size) ||
        sigv4__digest_end(r.md5, (unsigned char *)bytes + 4 + size))
        abort();
    struct sigv4_slice all = sigv4_bytes(bytes, size + 20);
    if (kinesis__aggregate_open(&r, all, &kind))
        abort();
    size_t count = 0;
    while (kinesis__aggregate_next(&r, &m)) {
        within(m.partition_key, all);
        within(m.explicit_hash_key, all);
        within(m.data, all);
        if (m.sub_sequence != count++)
            abort();
    }
    if (count != r.count || (kind == KINESIS__AGGREGATED) != (count > 0))
        abort();
    if (size && kinesis__aggregate_open(&r, sigv4_bytes(data, size), &kind))
        abort();
    kinesis__aggregate_reader_free(&r);
    free(bytes);
    return 0;
}
