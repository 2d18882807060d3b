/* Aggregates: written to the byte as the format says, read back member by member, and everything
 * that is none or is damaged. */
#include "base/text.h"
#include "edge.h"
#include "failing_alloc.h"
#include "wire/aggregate.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct kinesis__aggregate writer;
static struct kinesis__aggregate_reader reader;

static int set_up(void **state)
{
    (void)state;
    return kinesis__aggregate_init(&writer, NULL) || kinesis__aggregate_reader_init(&reader, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    kinesis__aggregate_free(&writer);
    kinesis__aggregate_reader_free(&reader);
    return 0;
}

static int add(const char *key, const char *hash_key, struct sigv4_slice data)
{
    struct kinesis__put_item item = {sigv4_str(key), sigv4_str(hash_key), data};
    return kinesis__aggregate_add(&writer, &item);
}

static struct sigv4_slice finish(void)
{
    struct sigv4_slice out;
    assert_int_equal(kinesis__aggregate_finish(&writer, &out), SIGV4_OK);
    assert_int_equal(out.len, writer.size);
    return out;
}

static enum kinesis__aggregate_kind open_slice(struct sigv4_slice data)
{
    enum kinesis__aggregate_kind kind;
    assert_int_equal(kinesis__aggregate_open(&reader, data, &kind), SIGV4_OK);
    return kind;
}

static void assert_member(const char *key, const char *hash_key, struct sigv4_slice data,
                          uint64_t sub_sequence)
{
    struct kinesis__aggregate_member m;
    assert_true(kinesis__aggregate_next(&reader, &m));
    assert_true(sigv4__equal_str(m.partition_key, key));
    assert_true(sigv4__equal_str(m.explicit_hash_key, hash_key));
    assert_int_equal(m.has_hash_key, *hash_key != '\0');
    assert_true(sigv4__equal(m.data, data));
    assert_int_equal(m.sub_sequence, sub_sequence);
}

static void the_published_bytes(void **state)
{
    (void)state;
    char hex[101] = {0};
    kinesis__aggregate_begin(&writer, 1000);
    assert_int_equal(add("k1", "", SIGV4_LIT("hello")), SIGV4_OK);
    assert_int_equal(add("k2", "", SIGV4_LIT("world")), SIGV4_OK);
    struct sigv4_slice out = finish();
    assert_int_equal(out.len, 50);
    sigv4__hex(out.ptr, out.len, hex);
    assert_string_equal(hex, "f3899ac20a026b310a026b321a0908001a0568656c6c6f1a0908011a05776f726c64"
                             "c4b234c121650f4512d22bf67dca9de2");
}

static void keys_are_shared(void **state)
{
    (void)state;
    kinesis__aggregate_begin(&writer, 1000);
    assert_int_equal(writer.size, 20);
    add("a", "7", SIGV4_LIT("1"));
    assert_int_equal(writer.size, 20 + 3 + 3 + 9);
    add("b", "", SIGV4_LIT("2"));
    add("a", "7", SIGV4_LIT("3"));
    add("a", "8", SIGV4_LIT(""));
    assert_int_equal(writer.count, 4);
    assert_int_equal(writer.keys.count, 2);
    assert_int_equal(writer.hash_keys.count, 2);
    assert_int_equal(open_slice(finish()), KINESIS__AGGREGATED);
    assert_int_equal(reader.count, 4);
    assert_member("a", "7", SIGV4_LIT("1"), 0);
    assert_member("b", "", SIGV4_LIT("2"), 1);
    assert_member("a", "7", SIGV4_LIT("3"), 2);
    assert_member("a", "8", SIGV4_LIT(""), 3);
    struct kinesis__aggregate_member m;
    assert_false(kinesis__aggregate_next(&reader, &m));
    assert_false(kinesis__aggregate_next(&reader, &m));
}

/* Every size around the steps of protobuf's numbers, and more keys than one byte counts. */
static void all_sizes_round_trip(void **state)
{
    (void)state;
    static char bytes[40000];
    static const size_t sizes[] = {0,     1,     100,   121,   122,   123,   124,   125,
                                   126,   127,   128,   129,   130,   16000, 16376, 16377,
                                   16378, 16379, 16380, 16381, 16383, 16384, 16385, 40000};
    size_t n = sizeof sizes / sizeof *sizes;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + (i >> 8));
    for (int round = 0; round < 2; round++) {
        char key[40], hash_key[40];
        kinesis__aggregate_begin(&writer, 10 << 20);
        for (size_t i = 0; i < 40 * n; i++) {
            snprintf(key, sizeof key, "key %zu", i / 2);
            snprintf(hash_key, sizeof hash_key, "%zu", i * 1000);
            assert_int_equal(add(key, i % 3 ? hash_key : "", sigv4_bytes(bytes, sizes[i % n])),
                             SIGV4_OK);
        }
        assert_int_equal(open_slice(finish()), KINESIS__AGGREGATED);
        assert_int_equal(reader.count, 40 * n);
        for (size_t i = 0; i < 40 * n; i++) {
            snprintf(key, sizeof key, "key %zu", i / 2);
            snprintf(hash_key, sizeof hash_key, "%zu", i * 1000);
            assert_member(key, i % 3 ? hash_key : "", sigv4_bytes(bytes, sizes[i % n]), i);
        }
    }
}

