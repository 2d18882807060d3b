/* Records in the service's usual form, and those that are left to the scanner. */
#include "base/text.h"
#include "edge.h"
#include "wire/json_members.h"
#include "wire/usual_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct edge edge;
static struct kinesis__json json;
static struct kinesis_got_record record;

/* The text lies before a protected page. */
static enum kinesis__usual read_n(const char *text, size_t n)
{
    kinesis__json_open(&json, edge_put(&edge, text, n), n);
    memset(&record, 0, sizeof record);
    record.arrived_unix_ms = INT64_MIN;
    return kinesis__usual_record(&json, kinesis__base64_best(), &record);
}

static void assert_text(struct sigv4_slice s, const char *expected)
{
    if (!sigv4__equal_str(s, expected))
        fail_msg("\"%.*s\", not \"%s\"", (int)s.len, (const char *)s.ptr, expected);
}

static int set_up(void **state)
{
    (void)state;
    edge = edge_make(1 << 13);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    edge_drop(&edge);
    return 0;
}

static const char usual[] = "{\"SequenceNumber\":\"4959\",\"ApproximateArrivalTimestamp\":"
                            "1.441215410867E9,\"Data\":\"QUJD\",\"PartitionKey\":\"adam\"}";
static const char encrypted[] =
    "{\"SequenceNumber\":\"4959\",\"ApproximateArrivalTimestamp\":1441215410,"
    "\"Data\":\"\",\"PartitionKey\":\"\",\"EncryptionType\":\"KMS\"}";

static void test_usual(void **state)
{
    (void)state;
    assert_int_equal(read_n(usual, sizeof usual - 1), KINESIS__USUAL);
    assert_text(record.sequence_number, "4959");
    assert_text(record.data, "ABC");
    assert_text(record.partition_key, "adam");
    assert_text(record.encryption_type, "");
    assert_int_equal(record.arrived_unix_ms, 1441215410867);
    assert_ptr_equal(json.at, json.end);
    assert_int_equal(read_n(encrypted, sizeof encrypted - 1), KINESIS__USUAL);
    assert_text(record.data, "");
    assert_text(record.partition_key, "");
    assert_text(record.encryption_type, "KMS");
    assert_int_equal(record.arrived_unix_ms, 1441215410000);
}

static void assert_untouched(const char *text, size_t n)
{
    enum kinesis__usual kind = read_n(text, n);
    if (kind != KINESIS__UNUSUAL || json.at != json.start || json.trouble ||
        memcmp(json.start, text, n) != 0)
        fail_msg("kind %d, at %td, %s: %.*s", (int)kind, json.at - json.start,
                 json.trouble ? json.trouble : "no trouble", (int)n, text);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof usual - 1; n++)
        assert_untouched(usual, n);
    for (size_t n = 0; n < sizeof encrypted - 1; n++)
        assert_untouched(encrypted, n);
}

enum { LONG = 3000 };

/* A record with so many bytes of data, and a text at its end; its length. */
static size_t write_long(char *text, size_t size, const char *end)
{
    unsigned char data[LONG];
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 31 + (i >> 7));
    int n =
        sprintf(text, "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"");
    char *at = text + n;
    at += kinesis__base64_encode(kinesis__base64_best(), at, data, size);
    at += sprintf(at, "%s", end);
    return (size_t)(at - text);
}

static void test_long_data(void **state)
{
    char text[2 * LONG];
    (void)state;
    for (size_t size = 0; size <= LONG; size += size < 300 ? 1 : 331) {
        size_t n = write_long(text, size, "\",\"PartitionKey\":\"a\"}");
        assert_int_equal(read_n(text, n), KINESIS__USUAL);
        assert_int_equal(record.data.len, size);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(((const unsigned char *)record.data.ptr)[i],
                             (unsigned char)(i * 31 + (i >> 7)));
        /* What comes behind the data is wrong, or missing: the text is as it was. */
        assert_untouched(text, n - 1);
        assert_untouched(text, n - strlen(",\"PartitionKey\":\"a\"}"));
        assert_untouched(text, n - strlen("\",\"PartitionKey\":\"a\"}"));
        assert_untouched(text, write_long(text, size, "\\/\",\"PartitionKey\":\"a\"}"));
        assert_untouched(text, write_long(text, size, "\",\"Key\":\"a\"}"));
    }
}

