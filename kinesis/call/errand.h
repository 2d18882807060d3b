#ifndef KINESIS_CALL_ERRAND_H
#define KINESIS_CALL_ERRAND_H
/* What all calls have in common: a body to send, and an answer to be read and handed to the user. A
 * call's own struct begins with its errand. */
#include "base/buffer.h"

#include <kinesis/calls.h>
#include <kinesis/endpoint.h>

struct kinesis__errand {
    size_t size; /* of the whole struct */
    struct sigv4_alloc alloc;
    struct kinesis_place place;
    char *arn; /* place's, when the stream was named by one */
    struct sigv4__buffer input;
    struct sigv4_slice body; /* what is sent; input's unless the call sets its own */
    char body_hash[65];      /* "": the exchange hashes it */
    /* Reads the answer and calls the user, once. err: why there is none. answer is writable. */
    void (*deliver)(struct kinesis__errand *e, const struct sigv4_response *response, char *answer,
                    size_t n, const struct sigv4_error *err);
    void (*release)(struct kinesis__errand *e); /* the call's own memory; may be NULL */
    void *ctx;                                  /* the user's */
};

/* size: of the struct that begins with the errand. Zeroed; NULL: no memory. */
void *kinesis__errand_new(struct sigv4_client *client, size_t size);
void kinesis__errand_free(struct kinesis__errand *e);

/* Inputs carry their size: what a caller built against an older header does not have reads as zero.
 */
void kinesis__input_take(void *out, size_t out_size, const void *in);

struct kinesis__errand_kind {
    const char *operation; /* "PutRecord" */
    enum kinesis_operation_type type;
    const char *stream;       /* as the input had it; an ARN decides the host */
    const char *consumer_arn; /* or this */
    uint32_t timeout_ms;
    bool not_twice;
    uint64_t max_answer; /* bytes; 0: the exchange's default */
};
/* Sends what was written, or fails with rc (not 0: the input was refused, err says why). Takes the
 * errand over in any case. */
int kinesis__errand_send(struct kinesis__errand *e, struct sigv4_client *client,
                         const struct kinesis__errand_kind *kind, int rc, struct sigv4_call **call,
                         struct sigv4_error *err);
#endif
