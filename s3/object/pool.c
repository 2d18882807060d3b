/* Shared limits, in order of asking. */
#include "object/pool.h"

#include "object/client.h"

enum { NARROW_EVERY_MS = 1000 };

static void run_grants(struct sigv4_job *job)
{
    struct s3__pool *pool = (struct s3__pool *)((char *)job - offsetof(struct s3__pool, grant_job));
    struct s3_client *client = pool->client;
    pool->posted = false;
    while (pool->first && (pool->used == 0 || pool->used + pool->first->amount <= pool->limit)) {
        struct s3__ticket *ticket = pool->first;
        pool->first = ticket->next;
        if (!pool->first)
            pool->last = &pool->first;
        ticket->held = true;
        pool->used += ticket->amount;
        ticket->granted(ticket);
    }
    s3__client_unhold(client);
}

static void post_grants(struct s3__pool *pool)
{
    if (pool->posted || !pool->first)
        return;
    pool->posted = true;
    s3__client_hold(pool->client); /* the job is part of it */
    sigv4_loop_post(pool->client->loop, &pool->grant_job);
}

void s3__pool_init(struct s3__pool *pool, struct s3_client *client, uint64_t most)
{
    memset(pool, 0, sizeof *pool);
    pool->grant_job.run = run_grants;
    pool->client = client;
    pool->most = pool->limit = most;
    pool->narrowed_ms = INT64_MIN / 2;
    pool->last = &pool->first;
}

bool s3__pool_take(struct s3__pool *pool, struct s3__ticket *ticket, uint64_t amount,
                   void (*granted)(struct s3__ticket *ticket))
{
    ticket->pool = pool;
    ticket->amount = amount;
    ticket->granted = granted;
    ticket->next = NULL;
    ticket->held = !pool->first && (pool->used == 0 || pool->used + amount <= pool->limit);
    if (ticket->held) {
        pool->used += amount;
    } else {
        *pool->last = ticket;
        pool->last = &ticket->next;
    }
    return ticket->held;
}

static void leave_queue(struct s3__ticket *ticket)
{
    struct s3__pool *pool = ticket->pool;
    struct s3__ticket **at = &pool->first;
    while (*at != ticket)
        at = &(*at)->next;
    *at = ticket->next;
    if (pool->last == &ticket->next)
        pool->last = at;
}

void s3__pool_give(struct s3__ticket *ticket)
{
    struct s3__pool *pool = ticket->pool;
    if (!pool)
        return;
    if (ticket->held)
        pool->used -= ticket->amount;
    else
        leave_queue(ticket);
    ticket->pool = NULL;
    ticket->held = false;
    post_grants(pool);
}

void s3__pool_narrow(struct s3__pool *pool)
{
    const struct sigv4_clock *clock = sigv4_loop_clock(pool->client->loop);
    int64_t now = clock->mono_ms(clock->ctx);
    pool->well = 0;
    if (now - pool->narrowed_ms < NARROW_EVERY_MS)
        return;
    pool->narrowed_ms = now;
    pool->limit = pool->limit > 1 ? pool->limit / 2 : 1;
}

void s3__pool_widen(struct s3__pool *pool)
{
    if (pool->limit == pool->most || ++pool->well < pool->limit)
        return;
    pool->well = 0;
    pool->limit++;
    post_grants(pool);
}
