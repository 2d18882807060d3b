#ifndef OBJECT_CLIENT_H
#define OBJECT_CLIENT_H
/* Inside the S3 client. All but holders and closing is touched on the loop only. */
#include "object/pool.h"

#include <s3/client.h>
#include <stdatomic.h>

struct s3__operation;

enum { S3__REGIONS_KNOWN = 64, S3__REGION_MAX = 64 };
struct s3__known_region {
    char *bucket;
    char region[S3__REGION_MAX];
};

struct s3_client {
    struct sigv4_job close_job;
    struct sigv4_client *base;
    struct sigv4_loop *loop;
    const struct sigv4_alloc *alloc;  /* the loop's */
    struct s3_client_options options; /* with what the profile adds */
    uint64_t part_size;               /* where a transfer says nothing; 0: the usual one */
    atomic_uint holders;
    atomic_bool closing;
    struct s3__operation *operations; /* under way */
    struct s3__known_region regions[S3__REGIONS_KNOWN];
    bool answered;                     /* some request had an answer */
    unsigned next_region;              /* the entry that is given up when all are used */
    char last_host[256];               /* of the last answer, or failure, of any request */
    struct s3__pool requests, buffers; /* shared by the transfers */
};
void s3__client_hold(struct s3_client *client);
void s3__client_unhold(struct s3_client *client);

/* Where a bucket turned out to be, NULL: not known. Forgetting one is never wrong, only slow. */
const char *s3__client_region(const struct s3_client *client, const char *bucket);
void s3__client_learn_region(struct s3_client *client, const char *bucket, const char *region);
/* Requests go out without TLS. Errors: INVALID (the override is malformed). */
int s3__client_is_plain(struct s3_client *client, bool *plain, struct sigv4_error *err);
#endif
