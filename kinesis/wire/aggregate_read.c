/* Reading aggregates: one pass over the protobuf checks it and finds the tables, which may follow
 * the records; then the members are handed out one by one. */
#include "wire/aggregate.h"

enum { MAGIC = 4 };

/* A table of a record as large as a record can be: two bytes per key at least. */
static const size_t max_table = (size_t)KINESIS__RECORD_MAX_BYTES / 2 * sizeof(struct sigv4_slice);

int kinesis__aggregate_reader_init(struct kinesis__aggregate_reader *r,
                                   const struct sigv4_alloc *alloc)
{
    memset(r, 0, sizeof *r);
    sigv4__buffer_init(&r->keys, alloc, max_table);
    sigv4__buffer_init(&r->hash_keys, alloc, max_table);
    return sigv4__digest_new_md5(&r->md5, alloc);
}

void kinesis__aggregate_reader_free(struct kinesis__aggregate_reader *r)
{
    sigv4__buffer_free(&r->keys);
    sigv4__buffer_free(&r->hash_keys);
    sigv4__digest_free(r->md5);
    r->md5 = NULL;
}

/* ---- Protobuf ---- */

struct bytes {
    const unsigned char *at, *end;
};

enum { NUMBER = 0, FIXED_64 = 1, LENGTH = 2, FIXED_32 = 5 };

/* One field: of a number its value, of all others their bytes. */
struct field {
    uint64_t number;
    unsigned type;
    uint64_t value;
    struct sigv4_slice bytes;
};

/* At most ten bytes; what is beyond 64 bits is dropped, as by every reader of protobuf. */
static bool read_number(struct bytes *in, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 70 && in->at < in->end; shift += 7) {
        unsigned char c = *in->at++;
        *out |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return true;
    }
    return false;
}

static bool read_bytes(struct bytes *in, uint64_t n, struct sigv4_slice *out)
{
    if (n > (uint64_t)(in->end - in->at))
        return false;
    *out = sigv4_bytes(in->at, (size_t)n);
    in->at += n;
    return true;
}

/* Groups, long out of use, are refused. */
static bool read_field(struct bytes *in, struct field *f)
{
    uint64_t head;
    memset(f, 0, sizeof *f);
    if (!read_number(in, &head) || head >> 3 == 0 || head > UINT32_MAX)
        return false;
    f->number = head >> 3;
    f->type = (unsigned)(head & 7);
    switch (f->type) {
    case NUMBER:
        return read_number(in, &f->value);
    case LENGTH:
        return read_number(in, &f->value) && read_bytes(in, f->value, &f->bytes);
    case FIXED_64:
        return read_bytes(in, 8, &f->bytes);
    case FIXED_32:
        return read_bytes(in, 4, &f->bytes);
    default:
        return false;
    }
}

static struct bytes bytes_of(struct sigv4_slice s)
{
    const unsigned char *p = s.ptr;
    struct bytes in = {p, p + s.len};
    return in;
}

/* ---- Members ---- */

struct member {
    bool has_key, has_hash_key, has_data;
    uint64_t key, hash_key;
    struct sigv4_slice data;
};

/* Of a field given twice the last one counts; tags and unknown fields are passed over. */
static bool read_member(struct sigv4_slice text, struct member *m)
{
    struct bytes in = bytes_of(text);
    struct field f;
    memset(m, 0, sizeof *m);
    while (in.at < in.end) {
        if (!read_field(&in, &f))
            return false;
        if (f.number == 1 && f.type == NUMBER) {
            m->has_key = true;
            m->key = f.value;
        } else if (f.number == 2 && f.type == NUMBER) {
            m->has_hash_key = true;
            m->hash_key = f.value;
        } else if (f.number == 3 && f.type == LENGTH) {
            m->has_data = true;
            m->data = f.bytes;
        }
    }
    return m->has_key && m->has_data;
}

static size_t table_count(const struct sigv4__buffer *table)
{
    return table->len / sizeof(struct sigv4_slice);
}

