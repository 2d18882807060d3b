#ifndef KINESIS_WIRE_JSON_WRITER_H
#define KINESIS_WIRE_JSON_WRITER_H
/* JSON into a bounded buffer, whose sticky error is looked at once, at the end. */
#include "base/buffer.h"

/* How long text is as a JSON string, with its quotes. text must be UTF-8. */
size_t kinesis__json_string_length(struct sigv4_slice text);
/* Writes just that many bytes; returns the end. */
char *kinesis__json_put_string(char *to, struct sigv4_slice text);

void kinesis__json_write_string(struct sigv4__buffer *b, struct sigv4_slice text);
/* "name": with a comma before it unless it is the first behind a '{'. */
void kinesis__json_write_name(struct sigv4__buffer *b, const char *name);
/* Members; a string is left out when it is empty. */
void kinesis__json_write_text(struct sigv4__buffer *b, const char *name, struct sigv4_slice text);
void kinesis__json_write_uint(struct sigv4__buffer *b, const char *name, uint64_t n);
/* Epoch seconds with three decimals, as the service writes points in time. */
void kinesis__json_write_moment(struct sigv4__buffer *b, const char *name, int64_t unix_ms);
#endif
