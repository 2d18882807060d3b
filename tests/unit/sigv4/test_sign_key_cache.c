/* Derived keys: right after every change of day, place and owner, and wiped. */
#include "base/text.h"
#include "failing_alloc.h"
#include "sign/key_cache.h"
#include "unit/sigv4/signing.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

static void sign(struct sigv4_key_cache *keys, const struct sigv4_to_sign *in, const char *secret,
                 char out[65])
{
    struct sigv4_credentials *creds = signing_credentials(secret, "");
    assert_int_equal(sigv4_signature(in, creds, keys, SIGV4_LIT("text"), out), SIGV4_OK);
    sigv4_credentials_release(creds);
}

/* Six places, two days, two owners, in an order that makes slots change hands. */
static void test_answers_never_depend_on_the_cache(void **state)
{
    static const char *const regions[] = {"r1", "r2", "r3", "r4", "r5", "r6"};
    static const char *const secrets[] = {"secret one", "secret two"};
    struct sigv4_header headers[4];
    struct sigv4_key_cache *keys;
    char cached[65], fresh[65];
    (void)state;
    assert_int_equal(sigv4_key_cache_new(&keys, NULL), SIGV4_OK);
    for (int i = 0; i < 500; i++) {
        struct sigv4_to_sign in = signing_request(headers);
        in.region = sigv4_str(regions[i * i % 7 % 6]);
        in.unix_seconds += i % 5 / 3 * 86400;
        const char *secret = secrets[i % 11 / 8];
        sign(keys, &in, secret, cached);
        sign(NULL, &in, secret, fresh);
        assert_string_equal(cached, fresh);
    }
    sigv4_key_cache_free(keys);
}

/* Region and service must not run into each other. */
static void test_places_with_the_same_letters(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_key_cache *keys;
    char first[65], second[65];
    (void)state;
    assert_int_equal(sigv4_key_cache_new(&keys, NULL), SIGV4_OK);
    in.region = SIGV4_LIT("ab");
    in.service = SIGV4_LIT("c");
    sign(keys, &in, SIGNING_SECRET, first);
    in.region = SIGV4_LIT("a");
    in.service = SIGV4_LIT("bc");
    sign(keys, &in, SIGNING_SECRET, second);
    assert_string_not_equal(first, second);
    sigv4_key_cache_free(keys);
}

static size_t slots_in_use(const struct sigv4_key_cache *keys)
{
    size_t n = 0;
    for (size_t i = 0; i < sizeof keys->slots / sizeof *keys->slots; i++)
        n += keys->slots[i].scope_len > 0;
    return n;
}

static bool holds(const struct sigv4_key_cache *keys, const unsigned char *key)
{
    for (size_t i = 0; i + SIGV4__SHA256_LEN <= sizeof *keys; i++)
        if (memcmp((const char *)keys + i, key, SIGV4__SHA256_LEN) == 0)
            return true;
    return false;
}

static void test_yesterdays_key_and_old_owners_are_wiped(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_key_cache *keys;
    unsigned char old[SIGV4__SHA256_LEN];
    char hex[65];
    (void)state;
    assert_int_equal(sigv4_key_cache_new(&keys, NULL), SIGV4_OK);
    sign(keys, &in, SIGNING_SECRET, hex);
    memcpy(old, keys->slots[0].signing, sizeof old);
    assert_true(holds(keys, old));
    in.unix_seconds += 86400;
    sign(keys, &in, SIGNING_SECRET, hex);
    assert_int_equal(slots_in_use(keys), 1);
    assert_false(holds(keys, old));
    memcpy(old, keys->slots[0].signing, sizeof old);
    sign(keys, &in, "another secret", hex);
    assert_int_equal(slots_in_use(keys), 1);
    assert_false(holds(keys, old));
    sigv4_key_cache_free(keys);
}

static void must_be_zero(void *ctx, const void *block, size_t n)
{
    size_t *wiped = ctx;
    if (n != sizeof(struct sigv4_key_cache))
        return;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(((const char *)block)[i], 0);
    ++*wiped;
}

static void test_a_freed_cache_is_wiped(void **state)
{
    size_t wiped = 0;
    struct failing_alloc alloc = {.inspect = must_be_zero, .inspect_ctx = &wiped};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_key_cache *keys;
    char hex[65];
    (void)state;
    assert_int_equal(sigv4_key_cache_new(&keys, &hooks), SIGV4_OK);
    sign(keys, &in, SIGNING_SECRET, hex);
    sigv4_key_cache_free(keys);
    sigv4_key_cache_free(NULL);
    assert_int_equal(wiped, 1);
    assert_true(failing_alloc_clean(&alloc));
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing_alloc alloc = {0};
        struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
        struct sigv4_key_cache *keys = NULL;
        failing_alloc_fail(&alloc, n);
        int status = sigv4_key_cache_new(&keys, &hooks);
        if (!alloc.failures) {
            assert_int_equal(status, SIGV4_OK);
            sigv4_key_cache_free(keys);
            assert_true(failing_alloc_clean(&alloc));
            assert_true(n > 2);
            break;
        }
        assert_int_equal(status, SIGV4_E_NOMEM);
        assert_null(keys);
        assert_true(failing_alloc_clean(&alloc));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_never_depend_on_the_cache),
        cmocka_unit_test(test_places_with_the_same_letters),
        cmocka_unit_test(test_yesterdays_key_and_old_owners_are_wiped),
        cmocka_unit_test(test_a_freed_cache_is_wiped),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
