#ifndef OBJECT_AGAIN_H
#define OBJECT_AGAIN_H
/* Trying once more after a rest, when a request failed with all its own attempts: what has many
 * steps shall not end with one that a busy service refused. */
#include "object/client.h"

enum { S3__TRIES = 6 };
/* Would the same request, sent again, have a chance? A service that never answered anything had its
 * tries inside the request: people want to know then. */
bool s3__worth_another_try(const struct s3_client *client, const struct sigv4_error *error);
/* A random wait before try number tries + 1. */
int64_t s3__rest_ms(struct sigv4_loop *loop, unsigned tries);

/* Of a step that is one request. Zeroed memory may be freed. */
struct s3__again {
    const struct s3_client *client;
    struct sigv4_timer *timer;
    unsigned tries; /* that failed, in a row */
    bool resting;
    void (*again)(void *ctx);
    void *ctx;
};
int s3__again_init(struct s3__again *a, const struct s3_client *client, void (*again)(void *ctx),
                   void *ctx); /* NOMEM */
void s3__again_free(struct s3__again *a);
/* True: again will be called after a rest. */
bool s3__again_later(struct s3__again *a, const struct sigv4_error *error);
bool s3__again_stop(struct s3__again *a); /* true: it was resting */
#endif
