/* From canonical request to Authorization: known answers, stages that agree, sizes, and a key cache
 * that must not change any answer. */
#include "failing_alloc.h"
#include "unit/sigv4/signing.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

#define SIGNATURE "12f0e7c934b0a819884ba3fed496c158c2a705ff770da5e4a15a32ecd724df31"
#define AUTHORIZATION                                                                              \
    "AWS4-HMAC-SHA256 Credential=AKTEST0123456789/20260704/eu-central-1/kinesis/aws4_request, "    \
    "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" SIGNATURE

static void test_stages(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    char canonical_room[1024], text_room[512], hex[65];
    struct sigv4_text canonical = {canonical_room, sizeof canonical_room - 1, 0};
    struct sigv4_text text = {text_room, sizeof text_room - 1, 0};
    (void)state;
    assert_int_equal(sigv4_canonical_request(&in, &canonical), SIGV4_OK);
    canonical_room[canonical.len] = '\0';
    assert_string_equal(canonical_room,
                        "POST\n/\n\ncontent-type:application/x-amz-json-1.1\n"
                        "host:kinesis.eu-central-1.amazonaws.com\nx-amz-date:20260704T050607Z\n"
                        "x-amz-target:Kinesis_20131202.PutRecords\n\n"
                        "content-type;host;x-amz-date;x-amz-target\n"
                        "04124dc6ab2f770d02b3f25652943568e74519939d3ee9783f08c69eb9070070");
    assert_int_equal(sigv4_string_to_sign(&in, sigv4_bytes(canonical_room, canonical.len), &text),
                     SIGV4_OK);
    text_room[text.len] = '\0';
    assert_string_equal(text_room,
                        "AWS4-HMAC-SHA256\n20260704T050607Z\n"
                        "20260704/eu-central-1/kinesis/aws4_request\n"
                        "32904871d71e3847e00dd6c8e7a35a4b69f9a0c59974f9e36aec15b3ead94ee3");
    assert_int_equal(sigv4_signature(&in, creds, NULL, sigv4_bytes(text_room, text.len), hex),
                     SIGV4_OK);
    assert_string_equal(hex, SIGNATURE);
    sigv4_credentials_release(creds);
}

static void check_authorization(const struct sigv4_to_sign *in, struct sigv4_key_cache *keys)
{
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    char room[512], hex[65];
    struct sigv4_text out = {room, sizeof room - 1, 7};
    assert_int_equal(sigv4_authorization(in, creds, keys, &out, hex), SIGV4_OK);
    room[out.len] = '\0';
    assert_string_equal(room, AUTHORIZATION);
    assert_string_equal(hex, SIGNATURE);
    assert_int_equal(sigv4_authorization(in, creds, keys, &out, NULL), SIGV4_OK);
    sigv4_credentials_release(creds);
}

static void test_authorization_with_and_without_cache(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_key_cache *keys;
    (void)state;
    check_authorization(&in, NULL);
    assert_int_equal(sigv4_key_cache_new(&keys, NULL), SIGV4_OK);
    check_authorization(&in, keys);
    check_authorization(&in, keys);
    sigv4_key_cache_free(keys);
}

static void test_authorization_is_measured(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    struct sigv4_text none = {NULL, 0, 0};
    char hex[65];
    (void)state;
    assert_int_equal(sigv4_authorization(&in, creds, NULL, &none, hex), SIGV4_E_TOO_LARGE);
    assert_int_equal(none.len, strlen(AUTHORIZATION));
    struct sigv4_text text = {NULL, 0, 0};
    assert_int_equal(sigv4_string_to_sign(&in, SIGV4_LIT("x"), &text), SIGV4_E_TOO_LARGE);
    assert_int_equal(text.len, 17 + 17 + 43 + 64);
    sigv4_credentials_release(creds);
}