static void the_bound_is_exact(void **state)
{
    (void)state;
    static const char data[300] = {0};
    for (size_t max = 0; max < 400; max++) {
        for (size_t size = 0; size < 300; size += 13) {
            kinesis__aggregate_begin(&writer, max);
            int status = add("key", "12345", sigv4_bytes(data, size));
            if (status) {
                assert_int_equal(status, SIGV4_E_FULL);
                assert_int_equal(writer.count, 0);
                kinesis__aggregate_begin(&writer, 10000);
                assert_int_equal(add("key", "12345", sigv4_bytes(data, size)), SIGV4_OK);
                assert_true(writer.size > max);
            } else {
                assert_true(finish().len <= max);
            }
        }
    }
}

/* Puts magic number and digest around text, at a protected page. */
static struct sigv4_slice framed(const char *text, size_t n)
{
    static struct edge edge;
    unsigned char bytes[1000];
    if (!edge.map)
        edge = edge_make(sizeof bytes);
    memcpy(bytes, "\xf3\x89\x9a\xc2", 4);
    memcpy(bytes + 4, text, n);
    EVP_Digest(text, n, bytes + 4 + n, NULL, EVP_md5(), NULL);
    return sigv4_bytes(edge_put(&edge, bytes, n + 20), n + 20);
}
#define FRAMED(text) framed(text, sizeof(text) - 1)

static void what_is_not_aggregated(void **state)
{
    (void)state;
    struct kinesis__aggregate_member m;
    kinesis__aggregate_begin(&writer, 1000);
    add("k1", "", SIGV4_LIT("hello"));
    struct sigv4_slice out = finish();
    for (size_t n = 0; n < out.len; n++) {
        assert_int_equal(open_slice(sigv4__first(out, n)), KINESIS__NOT_AGGREGATED);
        char copy[100];
        memcpy(copy, out.ptr, out.len);
        copy[n] = (char)(copy[n] ^ 0x10);
        assert_int_equal(open_slice(sigv4_bytes(copy, out.len)), KINESIS__NOT_AGGREGATED);
        assert_false(kinesis__aggregate_next(&reader, &m));
    }
    assert_int_equal(open_slice(out), KINESIS__AGGREGATED);
    assert_int_equal(open_slice(FRAMED("")), KINESIS__NOT_AGGREGATED);
    assert_int_equal(open_slice(sigv4_bytes(NULL, 0)), KINESIS__NOT_AGGREGATED);
}

