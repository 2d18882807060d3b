/* Event stream messages in portions of every size, and all that breaks them. */
#include "base/text.h"
#include "failing_alloc.h"
#include "wire/event_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>

#include <cmocka.h>

static struct sigv4_error err;

static void put_number(char *to, size_t n)
{
    for (int i = 0; i < 4; i++)
        to[i] = (char)(n >> (24 - 8 * i));
}

/* Writes a message with good checksums; returns its length. */
static size_t write_message(char *to, const char *headers, size_t header_len, const char *payload,
                            size_t payload_len)
{
    size_t n = 16 + header_len + payload_len;
    put_number(to, n);
    put_number(to + 4, header_len);
    put_number(to + 8, crc32_z(0, (const unsigned char *)to, 8));
    memcpy(to + 12, headers, header_len);
    memcpy(to + 12 + header_len, payload, payload_len);
    put_number(to + n - 4, crc32_z(0, (const unsigned char *)to, n - 4));
    return n;
}

#define TEXT(name_len, name, value_len, value) name_len name "\x07\x00" value_len value
static const char event_headers[] = TEXT("\x0d", ":message-type", "\x05", "event")
    TEXT("\x0b", ":event-type", "\x15", "SubscribeToShardEvent") "\x01"
                                                                 "a"
                                                                 "\x00"
                                                                 "\x01"
                                                                 "b"
                                                                 "\x01"
                                                                 "\x01"
                                                                 "c"
                                                                 "\x02"
                                                                 "\x7f"
                                                                 "\x01"
                                                                 "d"
                                                                 "\x03"
                                                                 "\x01\x02"
                                                                 "\x01"
                                                                 "e"
                                                                 "\x04"
                                                                 "\x01\x02\x03\x04"
                                                                 "\x01"
                                                                 "f"
                                                                 "\x05"
                                                                 "12345678"
                                                                 "\x01"
                                                                 "g"
                                                                 "\x06\x00\x02"
                                                                 "\xff\x00"
                                                                 "\x01"
                                                                 "h"
                                                                 "\x08"
                                                                 "12345678"
                                                                 "\x01"
                                                                 "i"
                                                                 "\x09"
                                                                 "0123456789abcdef";

static size_t event(char *to, const char *payload)
{
    return write_message(to, event_headers, sizeof event_headers - 1, payload, strlen(payload));
}

static void assert_text(struct sigv4_slice s, const char *expected)
{
    if (!sigv4__equal_str(s, expected))
        fail_msg("\"%.*s\", not \"%s\"", (int)s.len, (const char *)s.ptr, expected);
}

/* Feeds n bytes in portions and counts the messages; -1: refused. */
static int count_messages(const char *bytes, size_t n, size_t portion)
{
    struct kinesis__event_stream s;
    struct kinesis__event e;
    int count = 0;
    bool ready;
    kinesis__event_stream_init(&s, NULL);
    for (size_t i = 0; i < n && count >= 0; i += portion) {
        size_t take = n - i < portion ? n - i : portion;
        assert_int_equal(kinesis__event_stream_feed(&s, sigv4_bytes(bytes + i, take)), SIGV4_OK);
        do {
            if (kinesis__event_stream_next(&s, &e, &ready, &err)) {
                count = -1;
                break;
            }
            count += ready;
        } while (ready);
    }
    assert_true(count < 0 || kinesis__event_stream_empty(&s) || n);
    kinesis__event_stream_free(&s);
    return count;
}

static void messages_in_all_portions(void **state)
{
    (void)state;
    char bytes[2000];
    size_t n = event(bytes, "{\"Records\":[]}");
    n += event(bytes + n, "");
    n += event(bytes + n, "{\"Records\":[{}]}");
    for (size_t portion = 1; portion <= n; portion++)
        assert_int_equal(count_messages(bytes, n, portion), 3);
}

