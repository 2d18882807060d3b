#ifndef OBJECT_OPERATION_H
#define OBJECT_OPERATION_H
/* What every started call has in common: it begins on the loop, can be canceled and resumed, and
 * ends in exactly one callback. Embedded as the first member of what knows the rest. */
#include "object/client.h"

struct s3__operation_ops {
    /* On the loop, once. May end or fail the operation. */
    void (*start)(struct s3__operation *op);
    /* On the loop, at most once, before the end: bring the end about, soon. */
    void (*cancel)(struct s3__operation *op);
    void (*resume)(struct s3__operation *op); /* may be NULL */
    void (*free)(struct s3__operation *op);   /* all of it, the memory of op included */
};

struct s3__operation {
    const struct s3__operation_ops *ops;
    struct s3_client *client;
    struct s3__operation *next, *prev; /* of the client's */
    struct sigv4_job start_job;
    struct sigv4_job done_job; /* what s3__operation_fail leads to; set only by those who owe more
                                  callbacks than on_done */
    struct sigv4_call *call;
    s3_done_fn *on_done;
    void *ctx;
    struct sigv4_error error; /* how it failed; status 0: it did not */
    bool listed, ended;
};

/* @thread any. After success the operation belongs to the loop; else op is still the caller's to
 * free. call may be NULL. Errors: CLOSED, FORKED, NOMEM. */
int s3__operation_begin(struct s3__operation *op, struct sigv4_call **call,
                        struct sigv4_error *err);
/* @thread loop, where users may be called. Calls the user and frees the operation. */
void s3__operation_end(struct s3__operation *op, const struct s3_result *result);
/* @thread loop. Ends later in this or the next iteration, with op->error or, when that is empty,
 * CANCELED. Once; nothing else may end the operation any more. */
void s3__operation_fail(struct s3__operation *op);
void s3__operations_cancel(struct s3_client *client);
#endif
