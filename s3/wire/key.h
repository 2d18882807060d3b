#ifndef WIRE_KEY_H
#define WIRE_KEY_H
/* Keys in requests. */
#include "base/buffer.h"

enum { S3__KEY_MAX = 1024 };
/* "/" and the key, each byte but the unreserved ones and '/' as %XX: S3 takes every byte as it is,
 * so nothing is normalised. */
void s3__key_path(struct sigv4__buffer *out, struct sigv4_slice key);
/* "name=value" with '&' before it when out is not empty; both are encoded, '/' too. */
void s3__query_add(struct sigv4__buffer *out, const char *name, struct sigv4_slice value);
#endif