static void what_a_message_holds(void **state)
{
    (void)state;
    char bytes[1000];
    struct kinesis__event_stream s;
    struct kinesis__event e;
    bool ready;
    size_t n = event(bytes, "payload");
    kinesis__event_stream_init(&s, NULL);
    assert_true(kinesis__event_stream_empty(&s));
    assert_int_equal(kinesis__event_stream_next(&s, &e, &ready, &err), SIGV4_OK);
    assert_false(ready);
    assert_int_equal(kinesis__event_stream_feed(&s, sigv4_bytes(bytes, n)), SIGV4_OK);
    assert_false(kinesis__event_stream_empty(&s));
    assert_int_equal(kinesis__event_stream_next(&s, &e, &ready, &err), SIGV4_OK);
    assert_true(ready && kinesis__event_stream_empty(&s));
    assert_text(e.message_type, "event");
    assert_text(e.event_type, "SubscribeToShardEvent");
    assert_text(e.exception_type, "");
    assert_text(sigv4_bytes(e.payload, e.payload_len), "payload");
    struct kinesis__event_header h;
    struct sigv4_slice rest = e.headers;
    static const size_t lengths[] = {5, 21, 0, 0, 1, 2, 4, 8, 2, 8, 16};
    size_t count = 0;
    for (; kinesis__event_header_next(&rest, &h); count++)
        assert_int_equal(h.value.len, lengths[count]);
    assert_int_equal(count, 11);
    assert_int_equal(h.type, KINESIS__EVENT_UUID);
    assert_text(h.value, "0123456789abcdef");
    kinesis__event_stream_free(&s);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    char bytes[1000];
    size_t n = event(bytes, "{\"Records\":[]}");
    for (size_t i = 0; i < n * 8; i++) {
        bytes[i / 8] = (char)(bytes[i / 8] ^ (1 << (i % 8)));
        assert_int_equal(count_messages(bytes, n, n), -1);
        bytes[i / 8] = (char)(bytes[i / 8] ^ (1 << (i % 8)));
    }
    assert_int_equal(count_messages(bytes, n, n), 1);
}

static void truncation_gives_nothing(void **state)
{
    (void)state;
    char bytes[1000];
    size_t n = event(bytes, "{\"Records\":[]}");
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(count_messages(bytes, cut, 1000), 0);
}

static void bad_headers_are_refused(void **state)
{
    (void)state;
    const struct sigv4_slice bad[] = {
        SIGV4_LIT("\x00"),
        SIGV4_LIT("\x01"),
        SIGV4_LIT("\x01"
                  "a"),
        SIGV4_LIT("\x00\x00"),
        SIGV4_LIT("\x02"
                  "a\x00"),
        SIGV4_LIT("\x01"
                  "a\x0a"),
        SIGV4_LIT("\x01"
                  "a\xff"),
        SIGV4_LIT("\x01"
                  "a\x02"),
        SIGV4_LIT("\x01"
                  "a\x03\x01"),
        SIGV4_LIT("\x01"
                  "a\x04"
                  "123"),
        SIGV4_LIT("\x01"
                  "a\x05"
                  "1234567"),
        SIGV4_LIT("\x01"
                  "a\x08"
                  "1234567"),
        SIGV4_LIT("\x01"
                  "a\x09"
                  "123456789012345"),
        SIGV4_LIT("\x01"
                  "a\x07\x00"),
        SIGV4_LIT("\x01"
                  "a\x07\x00\x01"),
        SIGV4_LIT("\x01"
                  "a\x06\x01\x00x"),
        SIGV4_LIT("\x01"
                  "a\x07\x00\x01\xff"),
        SIGV4_LIT("\x01"
                  "\xff\x00"),
        SIGV4_LIT("\x01"
                  "a\x00\x01"
                  "a\x01"),
        SIGV4_LIT("\x01"
                  "a\x00\x01"
                  "b\x00\x01"
                  "a\x07\x00\x00"),
    };
    char bytes[1000];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t n = write_message(bytes, bad[i].ptr, bad[i].len, "\0", 1);
        if (count_messages(bytes, n, n) != -1)
            fail_msg("%zu is taken", i);
        assert_int_equal(err.status, SIGV4_E_PROTOCOL);
    }
    char headers[3 * (KINESIS__EVENT_MAX_HEADERS + 1)];
    for (size_t i = 0; i <= KINESIS__EVENT_MAX_HEADERS; i++)
        memcpy(headers + 3 * i, (char[]){1, (char)(i + 1), 0}, 3);
    size_t n = write_message(bytes, headers, sizeof headers - 3, "", 0);
    assert_int_equal(count_messages(bytes, n, n), 1);
    n = write_message(bytes, headers, sizeof headers, "", 0);
    assert_int_equal(count_messages(bytes, n, n), -1);
}

