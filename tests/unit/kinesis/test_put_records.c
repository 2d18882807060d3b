/* Request bodies: read back by jansson and OpenSSL they hold what was given, and their hash is
 * their hash. */
#include "base/text.h"
#include "failing_alloc.h"
#include "wire/put_records.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_hash(struct sigv4_slice body, const char *hex)
{
    unsigned char sum[32];
    char expected[65] = {0};
    SHA256(body.ptr, body.len, sum);
    sigv4__hex(sum, sizeof sum, expected);
    assert_string_equal(hex, expected);
}

static void assert_record(json_t *record, const struct kinesis__put_item *item)
{
    json_t *data = json_object_get(record, "Data");
    json_t *key = json_object_get(record, "PartitionKey");
    json_t *hash_key = json_object_get(record, "ExplicitHashKey");
    unsigned char *text = malloc(item->data.len * 4 / 3 + 8);
    int n = EVP_EncodeBlock(text, item->data.ptr, (int)item->data.len);
    assert_int_equal(json_string_length(data), n);
    assert_memory_equal(json_string_value(data), text, (size_t)n);
    free(text);
    assert_int_equal(json_string_length(key), item->partition_key.len);
    assert_memory_equal(json_string_value(key), item->partition_key.ptr, item->partition_key.len);
    if (item->explicit_hash_key.len)
        assert_true(sigv4__equal_str(item->explicit_hash_key, json_string_value(hash_key)));
    else
        assert_null(hash_key);
}

static json_t *parse(struct sigv4_slice body)
{
    json_t *root = json_loadb(body.ptr, body.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    if (!root)
        fail_msg("not JSON: %.*s", (int)body.len, (const char *)body.ptr);
    return root;
}

static struct kinesis__put_item items[KINESIS__PUT_MAX_RECORDS];
static char bytes[1 << 20];

/* Records of all sizes around the encoder's and the hash's steps, with keys of all kinds. */
static size_t make_items(void)
{
    static const char *const keys[] = {"k", "a \"quoted\\ key\"", "\x01\x1f\n\t",
                                       "\xf0\x9f\x98\x80 smile", "0123456789012345678901234567"};
    static const size_t sizes[] = {0,     1,     2,     3,     100,    1000,  4095,
                                   6143,  6144,  8191,  8193,  9215,   9216,  12287,
                                   12288, 12289, 24576, 24577, 100000, 300000};
    size_t n = sizeof sizes / sizeof *sizes;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    for (size_t i = 0; i < n; i++) {
        items[i].data = sigv4_bytes(bytes + i, sizes[i]);
        items[i].partition_key = sigv4_str(keys[i % 5]);
        items[i].explicit_hash_key =
            sigv4_str(i % 3 ? "" : "340282366920938463463374607431768211455");
    }
    return n;
}

static void assert_body(struct sigv4_slice body, const char *hex, const char *stream, size_t from,
                        size_t count)
{
    json_t *root = parse(body);
    assert_hash(body, hex);
    assert_int_equal(json_object_size(root), 2);
    const char *member = strncmp(stream, "arn:", 4) == 0 ? "StreamARN" : "StreamName";
    assert_string_equal(json_string_value(json_object_get(root, member)), stream);
    json_t *records = json_object_get(root, "Records");
    assert_int_equal(json_array_size(records), count);
    for (size_t i = 0; i < count; i++)
        assert_record(json_array_get(records, i), &items[from + i]);
    json_decref(root);
}

static void bodies_hold_what_was_given(void **state)
{
    (void)state;
    static const char *const streams[] = {"numbers",
                                          "arn:aws:kinesis:us-east-1:123456789012:stream/numbers"};
    struct kinesis__put_records p;
    struct sigv4_slice body;
    char hex[65];
    size_t n = make_items();
    assert_int_equal(kinesis__put_records_init(&p, NULL), SIGV4_OK);
    for (size_t count = 0; count <= n; count++) {
        const char *stream = streams[count % 2];
        size_t expected_bytes = 0;
        assert_int_equal(kinesis__put_records_begin(&p, sigv4_str(stream)), SIGV4_OK);
        for (size_t i = 0; i < count; i++) {
            size_t before = p.body.len, cost = kinesis__put_records_cost(&items[i]);
            assert_int_equal(kinesis__put_records_add(&p, &items[i]), SIGV4_OK);
            assert_int_equal(p.body.len, before + cost - (i == 0));
            expected_bytes += kinesis__put_item_size(&items[i]);
        }
        assert_int_equal(p.count, count);
        assert_int_equal(p.bytes, expected_bytes);
        assert_int_equal(kinesis__put_records_finish(&p, &body, hex), SIGV4_OK);
        assert_body(body, hex, stream, 0, count);
    }
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(kinesis__put_records_begin(&p, sigv4_str("s")), SIGV4_OK);
        assert_int_equal(kinesis__put_records_add(&p, &items[i]), SIGV4_OK);
        assert_int_equal(kinesis__put_records_finish(&p, &body, hex), SIGV4_OK);
        assert_body(body, hex, "s", i, 1);
    }
    kinesis__put_records_free(&p);
}