static struct sigv4_slice table_at(const struct sigv4__buffer *table, uint64_t i)
{
    return ((const struct sigv4_slice *)(const void *)table->ptr)[i];
}

/* The next field that is a record, from a message that was checked. */
static bool next_record(struct bytes *in, struct sigv4_slice *out)
{
    struct field f;
    while (in->at < in->end && read_field(in, &f)) {
        if (f.number == 3 && f.type == LENGTH) {
            *out = f.bytes;
            return true;
        }
    }
    return false;
}

/* Fills the tables and counts the records; false: this is no message. */
static bool scan(struct kinesis__aggregate_reader *r, struct bytes in)
{
    struct field f;
    while (in.at < in.end) {
        if (!read_field(&in, &f))
            return false;
        if (f.type != LENGTH)
            continue;
        if (f.number == 1)
            sigv4__buffer_append(&r->keys, &f.bytes, sizeof f.bytes);
        else if (f.number == 2)
            sigv4__buffer_append(&r->hash_keys, &f.bytes, sizeof f.bytes);
        else if (f.number == 3)
            r->count++;
    }
    return true;
}

/* Every record is complete, and its keys are in the tables. */
static bool check_members(const struct kinesis__aggregate_reader *r, struct bytes in)
{
    struct sigv4_slice record;
    struct member m;
    while (next_record(&in, &record)) {
        if (!read_member(record, &m) || m.key >= table_count(&r->keys) ||
            (m.has_hash_key && m.hash_key >= table_count(&r->hash_keys)))
            return false;
    }
    return true;
}

static int digest_fits(struct kinesis__aggregate_reader *r, struct bytes message, bool *fits)
{
    unsigned char sum[SIGV4__MD5_LEN];
    int status = sigv4__digest_begin(r->md5);
    if (!status)
        status = sigv4__digest_add(r->md5, message.at, (size_t)(message.end - message.at));
    if (!status)
        status = sigv4__digest_end(r->md5, sum);
    *fits = !status && memcmp(sum, message.end, sizeof sum) == 0;
    return status;
}

int kinesis__aggregate_open(struct kinesis__aggregate_reader *r, struct sigv4_slice data,
                            enum kinesis__aggregate_kind *kind)
{
    struct bytes message = bytes_of(data);
    bool fits;
    sigv4__buffer_clear(&r->keys);
    sigv4__buffer_clear(&r->hash_keys);
    r->count = 0;
    r->next = 0;
    r->at = r->end = NULL;
    *kind = KINESIS__NOT_AGGREGATED;
    if (!kinesis__aggregate_frames(data))
        return SIGV4_OK;
    message.at += MAGIC;
    message.end -= SIGV4__MD5_LEN;
    int status = digest_fits(r, message, &fits);
    if (status || !fits)
        return status;
    *kind = KINESIS__AGGREGATE_DAMAGED;
    bool good = scan(r, message);
    if (r->keys.failed == SIGV4_E_NOMEM || r->hash_keys.failed == SIGV4_E_NOMEM)
        return SIGV4_E_NOMEM;
    good = good && !r->keys.failed && !r->hash_keys.failed && r->count > 0;
    if (!good || !check_members(r, message)) {
        r->count = 0;
        return SIGV4_OK;
    }
    *kind = KINESIS__AGGREGATED;
    r->at = message.at;
    r->end = message.end;
    return SIGV4_OK;
}

bool kinesis__aggregate_next(struct kinesis__aggregate_reader *r,
                             struct kinesis__aggregate_member *out)
{
    struct bytes in = {r->at, r->end};
    struct sigv4_slice record;
    struct member m;
    if (!next_record(&in, &record) || !read_member(record, &m))
        return false;
    r->at = in.at;
    memset(out, 0, sizeof *out);
    out->partition_key = table_at(&r->keys, m.key);
    out->data = m.data;
    out->has_hash_key = m.has_hash_key;
    if (m.has_hash_key)
        out->explicit_hash_key = table_at(&r->hash_keys, m.hash_key);
    out->sub_sequence = r->next++;
    return true;
}
