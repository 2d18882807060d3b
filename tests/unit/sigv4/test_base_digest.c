/* Hashes: known answers, pieces of every size, HMAC against OpenSSL's own. */
#include "base/digest.h"
#include "base/text.h"
#include "failing_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

static void check_hex(const unsigned char *hash, size_t n, const char *expected)
{
    char hex[65] = "";
    sigv4__hex(hash, n, hex);
    assert_string_equal(hex, expected);
}

static void test_known_answers(void **state)
{
    struct sigv4__digest *sha256, *md5;
    unsigned char hash[SIGV4__SHA256_LEN];
    (void)state;
    assert_int_equal(sigv4__sha256(sigv4_bytes(NULL, 0), hash), SIGV4_OK);
    check_hex(hash, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(sigv4__digest_new_sha256(&sha256, NULL), SIGV4_OK);
    assert_int_equal(sigv4__digest_new_md5(&md5, NULL), SIGV4_OK);
    for (int again = 0; again < 3; again++) {
        assert_int_equal(sigv4__digest_begin(sha256), SIGV4_OK);
        assert_int_equal(sigv4__digest_add(sha256, "a", 1), SIGV4_OK);
        assert_int_equal(sigv4__digest_add(sha256, NULL, 0), SIGV4_OK);
        assert_int_equal(sigv4__digest_add(sha256, "bc", 2), SIGV4_OK);
        assert_int_equal(sigv4__digest_end(sha256, hash), SIGV4_OK);
        check_hex(hash, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_int_equal(sigv4__digest_begin(md5), SIGV4_OK);
        assert_int_equal(sigv4__digest_add(md5, "abc", 3), SIGV4_OK);
        assert_int_equal(sigv4__digest_end(md5, hash), SIGV4_OK);
        check_hex(hash, 16, "900150983cd24fb0d6963f7d28e17f72");
    }
    sigv4__digest_free(sha256);
    sigv4__digest_free(md5);
    sigv4__digest_free(NULL);
}

/* An unfinished hash leaves nothing behind in the next one. */
static void test_begin_starts_anew(void **state)
{
    struct sigv4__digest *d;
    unsigned char one[SIGV4__SHA256_LEN], other[SIGV4__SHA256_LEN];
    (void)state;
    assert_int_equal(sigv4__digest_new_sha256(&d, NULL), SIGV4_OK);
    assert_int_equal(sigv4__digest_begin(d), SIGV4_OK);
    assert_int_equal(sigv4__digest_add(d, "left over", 9), SIGV4_OK);
    assert_int_equal(sigv4__digest_begin(d), SIGV4_OK);
    assert_int_equal(sigv4__digest_end(d, one), SIGV4_OK);
    assert_int_equal(sigv4__sha256(SIGV4_LIT(""), other), SIGV4_OK);
    assert_memory_equal(one, other, sizeof one);
    sigv4__digest_free(d);
}

/* Key lengths around the block size of 64, where the rule changes. */
static void test_hmac_equals_openssls(void **state)
{
    struct sigv4__digest *d;
    unsigned char ours[SIGV4__SHA256_LEN], theirs[SIGV4__SHA256_LEN], bytes[300];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37 + 11);
    assert_int_equal(sigv4__digest_new_sha256(&d, NULL), SIGV4_OK);
    for (size_t key = 1; key < 140; key++) {
        for (size_t n = 0; n < 300; n += 1 + n / 4) {
            struct sigv4_slice k = sigv4_bytes(bytes, key), data = sigv4_bytes(bytes, n);
            assert_int_equal(sigv4__digest_hmac(d, k, data, ours), SIGV4_OK);
            assert_int_equal(sigv4__hmac_sha256(k, data, theirs), SIGV4_OK);
            assert_memory_equal(ours, theirs, sizeof ours);
        }
    }
    /* out may be the key or the data. */
    assert_int_equal(sigv4__digest_hmac(d, sigv4_bytes(bytes, 32), SIGV4_LIT("x"), ours), SIGV4_OK);
    assert_int_equal(sigv4__digest_hmac(d, sigv4_bytes(bytes, 32), SIGV4_LIT("x"), bytes),
                     SIGV4_OK);
    assert_memory_equal(bytes, ours, sizeof ours);
    sigv4__digest_free(d);
}

static void test_no_memory(void **state)
{
    struct failing_alloc alloc = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    struct sigv4__digest *d = NULL;
    (void)state;
    failing_alloc_fail(&alloc, 1);
    assert_int_equal(sigv4__digest_new_sha256(&d, &hooks), SIGV4_E_NOMEM);
    assert_null(d);
    failing_alloc_fail(&alloc, 0);
    assert_int_equal(sigv4__digest_new_md5(&d, &hooks), SIGV4_OK);
    sigv4__digest_free(d);
    assert_true(failing_alloc_clean(&alloc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_begin_starts_anew),
        cmocka_unit_test(test_hmac_equals_openssls),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
