/* kpl/kpl-aggregated.json and kpl/kpl-edge-cases.json: aggregates written by others are read, and
 * written again to the same bytes; what is none, or damaged, is told apart. */
#include "base/text.h"
#include "vector_files.h"
#include "wire/aggregate.h"
#include "wire/base64.h"

#include <jansson.h>

static struct kinesis__aggregate_reader reader;
static struct kinesis__aggregate writer;

static json_t *load(const char *file)
{
    json_error_t detail;
    json_t *root = json_load_file(vectors_path(file), 0, &detail);
    if (!root)
        fail_msg("%s: %s", file, detail.text);
    return root;
}

/* A string's bytes; null gives the empty view. */
static struct sigv4_slice member(json_t *object, const char *name)
{
    json_t *s = json_object_get(object, name);
    return sigv4_bytes(json_string_value(s), json_string_length(s));
}

/* The case's base64, decoded into fixed memory. */
static struct sigv4_slice bytes_of(json_t *c)
{
    static unsigned char bytes[65536];
    struct sigv4_slice text = member(c, "base64");
    size_t n;
    assert_true(text.len <= sizeof bytes);
    assert_true(kinesis__base64_decode(kinesis__base64_best(), bytes, text.ptr, text.len, &n));
    return sigv4_bytes(bytes, n);
}

static enum kinesis__aggregate_kind kind_of(struct sigv4_slice data)
{
    enum kinesis__aggregate_kind kind;
    assert_int_equal(kinesis__aggregate_open(&reader, data, &kind), SIGV4_OK);
    return kind;
}

static void assert_members(json_t *records)
{
    size_t i;
    json_t *record;
    assert_int_equal(reader.count, json_array_size(records));
    json_array_foreach(records, i, record)
    {
        struct kinesis__aggregate_member m;
        assert_true(kinesis__aggregate_next(&reader, &m));
        assert_true(sigv4__equal(m.partition_key, member(record, "partition_key")));
        assert_true(sigv4__equal(m.data, member(record, "data")));
        assert_true(sigv4__equal(m.explicit_hash_key, member(record, "explicit_hash_key")));
        assert_int_equal(m.has_hash_key,
                         !json_is_null(json_object_get(record, "explicit_hash_key")));
        assert_int_equal(m.sub_sequence, i);
    }
}

static void assert_written_again(json_t *records, struct sigv4_slice expected)
{
    size_t i;
    json_t *record;
    struct sigv4_slice out;
    kinesis__aggregate_begin(&writer, 1 << 20);
    json_array_foreach(records, i, record)
    {
        struct kinesis__put_item item = {member(record, "partition_key"),
                                         member(record, "explicit_hash_key"),
                                         member(record, "data")};
        assert_int_equal(kinesis__aggregate_add(&writer, &item), SIGV4_OK);
    }
    assert_int_equal(kinesis__aggregate_finish(&writer, &out), SIGV4_OK);
    assert_int_equal(out.len, expected.len);
    assert_memory_equal(out.ptr, expected.ptr, expected.len);
}

static void aggregates_of_others(void **state)
{
    (void)state;
    json_t *root = load("kpl/kpl-aggregated.json"), *c;
    size_t i, exact = 0;
    json_array_foreach(json_object_get(root, "cases"), i, c)
    {
        struct sigv4_slice bytes = bytes_of(c);
        json_t *records = json_object_get(c, "records");
        assert_int_equal(kind_of(bytes), KINESIS__AGGREGATED);
        assert_members(records);
        if (json_is_true(json_object_get(c, "byte_exact_roundtrip"))) {
            assert_written_again(records, bytes);
            exact++;
        }
    }
    print_message("%zu aggregates read, %zu written again to the byte\n", i, exact);
    assert_true(i > 0);
    json_decref(root);
}

static void edge_cases(void **state)
{
    (void)state;
    json_t *root = load("kpl/kpl-edge-cases.json"), *c;
    size_t plain, damaged, valid;
    json_array_foreach(json_object_get(root, "passthrough"), plain, c)
        assert_int_equal(kind_of(bytes_of(c)), KINESIS__NOT_AGGREGATED);
    json_array_foreach(json_object_get(root, "malformed"), damaged, c)
    {
        enum kinesis__aggregate_kind kind = kind_of(bytes_of(c));
        print_message("%s: %s\n", json_string_value(json_object_get(c, "name")),
                      kind == KINESIS__AGGREGATE_DAMAGED ? "damaged" : "passed through");
        assert_true(kind != KINESIS__AGGREGATED);
    }
    json_array_foreach(json_object_get(root, "valid"), valid, c)
    {
        assert_int_equal(kind_of(bytes_of(c)), KINESIS__AGGREGATED);
        assert_members(json_object_get(c, "records"));
    }
    print_message("%zu passed through, %zu malformed, %zu unusual but valid\n", plain, damaged,
                  valid);
    assert_true(plain > 0 && damaged > 0 && valid > 0);
    json_decref(root);
}

int main(void)
{
    vectors_need("kpl");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aggregates_of_others),
        cmocka_unit_test(edge_cases),
    };
    if (kinesis__aggregate_reader_init(&reader, NULL) || kinesis__aggregate_init(&writer, NULL))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kinesis__aggregate_reader_free(&reader);
    kinesis__aggregate_free(&writer);
    return failed;
}