static void test_bad_scopes_are_refused(void **state)
{
    static const char *const bad[] = {
        "",     "a/b", "a b",
        "a\nb", "a,b", "a2345678901234567890123456789012345678901234567890123456789012345"};
    struct sigv4_header headers[4];
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    char room[1024], hex[65];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sigv4_to_sign in = signing_request(headers);
        struct sigv4_text out = {room, sizeof room, 0};
        in.region = sigv4_str(bad[i]);
        assert_int_equal(sigv4_authorization(&in, creds, NULL, &out, hex), SIGV4_E_INVALID);
        assert_int_equal(sigv4_signature(&in, creds, NULL, SIGV4_LIT("x"), hex), SIGV4_E_INVALID);
        in = signing_request(headers);
        in.service = sigv4_str(bad[i]);
        assert_int_equal(sigv4_string_to_sign(&in, SIGV4_LIT("x"), &out), SIGV4_E_INVALID);
    }
    sigv4_credentials_release(creds);
}

/* Any difference anywhere must show in the signature. */
static void test_every_part_counts(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    char room[512], hex[65];
    (void)state;
    for (int part = 0; part < 9; part++) {
        struct sigv4_to_sign in = signing_request(headers);
        struct sigv4_text out = {room, sizeof room, 0};
        if (part == 0)
            in.method = SIGV4_LIT("PUT");
        else if (part == 1)
            in.path = SIGV4_LIT("/x");
        else if (part == 2)
            in.query = SIGV4_LIT("x");
        else if (part == 3)
            in.payload_hash = SIGV4_EMPTY_SHA256;
        else if (part == 4)
            in.region = SIGV4_LIT("eu-central-2");
        else if (part == 5)
            in.service = SIGV4_LIT("s3");
        else if (part == 6)
            in.unix_seconds++;
        else
            headers[part - 7].value = SIGV4_LIT("other");
        assert_int_equal(sigv4_authorization(&in, creds, NULL, &out, hex), SIGV4_OK);
        assert_string_not_equal(hex, SIGNATURE);
    }
    sigv4_credentials_release(creds);
}

/* A request too large for the stack takes one block from the cache's allocator, and gives it back;
 * an ordinary one takes none. */
static void test_allocations(void **state)
{
    struct failing_alloc alloc = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    struct sigv4_key_cache *keys;
    char path[8192], room[512];
    struct sigv4_text out = {room, sizeof room, 0};
    (void)state;
    assert_int_equal(sigv4_key_cache_new(&keys, &hooks), SIGV4_OK);
    size_t live = alloc.live;
    failing_alloc_fail(&alloc, 0);
    assert_int_equal(sigv4_authorization(&in, creds, keys, &out, NULL), SIGV4_OK);
    assert_int_equal(alloc.requests, 0);
    memset(path, '/', sizeof path);
    in.path = sigv4_bytes(path, sizeof path);
    assert_int_equal(sigv4_authorization(&in, creds, keys, &out, NULL), SIGV4_OK);
    assert_int_equal(alloc.requests, 1);
    assert_int_equal(alloc.live, live);
    failing_alloc_fail(&alloc, 1);
    assert_int_equal(sigv4_authorization(&in, creds, keys, &out, NULL), SIGV4_E_NOMEM);
    sigv4_key_cache_free(keys);
    assert_true(failing_alloc_clean(&alloc));
    sigv4_credentials_release(creds);
}

static void test_dates_and_hashes(void **state)
{
    char date[17], hex[65];
    (void)state;
    sigv4_amz_date(SIGNING_TIME, date);
    assert_string_equal(date, "20260704T050607Z");
    assert_int_equal(sigv4_sha256_hex(SIGV4_LIT(""), hex), SIGV4_OK);
    assert_memory_equal(hex, SIGV4_EMPTY_SHA256.ptr, 65);
    assert_int_equal(sigv4_sha256_hex(SIGV4_LIT(SIGNING_BODY), hex), SIGV4_OK);
    assert_memory_equal(hex, SIGNING_BODY_HASH.ptr, 65);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_authorization_with_and_without_cache),
        cmocka_unit_test(test_authorization_is_measured),
        cmocka_unit_test(test_bad_scopes_are_refused),
        cmocka_unit_test(test_every_part_counts),
        cmocka_unit_test(test_allocations),
        cmocka_unit_test(test_dates_and_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