/* A foreign byte anywhere in long data: refused, or (an escape) left to the scanner. */
static void test_foreign_byte_anywhere(void **state)
{
    char text[2 * LONG];
    (void)state;
    for (size_t at = 0; at < 400; at++) {
        size_t n = write_long(text, 300, "\",\"PartitionKey\":\"a\"}");
        char *data = strstr(text, "Data\":\"") + 7;
        data[at] = '*';
        assert_int_equal(read_n(text, n), KINESIS__SPOILT);
        assert_int_equal(json.at - json.start, data - text);
        data[at] = '\\';
        assert_untouched(text, n);
        data[at] = '\n';
        assert_untouched(text, n);
    }
}

static void test_left_to_the_scanner(void **state)
{
    static const char *const texts[] = {
        "{ \"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"\",\"PartitionKey\":\"a\"}",
        "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"\",\"PartitionKey\":\"a\" }",
        "{\"SequenceNumber\":\"\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"\",\"PartitionKey\":\"a\"}",
        "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"QU\\/D\",\"PartitionKey\":\"a\"}",
        "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"QUJD\",\"PartitionKey\":\"\\u0061\"}",
        "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"QUJD\",\"PartitionKey\":\"\xc3\xa9\"}",
        "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"QUJD\",\"PartitionKey\":\"a\n\"}",
        "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":null,\"PartitionKey\":\"a\"}",
        "{\"SequenceNumber\":\"1\",\"Data\":\"QUJD\",\"PartitionKey\":\"a\"}",
        "{\"Data\":\"QUJD\",\"PartitionKey\":\"a\",\"SequenceNumber\":\"1\"}",
        "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"QUJD\",\"PartitionKey\":\"a\",\"New\":1}",
        ("{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"QUJD\",\"PartitionKey\":\"a\","
         "\"EncryptionType\":null}"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_untouched(texts[i], strlen(texts[i]));
}

static void test_spoilt(void **state)
{
    static const char *const data[] = {"QUJ", "QU=D", "Q=JD", "QUJ*", "====", "QUJDQUJE=="};
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        int n =
            snprintf(text, sizeof text,
                     "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1,\"Data\":\"%s\","
                     "\"PartitionKey\":\"a\"}",
                     data[i]);
        assert_int_equal(read_n(text, (size_t)n), KINESIS__SPOILT);
        assert_string_equal(json.trouble, "data that is not base64");
        assert_int_equal(json.at - json.start, strstr(text, "Data\":\"") + 7 - text);
    }
}

/* Either as the scanner reads it, or left to it. */
static void test_moments(void **state)
{
    static const struct {
        const char *text;
        bool usual;
    } moments[] = {
        {"1", true},
        {"1441215410", true},
        {"1441215410.8", true},
        {"1441215410.867", true},
        {"1.441215410867E9", true},
        {"1.7E9", true},
        {"1E0", true},
        {"123456789012345", true},
        {"1441215410.8675", false},
        {"1.4412154108675E9", false},
        {"1E+9", false},
        {"1e9", false},
        {"1E10", false},
        {"1E-1", false},
        {"0", false},
        {"0.5", false},
        {"01", false},
        {"-1", false},
        {"1.", false},
        {".5", false},
        {"1E", false},
        {"", false},
        {"null", false},
        {"\"1\"", false},
        {"9223372036854775807", false},
        {"123456789012345678E9", false},
        {"11111111111111111111111111111111111111", false},
    };
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        int64_t expected = 0;
        int n =
            snprintf(text, sizeof text,
                     "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":%s,\"Data\":\"\","
                     "\"PartitionKey\":\"a\"}",
                     moments[i].text);
        if (!moments[i].usual) {
            assert_untouched(text, (size_t)n);
            continue;
        }
        assert_int_equal(read_n(text, (size_t)n), KINESIS__USUAL);
        assert_true(kinesis__json_decimal(sigv4_str(moments[i].text), 3, &expected));
        if (record.arrived_unix_ms != expected)
            fail_msg("%s: %lld, not %lld", moments[i].text, (long long)record.arrived_unix_ms,
                     (long long)expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_long_data),
        cmocka_unit_test(test_foreign_byte_anywhere),
        cmocka_unit_test(test_left_to_the_scanner),
        cmocka_unit_test(test_spoilt),
        cmocka_unit_test(test_moments),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