/* Lengths with a good checksum of their own. */
static void bad_lengths_are_refused(void **state)
{
    (void)state;
    static const size_t bad[][2] = {{0, 0},
                                    {15, 0},
                                    {16, 1},
                                    {100, 85},
                                    {0xffffffff, 0},
                                    {0xffffffff, 0xffffffff},
                                    {16 + KINESIS__EVENT_MAX_PAYLOAD + 1, 0},
                                    {1 << 20, KINESIS__EVENT_MAX_HEADERS_SIZE + 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char bytes[12];
        put_number(bytes, bad[i][0]);
        put_number(bytes + 4, bad[i][1]);
        put_number(bytes + 8, crc32_z(0, (const unsigned char *)bytes, 8));
        assert_int_equal(count_messages(bytes, sizeof bytes, 12), -1);
        assert_string_equal(err.message, "event stream: a length that cannot be");
    }
}

static void the_largest_message_fits(void **state)
{
    (void)state;
    size_t payload = KINESIS__EVENT_MAX_PAYLOAD;
    char *zeros = calloc(1, payload), *bytes = malloc(payload + 16);
    size_t n = write_message(bytes, "", 0, zeros, payload);
    assert_int_equal(count_messages(bytes, n, 16384), 1);
    free(zeros);
    free(bytes);
}

static void nothing_follows_a_broken_message(void **state)
{
    (void)state;
    struct kinesis__event_stream s;
    struct kinesis__event e;
    char bytes[1000];
    bool ready;
    size_t n = event(bytes, "x");
    kinesis__event_stream_init(&s, NULL);
    bytes[3] = (char)(bytes[3] ^ 1);
    assert_int_equal(kinesis__event_stream_feed(&s, sigv4_bytes(bytes, n)), SIGV4_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kinesis__event_stream_next(&s, &e, &ready, &err), SIGV4_E_PROTOCOL);
        assert_false(ready);
    }
    kinesis__event_stream_free(&s);
}

static void memory_fails(void **state)
{
    (void)state;
    struct failing_alloc memory = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&memory);
    struct kinesis__event_stream s;
    struct kinesis__event e;
    char bytes[2000];
    bool ready;
    size_t n = event(bytes, "a payload long enough to make the block grow once more"), count = 0;
    kinesis__event_stream_init(&s, &hooks);
    for (size_t i = 0; i < 2000; i++) {
        failing_alloc_fail(&memory, 1);
        /* A portion that was refused can be given again. */
        int status = kinesis__event_stream_feed(&s, sigv4_bytes(bytes + i % n, 1));
        failing_alloc_fail(&memory, 0);
        if (status) {
            assert_int_equal(status, SIGV4_E_NOMEM);
            assert_int_equal(kinesis__event_stream_feed(&s, sigv4_bytes(bytes + i % n, 1)),
                             SIGV4_OK);
        }
        assert_int_equal(kinesis__event_stream_next(&s, &e, &ready, &err), SIGV4_OK);
        count += ready;
    }
    assert_int_equal(count, 2000 / n);
    assert_true(s.in.cap < 2000);
    kinesis__event_stream_free(&s);
    assert_true(failing_alloc_clean(&memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_in_all_portions),
        cmocka_unit_test(what_a_message_holds),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(truncation_gives_nothing),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(bad_lengths_are_refused),
        cmocka_unit_test(the_largest_message_fits),
        cmocka_unit_test(nothing_follows_a_broken_message),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
