#ifndef OBJECT_ATTRIBUTES_H
#define OBJECT_ATTRIBUTES_H
/* How an object is stored and under which conditions, as request headers. */
#include "object/request.h"

/* NULL adds nothing. Errors: INVALID (metadata that is not ASCII, a customer's key that is not 32
 * bytes long). What does not fit sets the request's sticky failure. */
int s3__add_attributes(struct s3__request *r, const struct s3_attributes *attributes,
                       struct sigv4_error *err);
/* Only the customer's key, as head, get and parts need it. */
int s3__add_customer_key(struct s3__request *r, const struct s3_encryption *encryption,
                         struct sigv4_error *err);
int s3__add_source_key(struct s3__request *r, struct sigv4_slice key, struct sigv4_error *err);
void s3__add_conditions(struct s3__request *r, const struct s3_conditions *conditions);
void s3__add_source_conditions(struct s3__request *r, const struct s3_conditions *conditions);
/* "If-Match" and its kind: the ETag gets its quotes, "*" stays. */
void s3__add_etag(struct s3__request *r, const char *name, const char *etag);
/* x-amz-copy-source. Errors: INVALID (no source). */
int s3__add_copy_source(struct s3__request *r, const struct s3_at *from, struct sigv4_error *err);
/* Do the request's headers say what the content is, so that a copy must not take that over? */
bool s3__describes_content(const struct s3__request *r);
#endif