static void what_is_damaged(void **state)
{
    (void)state;
    struct kinesis__aggregate_member m;
    const struct sigv4_slice bad[] = {
        sigv4_bytes("\x0a\x01"
                    "a",
                    3), /* keys only */
        sigv4_bytes("\x0a\x05"
                    "a",
                    3),                                                      /* a length beyond */
        sigv4_bytes("\x0a", 1),                                              /* no length */
        sigv4_bytes("\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12), /* endless number */
        sigv4_bytes("\x0b\x0c", 2),                                          /* a group */
        sigv4_bytes("\x02\x01x", 3),                                         /* field 0 */
        sigv4_bytes("\x0a\x01"
                    "a\x1a\x03\x08\x00\x22",
                    8), /* broken member */
        sigv4_bytes("\x0a\x01"
                    "a\x1a\x02\x08\x00",
                    7), /* no data */
        sigv4_bytes("\x0a\x01"
                    "a\x1a\x02\x1a\x00",
                    7), /* no key */
        sigv4_bytes("\x0a\x01"
                    "a\x1a\x04\x08\x01\x1a\x00",
                    9), /* no such key */
        sigv4_bytes("\x0a\x01"
                    "a\x1a\x06\x08\x00\x10\x00\x1a\x00",
                    11), /* no such hash key */
        sigv4_bytes("\x0a\x01"
                    "a\x1a\x04\x08\x00\x1a\x00\x1a\x04\x08\x01\x1a\x00",
                    15),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (open_slice(framed(bad[i].ptr, bad[i].len)) != KINESIS__AGGREGATE_DAMAGED)
            fail_msg("%zu is taken", i);
        assert_int_equal(reader.count, 0);
        assert_false(kinesis__aggregate_next(&reader, &m));
    }
}

/* The same faults before a record that is good. */
static void what_is_damaged_in_part(void **state)
{
    (void)state;
    static const char record[] = "\x0a\x01"
                                 "a\x1a\x04\x08\x00\x1a\x00";
    const struct sigv4_slice bad[] = {
        sigv4_bytes("\x02\x01x", 3),
        sigv4_bytes("\x28\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12),
        sigv4_bytes("\x2b\x2c", 2),
        sigv4_bytes("\xaa\x80\x80\x80\x80\x01\x01x", 8),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        memcpy(text, bad[i].ptr, bad[i].len);
        memcpy(text + bad[i].len, record, sizeof record - 1);
        if (open_slice(framed(text, bad[i].len + sizeof record - 1)) != KINESIS__AGGREGATE_DAMAGED)
            fail_msg("%zu is taken", i);
    }
    assert_int_equal(open_slice(framed(record, sizeof record - 1)), KINESIS__AGGREGATED);
}

static void what_is_unusual(void **state)
{
    (void)state;
    /* Records before tables, unknown fields of all types, tags, fields given twice: the last. */
    assert_int_equal(open_slice(FRAMED("\x1a\x16\x08\x00\x08\x01\x22\x02\x0a\x00\x1a\x01x\x1a\x01y"
                                       "\x28\x05\x31"
                                       "12345678\x25"
                                       "1234\x0a\x01"
                                       "a\x0a\x01"
                                       "b")),
                     KINESIS__AGGREGATE_DAMAGED);
    assert_int_equal(open_slice(FRAMED("\x1a\x0e\x08\x00\x08\x01\x22\x02\x0a\x00\x1a\x01x\x1a\x01y"
                                       "\x28\x05\x31"
                                       "12345678\x25"
                                       "1234\x0a\x01"
                                       "a\x0a\x01"
                                       "b")),
                     KINESIS__AGGREGATED);
    assert_member("b", "", SIGV4_LIT("y"), 0);
}

static void memory_fails(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t nth = 1; failed; nth++) {
        struct failing_alloc memory = {0};
        struct sigv4_alloc hooks = failing_alloc_hooks(&memory);
        struct sigv4_slice out = {NULL, 0};
        enum kinesis__aggregate_kind kind;
        char key[20];
        failing_alloc_fail(&memory, nth);
        int status = kinesis__aggregate_init(&writer, &hooks);
        int read_status = kinesis__aggregate_reader_init(&reader, &hooks);
        if (!status && !read_status) {
            kinesis__aggregate_begin(&writer, 100000);
            for (unsigned i = 0; i < 200; i++) {
                snprintf(key, sizeof key, "%u", i);
                /* What failed once works the second time. */
                if (add(key, key, SIGV4_LIT("data")))
                    assert_int_equal(add(key, key, SIGV4_LIT("data")), SIGV4_OK);
            }
            if (kinesis__aggregate_finish(&writer, &out))
                out = finish();
            if (kinesis__aggregate_open(&reader, out, &kind))
                assert_int_equal(kinesis__aggregate_open(&reader, out, &kind), SIGV4_OK);
            assert_int_equal(kind, KINESIS__AGGREGATED);
            for (unsigned i = 0; i < 200; i++) {
                snprintf(key, sizeof key, "%u", i);
                assert_member(key, key, SIGV4_LIT("data"), i);
            }
        }
        failed = memory.failures > 0;
        kinesis__aggregate_free(&writer);
        kinesis__aggregate_reader_free(&reader);
        assert_true(failing_alloc_clean(&memory));
        assert_true(nth < 100);
    }
}

static void the_steady_state_allocates_nothing(void **state)
{
    (void)state;
    struct failing_alloc memory = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&memory);
    assert_int_equal(kinesis__aggregate_init(&writer, &hooks), SIGV4_OK);
    for (int round = 0; round < 4; round++) {
        if (round == 1)
            failing_alloc_fail(&memory, 0);
        kinesis__aggregate_begin(&writer, 51200);
        char key[20] = "0";
        for (unsigned i = 0; add(key, "", SIGV4_LIT("some data")) == SIGV4_OK; i++)
            snprintf(key, sizeof key, "%u", i % 100);
        finish();
    }
    assert_int_equal(memory.requests, 0);
    kinesis__aggregate_free(&writer);
    assert_true(failing_alloc_clean(&memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_published_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_are_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_sizes_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_bound_is_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_aggregated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_damaged_in_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_unusual, set_up, tear_down),
        cmocka_unit_test(memory_fails),
        cmocka_unit_test(the_steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
