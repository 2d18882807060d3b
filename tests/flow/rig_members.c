/* Aggregates, read slowly and strictly. */
#include "flow/rig_members.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct cursor {
    const unsigned char *at, *end;
};

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "damaged aggregate: %s\n", what);
    abort();
}

static uint64_t number(struct cursor *c)
{
    uint64_t n = 0;
    for (unsigned shift = 0;; shift += 7) {
        need(c->at < c->end && shift < 64, "a number");
        n |= (uint64_t)(*c->at & 0x7f) << shift;
        if (!(*c->at++ & 0x80))
            return n;
    }
}

static struct cursor bytes(struct cursor *c)
{
    uint64_t n = number(c);
    need(n <= (uint64_t)(c->end - c->at), "a length");
    struct cursor field = {c->at, c->at + n};
    c->at += n;
    return field;
}

struct tables {
    struct cursor *keys, *hash_keys;
    size_t key_count, hash_key_count;
};

static void text_of(const struct cursor *field, char *out, size_t cap)
{
    size_t n = (size_t)(field->end - field->at);
    need(n < cap, "a key's length");
    memcpy(out, field->at, n);
    out[n] = '\0';
}

static void read_member(struct cursor record, const struct tables *t, struct rig_member *out)
{
    bool has_key = false, has_data = false;
    memset(out, 0, sizeof *out);
    while (record.at < record.end) {
        uint64_t head = number(&record), i;
        struct cursor data;
        switch (head) {
        case 0x08:
            need((i = number(&record)) < t->key_count, "a key's index");
            text_of(&t->keys[i], out->key, sizeof out->key);
            has_key = true;
            break;
        case 0x10:
            need((i = number(&record)) < t->hash_key_count, "a hash key's index");
            text_of(&t->hash_keys[i], out->hash_key, sizeof out->hash_key);
            break;
        case 0x1a:
            data = bytes(&record);
            out->data = (const char *)data.at;
            out->len = (size_t)(data.end - data.at);
            has_data = true;
            break;
        default:
            need(false, "a record's field");
        }
    }
    need(has_key && has_data, "a record");
}

static bool has_frame(const char *data, size_t len)
{
    unsigned char md5[16];
    if (len < 21 || memcmp(data, "\xf3\x89\x9a\xc2", 4) != 0)
        return false;
    need(EVP_Digest(data + 4, len - 20, md5, NULL, EVP_md5(), NULL), "MD5");
    return memcmp(md5, data + len - 16, 16) == 0;
}

static size_t read_all(struct cursor c, struct tables *t, struct rig_member *out, size_t cap)
{
    size_t n = 0;
    while (c.at < c.end) {
        uint64_t head = number(&c);
        need(head == 0x0a || head == 0x12 || head == 0x1a, "a field");
        struct cursor field = bytes(&c);
        if (head == 0x0a)
            t->keys[t->key_count++] = field;
        else if (head == 0x12)
            t->hash_keys[t->hash_key_count++] = field;
        else if (n++ < cap)
            read_member(field, t, &out[n - 1]);
    }
    return n;
}

size_t rig_members(const char *data, size_t len, struct rig_member *out, size_t cap)
{
    if (!has_frame(data, len))
        return 0;
    /* A key takes two bytes at least. */
    struct tables t = {.keys = malloc(len / 2 * sizeof *t.keys),
                       .hash_keys = malloc(len / 2 * sizeof *t.hash_keys)};
    need(t.keys && t.hash_keys, "memory");
    size_t n = read_all(
        (struct cursor){(const unsigned char *)data + 4, (const unsigned char *)data + len - 16},
        &t, out, cap);
    free(t.keys);
    free(t.hash_keys);
    return n;
}

bool rig_is_outside(const char *data, size_t len, const char *first, const char *last)
{
    size_t n = rig_members(data, len, NULL, 0);
    struct rig_member *members = malloc((n + 1) * sizeof *members);
    bool outside = false;
    need(members != NULL, "memory");
    rig_members(data, len, members, n);
    for (size_t i = 0; i < n; i++)
        outside |= !fake_hash_between(first, last, members[i].key,
                                      members[i].hash_key[0] ? members[i].hash_key : NULL);
    free(members);
    return outside;
}

bool rig_is_dropped(const struct fake_stream *s, const struct fake_written *w)
{
    const struct fake_shard *shard = fake_stream_shard(s, w->shard);
    return rig_is_outside(w->data, w->len, shard->first, shard->last);
}
