/* A window over the records under way, as wide as the service is fast. */
#include "kput_window.h"

enum {
    FIRST_RECORDS = 500,
    FIRST_BYTES = 4 * 1024 * 1024,
    LEAST_RECORDS = 8,
    LEAST_BYTES = 64 * 1024,
    LATE = 10 /* a tenth of the deadline: the shard may become slower by itself, and results lag */
};
#define MOST_RECORDS (UINT64_C(1) << 40)
#define MOST_BYTES   (UINT64_C(1) << 60)

void window_init(struct window *w, struct sigv4_loop *loop, struct kinesis_producer *producer,
                 uint32_t deadline_ms)
{
    w->loop = loop;
    w->producer = producer;
    w->late_ms = deadline_ms / LATE;
    atomic_init(&w->most_records, FIRST_RECORDS);
    atomic_init(&w->most_bytes, FIRST_BYTES);
}

static bool has_room(void *ctx)
{
    struct window *w = ctx;
    return atomic_load(&w->open) || (atomic_load(&w->records) < atomic_load(&w->most_records) &&
                                     atomic_load(&w->bytes) < atomic_load(&w->most_bytes));
}

void window_enter(struct window *w, size_t bytes)
{
    if (!has_room(w)) {
        kinesis_producer_push(w->producer); /* no more company will come */
        (void)sigv4_loop_wait(w->loop, has_room, w, -1);
    }
    atomic_fetch_add(&w->records, 1);
    atomic_fetch_add(&w->bytes, bytes);
}

void window_leave(struct window *w, size_t bytes)
{
    atomic_fetch_sub(&w->records, 1);
    atomic_fetch_sub(&w->bytes, bytes);
}

static void widen(atomic_uint_fast64_t *size, uint64_t by, uint64_t most)
{
    uint64_t now = atomic_load(size);
    atomic_store(size, now + by < most ? now + by : most);
}

static void narrow(atomic_uint_fast64_t *size, uint64_t by, uint64_t least)
{
    uint64_t now = atomic_load(size);
    atomic_store(size, now > least + by ? now - by : least);
}

/* One slow shard among fast ones must be enough to hold the growth back. */
void window_learn(struct window *w, size_t bytes, uint32_t latency_ms)
{
    if (latency_ms >= w->late_ms) {
        w->wary = atomic_load(&w->most_records);
        w->second = !w->second;
        if (w->second) {
            narrow(&w->most_records, 1, LEAST_RECORDS);
            narrow(&w->most_bytes, bytes, LEAST_BYTES);
        }
    } else if (w->wary) {
        w->wary--;
    } else {
        widen(&w->most_records, 1, MOST_RECORDS);
        widen(&w->most_bytes, bytes, MOST_BYTES);
    }
}
