#ifndef KINESIS_WIRE_STREAM_NAME_H
#define KINESIS_WIRE_STREAM_NAME_H
/* What names a stream in a request: a name, or an ARN (facts, 1.3). */
#include "base/buffer.h"

/* INVALID with a message when it is neither. stream may be NULL. */
int kinesis__stream_check(const char *stream, struct sigv4_error *err);
bool kinesis__stream_is_arn(struct sigv4_slice stream);
/* "StreamName":"..." or "StreamARN":"...". */
void kinesis__stream_write(struct sigv4__buffer *b, const char *stream);
/* A name alone (create). */
int kinesis__stream_name_check(const char *name, struct sigv4_error *err);
/* arn:...:stream/NAME/consumer/NAME:NUMBER, as far as it can be told. */
bool kinesis__consumer_arn_valid(const char *arn);
#endif
