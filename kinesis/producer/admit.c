/* put, on any thread: what may not pass is refused, the rest is counted and given to the loop. */
#include "base/memory.h"
#include "producer/producer.h"
#include "wire/put_item.h"

enum { AT_ONCE = 64 }; /* puts of one put_many between two looks at the lock */

/* What it takes to keep one record. */
struct admission {
    const struct kinesis_put *put;
    uint32_t texts;  /* bytes of both keys */
    uint32_t block;  /* 0: none is needed */
    uint32_t charge; /* against the budget */
};

static int check(const struct kinesis_producer *p, const struct kinesis_put *put,
                 struct admission *out)
{
    struct kinesis__put_item item = {put->partition_key, put->explicit_hash_key, put->data};
    if (put->size < sizeof *put || (put->data.len && !put->data.ptr))
        return SIGV4_E_INVALID;
    if (item.partition_key.len == 0)
        item.partition_key = SIGV4_LIT("-"); /* one is made up later */
    int rc = kinesis__put_item_check(&item, KINESIS__RECORD_MAX_BYTES, NULL);
    if (rc)
        return rc;
    bool copy = put->flags & KINESIS_COPY;
    out->put = put;
    out->texts = (uint32_t)(put->partition_key.len + put->explicit_hash_key.len);
    bool short_texts = out->texts <= KINESIS__INLINE_TEXTS;
    uint32_t need = (short_texts ? 0 : out->texts) + (copy ? (uint32_t)put->data.len : 0);
    out->block = need ? kinesis__store_block_size(need) : 0;
    out->charge =
        out->block + (short_texts ? out->texts : 0) + (copy ? 0 : (uint32_t)put->data.len);
    return out->charge > p->limits.buffered_bytes ? SIGV4_E_TOO_LARGE : SIGV4_OK;
}

/* ---- under the lock ---- */

static int reserve(struct kinesis_producer *p, const struct admission *a,
                   struct kinesis__record **out)
{
    if (p->locked.refusing)
        return SIGV4_E_CLOSED;
    if (p->locked.records >= p->limits.buffered_records ||
        a->charge > p->limits.buffered_bytes - p->locked.bytes) {
        p->locked.wants_room = true;
        return SIGV4_E_FULL;
    }
    struct kinesis__record *r = kinesis__store_get(&p->locked.store);
    if (!r)
        return SIGV4_E_NOMEM;
    if (a->block) {
        r->block = kinesis__store_get_block(&p->locked.store, a->block);
        r->block_size = r->block ? a->block : 0;
    }
    if (a->block && !r->block) {
        kinesis__store_put(&p->locked.store, r);
        return SIGV4_E_NOMEM;
    }
    r->charge = a->charge;
    p->locked.records++;
    p->locked.bytes += a->charge;
    if (p->locked.bytes > p->locked.most_bytes)
        p->locked.most_bytes = p->locked.bytes;
    *out = r;
    return SIGV4_OK;
}

static void put_bytes(char **at, struct sigv4_slice s)
{
    if (s.len)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
}

static void fill(struct kinesis__record *r, const struct admission *a, int64_t now_ms)
{
    const struct kinesis_put *put = a->put;
    char *at = r->texts, *in_block = r->block;
    if (a->texts > KINESIS__INLINE_TEXTS) {
        r->flags |= KINESIS__TEXTS_IN_BLOCK;
        at = in_block;
    }
    put_bytes(&at, put->partition_key);
    put_bytes(&at, put->explicit_hash_key);
    r->key_len = (uint16_t)put->partition_key.len;
    r->hash_key_len = (uint8_t)put->explicit_hash_key.len;
    r->data = put->data.ptr;
    r->data_len = (uint32_t)put->data.len;
    if (put->flags & KINESIS_COPY) {
        in_block += a->texts > KINESIS__INLINE_TEXTS ? a->texts : 0;
        r->data = in_block;
        put_bytes(&in_block, put->data);
    }
    r->tag = put->tag;
    r->put_ms = now_ms;
    r->gate = KINESIS__NO_GATE;
    r->flags |= put->partition_key.len ? 0 : KINESIS__SPREAD;
}

static void hand_over(struct kinesis_producer *p, struct kinesis__record *r)
{
    r->number = ++p->locked.last_number;
    p->locked.accepted_bytes += kinesis__record_size(r);
    kinesis__queue_push(&p->locked.arrived, r);
    kinesis__knock(p);
}

void kinesis__knock(struct kinesis_producer *p)
{
    if (!p->locked.knocked) {
        p->locked.knocked = true;
        sigv4_loop_post(p->loop, &p->knock_job);
    }
}

/* ---- put ---- */

/* Large copies are made outside of the lock. */
static int put_copied(struct kinesis_producer *p, const struct admission *a)
{
    struct kinesis__record *r;
    pthread_mutex_lock(&p->mutex);
    int rc = reserve(p, a, &r);
    pthread_mutex_unlock(&p->mutex);
    if (rc)
        return rc;
    fill(r, a, kinesis__now(p));
    pthread_mutex_lock(&p->mutex);
    hand_over(p, r);
    pthread_mutex_unlock(&p->mutex);
    return SIGV4_OK;
}

