/* Hashes of keys that are remembered are the hashes of these keys. */
#include "failing_alloc.h"
#include "producer/hasher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { KEYS = 5000 };

static struct kinesis__hash plain_hash(struct sigv4__digest *md5, const char *key)
{
    struct kinesis__hash hash;
    assert_int_equal(kinesis__hash_of_key(md5, sigv4_str(key), &hash), SIGV4_OK);
    return hash;
}

static struct kinesis__hash found_hash(struct kinesis__hasher *h, const char *key)
{
    struct kinesis__record record = {.block = (void *)(uintptr_t)key,
                                     .key_len = (uint16_t)strlen(key),
                                     .flags = KINESIS__TEXTS_IN_BLOCK};
    assert_true(kinesis__hasher_find(h, &record));
    assert_true(record.flags & KINESIS__HASHED);
    return record.hash;
}

/* Short ones, long ones, and those on the border of what is remembered. */
static void name(char key[64], unsigned i)
{
    snprintf(key, 64, "%0*u", (int)(1 + i % 50), i);
}

static void compare_all(struct kinesis__hasher *h, struct sigv4__digest *md5)
{
    char key[64];
    for (unsigned i = 0; i < KEYS; i++) {
        name(key, i * 7919 % KEYS);
        if (kinesis__hash_compare(found_hash(h, key), plain_hash(md5, key)))
            fail_msg("another hash for \"%s\"", key);
    }
}

static void test_same_as_without(void **state)
{
    struct failing_alloc memory = {0};
    struct sigv4_alloc alloc = failing_alloc_hooks(&memory);
    struct kinesis__hasher h;
    struct sigv4__digest *md5;
    (void)state;
    assert_int_equal(kinesis__hasher_init(&h, &alloc), SIGV4_OK);
    assert_int_equal(sigv4__digest_new_md5(&md5, NULL), SIGV4_OK);
    failing_alloc_fail(&memory, 1);
    found_hash(&h, "no memory to remember it");
    assert_null(h.known);
    compare_all(&h, md5);
    assert_non_null(h.known);
    compare_all(&h, md5);
    kinesis__hasher_free(&h);
    sigv4__digest_free(md5);
    assert_true(failing_alloc_clean(&memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_without)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