static void one_record_has_its_own_form(void **state)
{
    (void)state;
    struct kinesis__put_records p;
    struct sigv4_slice body;
    char hex[65];
    size_t n = make_items();
    assert_int_equal(kinesis__put_records_init(&p, NULL), SIGV4_OK);
    for (size_t i = 0; i < n; i++) {
        const char *ordering = i % 2 ? "4959" : "";
        assert_int_equal(kinesis__put_record_write(&p, sigv4_str("numbers"), &items[i],
                                                   sigv4_str(ordering), &body, hex),
                         SIGV4_OK);
        json_t *root = parse(body);
        assert_hash(body, hex);
        assert_record(root, &items[i]);
        json_t *after = json_object_get(root, "SequenceNumberForOrdering");
        assert_string_equal(after ? json_string_value(after) : "", ordering);
        assert_int_equal(json_object_size(root),
                         3 + (items[i].explicit_hash_key.len > 0) + (i % 2));
        json_decref(root);
    }
    kinesis__put_records_free(&p);
}

static void limits_hold(void **state)
{
    (void)state;
    struct kinesis__put_records p;
    struct sigv4_slice body;
    char hex[65];
    struct kinesis__put_item item = {SIGV4_LIT("k"), {NULL, 0}, SIGV4_LIT("")};
    assert_int_equal(kinesis__put_records_init(&p, NULL), SIGV4_OK);
    assert_int_equal(kinesis__put_records_begin(&p, sigv4_str("s")), SIGV4_OK);
    for (size_t i = 0; i < KINESIS__PUT_MAX_RECORDS; i++) {
        items[i] = item;
        assert_int_equal(kinesis__put_records_add(&p, &item), SIGV4_OK);
    }
    assert_int_equal(kinesis__put_records_add(&p, &item), SIGV4_E_FULL);
    assert_int_equal(kinesis__put_records_finish(&p, &body, hex), SIGV4_OK);
    assert_body(body, hex, "s", 0, KINESIS__PUT_MAX_RECORDS);

    /* Exactly 10 MiB with keys, not a byte more; escaped keys count as what they stand for. */
    char key[256];
    memset(key, '\x01', sizeof key);
    item.partition_key = sigv4_bytes(key, sizeof key);
    item.data = sigv4_bytes(bytes, sizeof bytes - sizeof key);
    assert_int_equal(kinesis__put_records_begin(&p, sigv4_str("s")), SIGV4_OK);
    for (size_t i = 0; i < 10; i++) {
        items[i] = item;
        assert_int_equal(kinesis__put_records_add(&p, &item), SIGV4_OK);
    }
    struct kinesis__put_item tiny = {SIGV4_LIT("k"), {NULL, 0}, SIGV4_LIT("")};
    assert_int_equal(kinesis__put_records_add(&p, &tiny), SIGV4_E_FULL);
    assert_int_equal(kinesis__put_records_finish(&p, &body, hex), SIGV4_OK);
    assert_body(body, hex, "s", 0, 10);
    kinesis__put_records_free(&p);
}

