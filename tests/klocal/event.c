/* Event stream framing: prelude, headers, payload, two CRCs. */
#include "event.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define STRING_HEADER 7

static void put_u32(struct text *out, uint32_t value)
{
    const unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                    (unsigned char)(value >> 8), (unsigned char)value};
    text_add(out, bytes, sizeof bytes);
}

static void put_header(struct text *out, const char *name, const char *value)
{
    size_t length = strlen(value);
    text_putc(out, (char)strlen(name));
    text_puts(out, name);
    text_putc(out, STRING_HEADER);
    text_putc(out, (char)(length >> 8));
    text_putc(out, (char)(length & 0xff));
    text_puts(out, value);
}

static uint32_t checksum(const struct text *out, size_t start)
{
    return (uint32_t)crc32_z(0, (const unsigned char *)out->data + start, out->length - start);
}

void event_put(struct text *out, const char *message_type, const char *type, const char *payload,
               size_t length)
{
    struct text headers = {0};
    size_t start = out->length;
    bool is_event = strcmp(message_type, "event") == 0;
    put_header(&headers, is_event ? ":event-type" : ":exception-type", type);
    put_header(&headers, ":content-type", "application/x-amz-json-1.1");
    put_header(&headers, ":message-type", message_type);
    put_u32(out, (uint32_t)(16 + headers.length + length));
    put_u32(out, (uint32_t)headers.length);
    put_u32(out, checksum(out, start));
    text_add(out, headers.data, headers.length);
    text_add(out, payload, length);
    put_u32(out, checksum(out, start));
    text_free(&headers);
}
