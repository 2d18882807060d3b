#ifndef WIRE_MULTIPART_XML_H
#define WIRE_MULTIPART_XML_H
/* What is sent to complete a multipart upload. */
#include "base/buffer.h"

#include <s3/multipart.h>

/* Appends the document; out's sticky error tells whether it fitted. Errors: INVALID (no part,
 * numbers not ascending within 1 to 10,000, a part without ETag). */
int s3__complete_write(struct sigv4__buffer *out, const struct s3_part *parts, size_t count,
                       enum s3_checksum checksum);
#endif