/* One record of 10 MiB, and 500 with the longest keys there are. */
static void the_largest_bodies_fit(void **state)
{
    (void)state;
    struct kinesis__put_records p;
    struct sigv4_slice body;
    char hex[65], key[256];
    char *large = calloc(1, KINESIS__PUT_MAX_BYTES);
    memset(key, '\x01', sizeof key);
    assert_int_equal(kinesis__put_records_init(&p, NULL), SIGV4_OK);
    assert_int_equal(kinesis__put_records_begin(&p, sigv4_str("s")), SIGV4_OK);
    size_t size = KINESIS__PUT_MAX_BYTES / KINESIS__PUT_MAX_RECORDS - sizeof key;
    for (size_t i = 0; i < KINESIS__PUT_MAX_RECORDS; i++) {
        items[i].partition_key = sigv4_bytes(key, sizeof key);
        items[i].explicit_hash_key = sigv4_str("340282366920938463463374607431768211455");
        items[i].data = sigv4_bytes(large, size);
        assert_int_equal(kinesis__put_records_add(&p, &items[i]), SIGV4_OK);
    }
    assert_int_equal(kinesis__put_records_finish(&p, &body, hex), SIGV4_OK);
    assert_body(body, hex, "s", 0, KINESIS__PUT_MAX_RECORDS);
    items[0].data = sigv4_bytes(large, KINESIS__PUT_MAX_BYTES - sizeof key);
    assert_int_equal(kinesis__put_records_begin(&p, sigv4_str("s")), SIGV4_OK);
    assert_int_equal(kinesis__put_records_add(&p, &items[0]), SIGV4_OK);
    assert_int_equal(kinesis__put_records_finish(&p, &body, hex), SIGV4_OK);
    assert_body(body, hex, "s", 0, 1);
    assert_int_equal(
        kinesis__put_record_write(&p, sigv4_str("s"), &items[0], sigv4_str(""), &body, hex),
        SIGV4_OK);
    assert_hash(body, hex);
    kinesis__put_records_free(&p);
    free(large);
}

/* Fails each allocation in turn; after a failed add the records before it can still be sent. */
static void a_failed_allocation_loses_nothing(void **state)
{
    (void)state;
    size_t n = make_items();
    bool failed = true;
    for (size_t nth = 1; failed; nth++) {
        struct failing_alloc memory = {0};
        struct sigv4_alloc hooks = failing_alloc_hooks(&memory);
        struct kinesis__put_records p;
        struct sigv4_slice body;
        char hex[65];
        failing_alloc_fail(&memory, nth);
        int status = kinesis__put_records_init(&p, &hooks);
        if (!status)
            status = kinesis__put_records_begin(&p, sigv4_str("s"));
        size_t added = 0;
        failed = status != SIGV4_OK;
        for (size_t i = 0; i < n && !status; i++, added += !status)
            status = kinesis__put_records_add(&p, &items[i]);
        if (!failed) {
            failed = status != SIGV4_OK;
            assert_true(status == SIGV4_OK || status == SIGV4_E_NOMEM);
            assert_int_equal(kinesis__put_records_finish(&p, &body, hex), SIGV4_OK);
            assert_body(body, hex, "s", 0, added);
        }
        kinesis__put_records_free(&p);
        assert_true(failing_alloc_clean(&memory));
        assert_true(nth < 50);
    }
}

static void the_steady_state_allocates_nothing(void **state)
{
    (void)state;
    struct failing_alloc memory = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&memory);
    struct kinesis__put_records p;
    struct sigv4_slice body;
    char hex[65];
    size_t requests = 0, n = make_items();
    assert_int_equal(kinesis__put_records_init(&p, &hooks), SIGV4_OK);
    for (int round = 0; round < 5; round++) {
        if (round == 1)
            requests = memory.requests;
        assert_int_equal(kinesis__put_records_begin(&p, sigv4_str("s")), SIGV4_OK);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(kinesis__put_records_add(&p, &items[i]), SIGV4_OK);
        assert_int_equal(kinesis__put_records_finish(&p, &body, hex), SIGV4_OK);
    }
    assert_int_equal(memory.requests, requests);
    kinesis__put_records_free(&p);
    assert_true(failing_alloc_clean(&memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_hold_what_was_given),
        cmocka_unit_test(one_record_has_its_own_form),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(the_largest_bodies_fit),
        cmocka_unit_test(a_failed_allocation_loses_nothing),
        cmocka_unit_test(the_steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
