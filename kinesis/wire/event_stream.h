#ifndef KINESIS_WIRE_EVENT_STREAM_H
#define KINESIS_WIRE_EVENT_STREAM_H
/* The framing of SubscribeToShard's answer (facts, 2.3): messages of headers and a payload, each
 * with two checksums, out of bytes that come in any portions. */
#include "base/buffer.h"

enum {
    KINESIS__EVENT_MAX_HEADERS_SIZE = 128 * 1024,
    KINESIS__EVENT_MAX_PAYLOAD = 24 * 1024 * 1024,
    KINESIS__EVENT_MAX_HEADERS = 64 /* a handful are ever sent */
};

enum kinesis__event_value {
    KINESIS__EVENT_TRUE,
    KINESIS__EVENT_FALSE,
    KINESIS__EVENT_INT8,
    KINESIS__EVENT_INT16,
    KINESIS__EVENT_INT32,
    KINESIS__EVENT_INT64,
    KINESIS__EVENT_BYTES,
    KINESIS__EVENT_STRING,
    KINESIS__EVENT_MOMENT, /* milliseconds, as INT64 */
    KINESIS__EVENT_UUID
};
struct kinesis__event_header {
    struct sigv4_slice name;
    enum kinesis__event_value type;
    struct sigv4_slice value; /* numbers big-endian as they came; nothing for true and false */
};

/* One message; views into the stream's memory, valid until the next feed or next. */
struct kinesis__event {
    struct sigv4_slice headers; /* for kinesis__event_header_next */
    char *payload;              /* may be written to */
    size_t payload_len;
    /* Headers that are strings and known, else empty: ":message-type" ("event", "exception",
     * "error"), ":event-type", ":exception-type", ":error-code", ":error-message". */
    struct sigv4_slice message_type, event_type, exception_type, error_code, error_message;
};
/* Takes the next header off *headers, which is a checked message's; false at the end. */
bool kinesis__event_header_next(struct sigv4_slice *headers, struct kinesis__event_header *out);

struct kinesis__event_stream {
    struct sigv4__buffer in;
    size_t taken; /* of in, by messages handed out */
    int broken;   /* PROTOCOL once it was returned */
};
void kinesis__event_stream_init(struct kinesis__event_stream *s, const struct sigv4_alloc *alloc);
void kinesis__event_stream_free(struct kinesis__event_stream *s);
/* NOMEM: not taken; TOO_LARGE: next was not called in between. */
int kinesis__event_stream_feed(struct kinesis__event_stream *s, struct sigv4_slice chunk);
/* *ready: a message is in *out; else more bytes are needed. PROTOCOL: a checksum, a length or a
 * header is wrong; nothing more can be read then. */
int kinesis__event_stream_next(struct kinesis__event_stream *s, struct kinesis__event *out,
                               bool *ready, struct sigv4_error *err);
/* True when no part of a message is left: an answer that ends otherwise was cut off. */
bool kinesis__event_stream_empty(const struct kinesis__event_stream *s);
#endif
