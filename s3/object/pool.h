#ifndef OBJECT_POOL_H
#define OBJECT_POOL_H
/* What the transfers of a client share: so many requests at a time, so many bytes of buffers. First
 * come, first served. What is larger than the whole is given when nothing else is out. Loop only.
 */
#include <sigv4/loop.h>

struct s3_client;
struct s3__pool {
    struct sigv4_job grant_job;
    struct s3_client *client;
    uint64_t most, limit, used; /* limit: most, or less after throttles */
    uint64_t well;              /* returns without a throttle since the limit changed */
    int64_t narrowed_ms;
    struct s3__ticket *first, **last;
    bool posted;
};
struct s3__ticket {
    struct s3__ticket *next;
    struct s3__pool *pool; /* NULL: neither waits nor holds */
    uint64_t amount;
    bool held;
    void (*granted)(struct s3__ticket *ticket); /* in a job of its own */
};
void s3__pool_init(struct s3__pool *pool, struct s3_client *client, uint64_t most);
/* True: it is yours now. False: granted will be called, unless it is given up before. */
bool s3__pool_take(struct s3__pool *pool, struct s3__ticket *ticket, uint64_t amount,
                   void (*granted)(struct s3__ticket *ticket));
/* Gives back what is held, or stops waiting; nothing to do is fine. */
void s3__pool_give(struct s3__ticket *ticket);
/* The service asked for less (half, once per second), or all went well (a little more again). */
void s3__pool_narrow(struct s3__pool *pool);
void s3__pool_widen(struct s3__pool *pool);
#endif
