/* Any bytes as an event stream, in two portions, as they are and with their checksums put right:
 * what is handed out lies within what was fed, and both ways of cutting give the same. */
#include "wire/event_stream.h"

#include <stdlib.h>
#include <zlib.h>

static void put_number(unsigned char *to, unsigned long n)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(n >> (24 - 8 * i));
}

/* Makes the first message's length what there is, and its checksums right. */
static void put_right(unsigned char *bytes, size_t n)
{
    if (n < 16)
        return;
    put_number(bytes, n);
    put_number(bytes + 8, crc32_z(0, bytes, 8));
    put_number(bytes + n - 4, crc32_z(0, bytes, n - 4));
}

static size_t count_bytes(const unsigned char *bytes, size_t n, size_t cut)
{
    struct kinesis__event_stream s;
    struct kinesis__event e;
    bool ready = false;
    size_t total = 0;
    kinesis__event_stream_init(&s, NULL);
    for (int part = 0; part < 2; part++) {
        size_t from = part ? cut : 0, to = part ? n : cut;
        if (kinesis__event_stream_feed(&s, sigv4_bytes(bytes + from, to - from)))
            abort();
        while (kinesis__event_stream_next(&s, &e, &ready, NULL) == SIGV4_OK && ready) {
            struct kinesis__event_header h;
            struct sigv4_slice rest = e.headers;
            while (kinesis__event_header_next(&rest, &h))
                total += h.value.len;
            if (rest.len)
                abort();
            for (size_t i = 0; i < e.payload_len; i++)
                e.payload[i]++;
            total += e.payload_len + 16;
        }
    }
    if (total && s.in.len < s.taken)
        abort();
    kinesis__event_stream_free(&s);
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    if (!bytes)
        abort();
    if (size)
        memcpy(bytes, data, size);
    for (int round = 0; round < 2; round++) {
        if (count_bytes(bytes, size, size / 3) != count_bytes(bytes, size, size))
            abort();
        put_right(bytes, size);
    }
    free(bytes);
    return 0;
}
