#ifndef KINESIS_CALL_STREAM_H
#define KINESIS_CALL_STREAM_H
/* A call whose answer is only that it worked. */
#include "call/errand.h"

/* NULL: no memory, err says so. */
struct kinesis__errand *kinesis__done_call_new(struct sigv4_client *client,
                                               kinesis_done_fn *on_done, void *ctx,
                                               struct sigv4_error *err);
#endif
