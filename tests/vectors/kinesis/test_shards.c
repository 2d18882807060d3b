/* kpl/partition-key-hash.json and kpl/shard-map.json. */
#include "base/memory.h"
#include "base/text.h"
#include "shards/shard_map.h"
#include "vector_files.h"
#include "wire/control_answer.h"

static json_t *load(const char *file)
{
    json_error_t detail;
    json_t *root = json_load_file(vectors_path(file), 0, &detail);
    if (!root)
        fail_msg("%s: %s", file, detail.text);
    return root;
}

static const char *text_of(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void partition_key_hash(void **state)
{
    (void)state;
    json_t *root = load("kpl/partition-key-hash.json"), *cases = json_object_get(root, "cases");
    struct sigv4__digest *md5;
    assert_int_equal(sigv4__digest_new_md5(&md5, NULL), SIGV4_OK);
    size_t i;
    json_t *c;
    json_array_foreach(cases, i, c)
    {
        struct kinesis__hash hash;
        char text[KINESIS__HASH_TEXT];
        json_t *key = json_object_get(c, "partition_key");
        struct sigv4_slice s = sigv4_bytes(json_string_value(key), json_string_length(key));
        assert_int_equal(kinesis__hash_of_key(md5, s, &hash), SIGV4_OK);
        kinesis__hash_format(hash, text);
        assert_string_equal(text, text_of(c, "explicit_hash_key"));
    }
    print_message("%zu keys hashed\n", json_array_size(cases));
    assert_true(json_array_size(cases) > 0);
    sigv4__digest_free(md5);
    json_decref(root);
}

static struct kinesis__shard_map *map_of(json_t *pages)
{
    struct kinesis__shard_map *map;
    struct sigv4_error err;
    size_t i;
    json_t *page;
    assert_int_equal(kinesis__shard_map_new(&map, NULL), SIGV4_OK);
    json_array_foreach(pages, i, page)
    {
        struct kinesis_list_shards_result result = {.size = sizeof result};
        struct kinesis_shard *shards = NULL;
        size_t n = json_array_size(json_object_get(page, "Shards"));
        struct sigv4_alloc alloc = sigv4__alloc_or_default(NULL);
        assert_int_equal(kinesis__read_shards(page, &alloc, &result, &shards, &err), SIGV4_OK);
        assert_int_equal(result.shard_count, n);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(kinesis__shard_map_add(map, &shards[k], &err), SIGV4_OK);
        sigv4__alloc_put(&alloc, shards, n * sizeof *shards);
    }
    if (kinesis__shard_map_finish(map, &err))
        fail_msg("%s", err.message);
    return map;
}

static void shard_map(void **state)
{
    (void)state;
    json_t *root = load("kpl/shard-map.json"), *c, *lookup;
    size_t i, k, lookups = 0;
    json_array_foreach(json_object_get(root, "cases"), i, c)
    {
        struct kinesis__shard_map *map = map_of(json_object_get(c, "list_shards_pages"));
        json_array_foreach(json_object_get(c, "lookups"), k, lookup)
        {
            struct kinesis__hash hash;
            assert_true(kinesis__hash_parse(sigv4_str(text_of(lookup, "hash_key")), &hash));
            size_t found = kinesis__shard_map_find(map, hash);
            assert_true(found < kinesis__shard_map_count(map));
            struct sigv4_slice id = kinesis__shard_map_at(map, found)->shard_id;
            if (!sigv4__equal_str(id, text_of(lookup, "open_shard")))
                fail_msg("%s: %.*s, not %s", text_of(lookup, "hash_key"), (int)id.len,
                         (const char *)id.ptr, text_of(lookup, "open_shard"));
            lookups++;
        }
        kinesis__shard_map_free(map);
    }
    print_message("%zu shard maps, %zu lookups\n", i, lookups);
    assert_true(lookups > 0);
    json_decref(root);
}

int main(void)
{
    vectors_need("kpl");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partition_key_hash),
        cmocka_unit_test(shard_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