static int put_borrowed(struct kinesis_producer *p, const struct admission *a, size_t count,
                        size_t *done)
{
    struct kinesis__record *r;
    int rc = SIGV4_OK;
    int64_t now_ms = kinesis__now(p);
    pthread_mutex_lock(&p->mutex);
    for (*done = 0; *done < count; ++*done) {
        rc = reserve(p, &a[*done], &r);
        if (rc)
            break;
        fill(r, &a[*done], now_ms);
        hand_over(p, r);
    }
    pthread_mutex_unlock(&p->mutex);
    return rc;
}

int kinesis_producer_put(struct kinesis_producer *p, const struct kinesis_put *put)
{
    struct admission a;
    size_t done;
    int rc = sigv4_loop_check(p->loop);
    if (!rc)
        rc = check(p, put, &a);
    if (rc)
        return rc;
    return put->flags & KINESIS_COPY ? put_copied(p, &a) : put_borrowed(p, &a, 1, &done);
}

static const struct kinesis_put *step(const struct kinesis_put *puts, size_t size, size_t i)
{
    return (const struct kinesis_put *)(const void *)((const char *)puts + i * size);
}

/* Checks at most AT_ONCE that go together; *rc: why it stopped earlier. */
static size_t check_some(const struct kinesis_producer *p, const struct kinesis_put *puts,
                         size_t size, size_t count, struct admission *out, int *rc)
{
    size_t n = 0;
    *rc = SIGV4_OK;
    while (n < count && n < AT_ONCE) {
        const struct kinesis_put *put = step(puts, size, n);
        *rc = check(p, put, &out[n]);
        if (*rc || (n && (put->flags & KINESIS_COPY)))
            break;
        n++;
        if (put->flags & KINESIS_COPY)
            break;
    }
    return n;
}

int kinesis_producer_put_many(struct kinesis_producer *p, const struct kinesis_put *puts,
                              size_t count, size_t *accepted)
{
    struct admission a[AT_ONCE];
    int refused = SIGV4_OK, rc = sigv4_loop_check(p->loop);
    size_t size = count ? puts->size : 0, done;
    *accepted = 0;
    if (!rc && count && size < sizeof *puts)
        rc = SIGV4_E_INVALID;
    while (!rc && *accepted < count) {
        size_t n = check_some(p, step(puts, size, *accepted), size, count - *accepted, a, &refused);
        if (n == 1 && (a->put->flags & KINESIS_COPY)) {
            rc = put_copied(p, a);
            done = rc ? 0 : 1;
        } else {
            rc = put_borrowed(p, a, n, &done);
        }
        *accepted += done;
        rc = rc ? rc : refused;
    }
    return rc;
}

/* ---- put_wait ---- */

struct patience {
    struct kinesis_producer *producer;
    struct admission admission;
};

static bool has_room(void *ctx)
{
    const struct patience *w = ctx;
    struct kinesis_producer *p = w->producer;
    pthread_mutex_lock(&p->mutex);
    bool room =
        p->locked.refusing || (p->locked.records < p->limits.buffered_records &&
                               w->admission.charge <= p->limits.buffered_bytes - p->locked.bytes);
    pthread_mutex_unlock(&p->mutex);
    return room;
}

int kinesis_producer_put_wait(struct kinesis_producer *p, const struct kinesis_put *put,
                              int timeout_ms)
{
    struct patience w = {.producer = p};
    int rc = kinesis_producer_put(p, put);
    if (rc != SIGV4_E_FULL)
        return rc;
    rc = check(p, put, &w.admission);
    int64_t end = kinesis__now(p) + timeout_ms;
    while (!rc) {
        int64_t left = end - kinesis__now(p);
        rc = sigv4_loop_wait(p->loop, has_room, &w,
                             timeout_ms < 0 ? -1 : (int)(left > 0 ? left : 0));
        if (rc)
            break;
        rc = kinesis_producer_put(p, put); /* another thread may have been faster */
        if (rc != SIGV4_E_FULL)
            break;
        rc = SIGV4_OK;
    }
    return rc;
}

/* ---- back from the loop ---- */

static bool is_half_empty(const struct kinesis_producer *p)
{
    return p->locked.bytes <= p->limits.buffered_bytes / 2 &&
           p->locked.records <= p->limits.buffered_records / 2;
}

void kinesis__give_back(struct kinesis_producer *p, struct kinesis__queue *done)
{
    struct kinesis__record *r;
    pthread_mutex_lock(&p->mutex);
    while ((r = kinesis__queue_pop(done))) {
        p->locked.records--;
        p->locked.bytes -= r->charge;
        kinesis__store_put(&p->locked.store, r);
    }
    bool room = p->locked.wants_room && is_half_empty(p);
    if (room)
        p->locked.wants_room = false;
    pthread_mutex_unlock(&p->mutex);
    if (room && p->on_room && !p->on_loop.freed)
        p->on_room(p->ctx);
}
