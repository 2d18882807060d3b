/* Signed chunks and trailers: known answers and refusals. */
#include "unit/sigv4/signing.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

#define SEED "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_a_chain_of_two_chunks_and_a_trailer(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    struct sigv4_key_cache *keys;
    char last[65] = SEED;
    (void)state;
    in.service = SIGV4_LIT("s3");
    assert_int_equal(sigv4_key_cache_new(&keys, NULL), SIGV4_OK);
    assert_int_equal(
        sigv4_chunk_signature(&in, creds, keys, sigv4_bytes(last, 64), SIGV4_LIT("hello"), last),
        SIGV4_OK);
    assert_string_equal(last, "4c2ca82503608ea80f6a97f22acb036c4f9c1715d90c45c0cab227ff8202f00d");
    assert_int_equal(
        sigv4_chunk_signature(&in, creds, keys, sigv4_bytes(last, 64), SIGV4_LIT(""), last),
        SIGV4_OK);
    assert_string_equal(last, "836eba95a22b9334a0a305e9bc78c835969b9c479ea25e2c017ddfd0274de6ee");
    assert_int_equal(sigv4_trailer_signature(&in, creds, keys, sigv4_bytes(last, 64),
                                             SIGV4_LIT("x-amz-checksum-crc32:DUoRhQ==\n"), last),
                     SIGV4_OK);
    assert_string_equal(last, "79ff47da0355ce1f7fd021afc5ab53c6f0823d36b6e38e1b34f591bd9dcb6c8e");
    sigv4_key_cache_free(keys);
    sigv4_credentials_release(creds);
}

static void test_refusals(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    char out[65], upper[65] = SEED;
    (void)state;
    upper[10] = 'A';
    assert_int_equal(
        sigv4_chunk_signature(&in, creds, NULL, sigv4_bytes(SEED, 63), SIGV4_LIT("x"), out),
        SIGV4_E_INVALID);
    assert_int_equal(
        sigv4_chunk_signature(&in, creds, NULL, sigv4_bytes(upper, 64), SIGV4_LIT("x"), out),
        SIGV4_E_INVALID);
    in.region = SIGV4_LIT("");
    assert_int_equal(
        sigv4_trailer_signature(&in, creds, NULL, sigv4_bytes(SEED, 64), SIGV4_LIT("x"), out),
        SIGV4_E_INVALID);
    sigv4_credentials_release(creds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_chain_of_two_chunks_and_a_trailer),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
