/* Event stream messages: lengths are believed only once their checksum fits. */
#include "wire/event_stream.h"

#include "base/fail.h"
#include "base/text.h"
#include "wire/plain_text.h"

#include <zlib.h>

/* total length, headers' length, checksum of both; headers; payload; checksum of all before. */
enum { PRELUDE = 12, CHECKSUM = 4, FRAME = PRELUDE + CHECKSUM };
static const size_t max_message =
    (size_t)KINESIS__EVENT_MAX_PAYLOAD + KINESIS__EVENT_MAX_HEADERS_SIZE + FRAME;

void kinesis__event_stream_init(struct kinesis__event_stream *s, const struct sigv4_alloc *alloc)
{
    memset(s, 0, sizeof *s);
    /* A message that is being collected, and the portion that ends it. */
    sigv4__buffer_init(&s->in, alloc, 2 * max_message);
}

void kinesis__event_stream_free(struct kinesis__event_stream *s)
{
    sigv4__buffer_free(&s->in);
    s->taken = 0;
}

bool kinesis__event_stream_empty(const struct kinesis__event_stream *s)
{
    return s->taken == s->in.len;
}

int kinesis__event_stream_feed(struct kinesis__event_stream *s, struct sigv4_slice chunk)
{
    if (s->taken) {
        memmove(s->in.ptr, s->in.ptr + s->taken, s->in.len - s->taken);
        s->in.len -= s->taken;
        s->taken = 0;
    }
    int status = sigv4__buffer_reserve(&s->in, chunk.len);
    s->in.failed = SIGV4_OK;
    if (!status)
        sigv4__buffer_slice(&s->in, chunk);
    return status;
}

static uint32_t number_at(const char *bytes)
{
    const unsigned char *p = (const unsigned char *)bytes;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool checksum_fits(const char *bytes, size_t n)
{
    return crc32_z(0, (const unsigned char *)bytes, n) == number_at(bytes + n);
}

/* The bytes of a value behind its type; SIZE_MAX: there are not enough, or the type is unknown.
 * *skip: what stands before them. */
static size_t value_length(unsigned type, struct sigv4_slice rest, size_t *skip)
{
    static const unsigned char fixed[] = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
    const unsigned char *p = rest.ptr;
    size_t n;
    if (type >= sizeof fixed)
        return SIZE_MAX;
    *skip = type == KINESIS__EVENT_BYTES || type == KINESIS__EVENT_STRING ? 2 : 0;
    if (rest.len < *skip)
        return SIZE_MAX;
    n = *skip ? (size_t)p[0] << 8 | p[1] : fixed[type];
    return n > rest.len - *skip ? SIZE_MAX : n;
}

/* Takes one header off; false: malformed. */
static bool take_header(struct sigv4_slice *rest, struct kinesis__event_header *out)
{
    const unsigned char *p = rest->ptr;
    size_t name = rest->len ? p[0] : 0, skip;
    if (name == 0 || rest->len < name + 2)
        return false;
    unsigned type = p[1 + name];
    struct sigv4_slice behind = sigv4__from(*rest, name + 2);
    size_t n = value_length(type, behind, &skip);
    if (n == SIZE_MAX)
        return false;
    out->name = sigv4_bytes(p + 1, name);
    out->type = (enum kinesis__event_value)type;
    out->value = sigv4__first(sigv4__from(behind, skip), n);
    *rest = sigv4__from(behind, skip + n);
    return true;
}

bool kinesis__event_header_next(struct sigv4_slice *headers, struct kinesis__event_header *out)
{
    return headers->len && take_header(headers, out);
}

static void keep_known(struct kinesis__event *out, const struct kinesis__event_header *h)
{
    const struct {
        const char *name;
        struct sigv4_slice *value;
    } known[] = {
        {":message-type", &out->message_type},     {":event-type", &out->event_type},
        {":exception-type", &out->exception_type}, {":error-code", &out->error_code},
        {":error-message", &out->error_message},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (h->type == KINESIS__EVENT_STRING && sigv4__equal_str(h->name, known[i].name))
            *known[i].value = h->value;
    }
}

static bool named_before(const struct kinesis__event_header *seen, size_t count,
                         struct sigv4_slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (sigv4__equal(seen[i].name, name))
            return true;
    }
    return false;
}

/* NULL, or what is wrong with the headers. */
static const char *read_headers(struct kinesis__event *out)
{
    struct kinesis__event_header seen[KINESIS__EVENT_MAX_HEADERS];
    struct sigv4_slice rest = out->headers;
    size_t characters;
    for (size_t count = 0; rest.len; count++) {
        if (count == KINESIS__EVENT_MAX_HEADERS)
            return "too many headers";
        struct kinesis__event_header *h = &seen[count];
        if (!take_header(&rest, h) || !kinesis__utf8_count(h->name, &characters) ||
            (h->type == KINESIS__EVENT_STRING && !kinesis__utf8_count(h->value, &characters)))
            return "a malformed header";
        if (named_before(seen, count, h->name))
            return "a header given twice";
        keep_known(out, h);
    }
    return NULL;
}

static int break_off(struct kinesis__event_stream *s, const char *why, struct sigv4_error *err)
{
    s->broken = sigv4__fail(err, SIGV4_E_PROTOCOL, "event stream: %s", why);
    return s->broken;
}

/* Looks at the prelude: 0 and the message's length, when there is all of it. */
static int whole_message(struct kinesis__event_stream *s, size_t *total, struct sigv4_error *err)
{
    size_t have = s->in.len - s->taken;
    *total = 0;
    if (have < PRELUDE)
        return SIGV4_OK;
    const char *p = s->in.ptr + s->taken;
    if (!checksum_fits(p, PRELUDE - CHECKSUM))
        return break_off(s, "the prelude's checksum is wrong", err);
    size_t length = number_at(p), headers = number_at(p + 4);
    if (length < FRAME || headers > length - FRAME || headers > KINESIS__EVENT_MAX_HEADERS_SIZE ||
        length - FRAME - headers > KINESIS__EVENT_MAX_PAYLOAD)
        return break_off(s, "a length that cannot be", err);
    if (have < length)
        return SIGV4_OK;
    if (!checksum_fits(p, length - CHECKSUM))
        return break_off(s, "the message's checksum is wrong", err);
    *total = length;
    return SIGV4_OK;
}

int kinesis__event_stream_next(struct kinesis__event_stream *s, struct kinesis__event *out,
                               bool *ready, struct sigv4_error *err)
{
    size_t total;
    *ready = false;
    if (s->broken)
        return break_off(s, "what follows a broken message cannot be read", err);
    int status = whole_message(s, &total, err);
    if (status || !total)
        return status;
    char *p = s->in.ptr + s->taken;
    size_t headers = number_at(p + 4);
    memset(out, 0, sizeof *out);
    out->headers = sigv4_bytes(p + PRELUDE, headers);
    out->payload = p + PRELUDE + headers;
    out->payload_len = total - FRAME - headers;
    const char *wrong = read_headers(out);
    if (wrong)
        return break_off(s, wrong, err);
    s->taken += total;
    *ready = true;
    return SIGV4_OK;
}
