#ifndef OBJECT_SINGLE_H
#define OBJECT_SINGLE_H
/* An operation that is one request and its answer: most of them. */
#include "object/operation.h"
#include "object/request.h"
#include "wire/checksum.h"
#include "wire/outcome_xml.h"

struct s3__single {
    struct s3__operation op;
    struct s3__request request;
    enum s3_checksum checksum; /* of the body; NONE: it has none worth one */
    bool has_payload;
    char checksum_text[S3__CHECKSUM_TEXT_MAX];
    struct sigv4__buffer document; /* a body of our own making */
    struct sigv4_slice *body;
    size_t body_count;
    struct s3__outcome outcome;
    /* Looks into a good answer; NULL: headers are all. Fills result->error (by s3__result_fail on
     * op.error) when the answer is not what it should be. */
    void (*decode)(struct s3__single *single, struct s3_result *result);
    /* Before the request goes out, on the loop; NULL: nothing to do. */
    int (*prepare)(struct s3__single *single, struct sigv4_error *err);
};

/* Errors: INVALID (no on_done), NOMEM. */
int s3__single_new(struct s3__single **out, struct s3_client *client, const char *operation,
                   const char *method, s3_done_fn *on_done, void *ctx, struct sigv4_error *err);
/* Gives up one that was not begun. Returns status. */
int s3__single_drop(struct s3__single *single, int status);
/* Starts it, or drops it. */
int s3__single_begin(struct s3__single *single, struct sigv4_call **call, struct sigv4_error *err);
/* The caller's segments as the body; the array is copied. */
int s3__single_set_body(struct s3__single *single, const struct sigv4_slice *body, size_t count,
                        struct sigv4_error *err);
/* What was written into document as the body. */
void s3__single_set_document(struct s3__single *single);
/* decode: an ETag must have come. */
void s3__single_needs_etag(struct s3__single *single, struct s3_result *result);
/* decode: what an outcome document says goes into the result. */
typedef int s3__outcome_fn(struct s3__outcome *out, struct sigv4_slice body,
                           const struct sigv4_alloc *alloc, struct sigv4_error *err);
void s3__single_outcome(struct s3__single *single, struct s3_result *result, s3__outcome_fn *read);
#endif
