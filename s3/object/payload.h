#ifndef OBJECT_PAYLOAD_H
#define OBJECT_PAYLOAD_H
/* What goes with a body: the checksum header, and how the body is signed. Over TLS the payload is
 * not signed, the checksum protects it; over plain HTTP it is (design, section 7). */
#include "object/request.h"
#include "wire/checksum.h"

/* Reads the request's body once, and adds its checksum header and its payload hash. kind must be
 * resolved by s3__checksum_choice. text (may be NULL) receives the checksum. @thread loop. Errors:
 * INVALID (a customer's key over plain HTTP), NOMEM, what read returned. */
int s3__payload_prepare(struct s3__request *r, enum s3_checksum kind,
                        char text[S3__CHECKSUM_TEXT_MAX], struct sigv4_error *err);
/* For requests without body. */
int s3__payload_check(struct s3__request *r, struct sigv4_error *err);
enum s3_checksum s3__checksum_choice(const struct s3_client *client, enum s3_checksum asked);
#endif
