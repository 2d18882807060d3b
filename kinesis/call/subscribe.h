#ifndef KINESIS_CALL_SUBSCRIBE_H
#define KINESIS_CALL_SUBSCRIBE_H
/* One SubscribeToShard: the service sends events for five minutes at most. They are handed out one
 * by one, in order; while one is being dealt with nothing more is taken from the connection, so
 * that at most one event is in memory here. All on the loop's thread. */
#include <kinesis/calls.h>

struct kinesis__subscription;

struct kinesis__subscription_hooks {
    void (*begun)(void *ctx); /* the service accepted it */
    /* A SubscribeToShardEvent: JSON, writable, for the length of this call. GO_ON: taken. PAUSE:
     * not taken, it comes again after resume. STOP: taken, and cancels. */
    enum sigv4_flow (*payload)(void *ctx, char *json, size_t n);
    /* Once, last of all. err NULL: the service ended it, as it does after five minutes; the
     * subscription may be freed in it, and not before. */
    void (*over)(void *ctx, const struct sigv4_error *err, const char *host);
    void *ctx;
};

/* Errors as of all calls. The hooks are called in step 5 of the loop, never from inside these. */
int kinesis__subscription_new(struct kinesis__subscription **out, struct sigv4_client *client,
                              const struct kinesis_subscribe_to_shard_input *in,
                              const struct kinesis__subscription_hooks *hooks,
                              struct sigv4_error *err);
/* The event was taken, but no further one is wanted until resume; for the payload hook. */
void kinesis__subscription_pause(struct kinesis__subscription *s);
void kinesis__subscription_resume(struct kinesis__subscription *s);
/* When it answered, by its own clock; INT64_MIN: it did not (say so). */
int64_t kinesis__subscription_service_ms(const struct kinesis__subscription *s);
/* No more events; over follows. */
void kinesis__subscription_cancel(struct kinesis__subscription *s);
void kinesis__subscription_free(struct kinesis__subscription *s); /* NULL is fine */
#endif
