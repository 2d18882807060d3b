#ifndef RIG_S3_BUCKET_H
#define RIG_S3_BUCKET_H
/* A bucket behind the fake engine, strict in what transfers rely on: bodies are compared with their
 * checksums, parts with the list that completes them, ranges and If-Match are honoured. Faults hit
 * the n-th request of an operation. */
#include "flow/fake_engine.h"

struct fake_fault {
    const char *operation; /* "UploadPart"; "*": any */
    unsigned nth;          /* from 1; 0: every one */
    enum fake_outcome outcome;
    int status;         /* of an answer */
    const char *code;   /* of its error document; "": an answer without one */
    const char *body;   /* instead of a document */
    const char *header; /* "name: value\n" in front of the usual headers */
    bool after;         /* the request is carried out, then answered like this */
    bool corrupt;       /* one bit of the body changes on the way down */
    int delay_ms;
    /* Called when it strikes, before anything else. */
    void (*strike)(void *ctx);
    void *ctx;
};

struct fake_bucket;
struct fake_bucket *fake_bucket_new(struct fake *fake); /* scripts itself for every URL */
void fake_bucket_free(struct fake_bucket *b);
void fake_bucket_fault(struct fake_bucket *b, struct fake_fault fault);
void fake_bucket_delay(struct fake_bucket *b, int ms); /* of every answer */
/* Makes ETags that are no MD5s and names no checksums: as other services may. */
void fake_bucket_be_plain(struct fake_bucket *b);

/* Objects by key as it stands in the URL, "/k". */
void fake_bucket_put(struct fake_bucket *b, const char *key, const char *bytes, size_t n);
const char *fake_bucket_get(struct fake_bucket *b, const char *key, size_t *n); /* NULL: none */
const char *fake_bucket_header(struct fake_bucket *b, const char *key, const char *name);
unsigned fake_bucket_uploads(const struct fake_bucket *b); /* begun and not ended */
size_t fake_bucket_parts(const struct fake_bucket *b);     /* of them all */
unsigned fake_bucket_count(const struct fake_bucket *b, const char *operation);
#endif
