#ifndef TRANSFER_BAGGAGE_H
#define TRANSFER_BAGGAGE_H
/* What a transfer was told about the object and needs again later: copies that outlive the call. */
#include "object/request.h"

struct s3__baggage {
    const struct sigv4_alloc *alloc;
    char *bucket, *key, *version_id, *if_match, *if_none_match;
    struct s3_at at;
    struct s3_conditions conditions;
    struct s3__request attributes; /* never sent: only its headers count */
    struct sigv4_header headers[S3__REQUEST_HEADERS];
    struct s3_attributes stored;
    struct s3_encryption encryption;
    unsigned char customer_key[32];
};
/* attributes and conditions may be NULL; the name is checked as for a request. Errors: INVALID,
 * TOO_LARGE, NOMEM; then, too, s3__baggage_free. */
int s3__baggage_pack(struct s3__baggage *b, struct s3_client *client, const struct s3_at *at,
                     const struct s3_attributes *attributes, const struct s3_conditions *conditions,
                     struct sigv4_error *err);
void s3__baggage_free(struct s3__baggage *b); /* wipes; zeroed memory is fine */
/* As the calls take them; NULL where there is nothing. */
const struct s3_attributes *s3__baggage_attributes(struct s3__baggage *b);
const struct s3_conditions *s3__baggage_conditions(const struct s3__baggage *b);
const struct s3_encryption *s3__baggage_encryption(const struct s3__baggage *b);
#endif
