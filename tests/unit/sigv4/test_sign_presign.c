/* Presigned queries: known answers, tokens signed or added later, sizes, refusals. */
#include "unit/sigv4/signing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

#define QUERY                                                                                      \
    "versionId=a%20b&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKTEST0123456789%2F"        \
    "20260704%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20260704T050607Z&X-Amz-Expires=900"    \
    "&X-Amz-SignedHeaders=host%3Bx-amz-server-side-encryption"
#define TOKEN                "&X-Amz-Security-Token=tok%2Fen%2Bwith%3Dodd~chars"
#define SIGNATURE            "b3dac992011aed578c2237931eb8d13c22274ab3875e1c54b5193e3febbeef47"
#define SIGNATURE_OF_OMITTED "993b07e197b21d886ac661a3902d27afa54704c520836dfe498284a57fb8a45c"

static struct sigv4_to_sign object_request(struct sigv4_header headers[4])
{
    struct sigv4_to_sign in = signing_request(headers);
    headers[0] = signing_header("X-Amz-Server-Side-Encryption", "AES256");
    headers[1] = signing_header("Host", "b.s3.eu-central-1.amazonaws.com");
    in.header_count = 2;
    in.method = SIGV4_LIT("GET");
    in.path = SIGV4_LIT("/my%20key");
    in.query = SIGV4_LIT("versionId=a%20b");
    in.payload_hash = SIGV4_UNSIGNED_PAYLOAD;
    in.service = SIGV4_LIT("s3");
    in.flags = SIGV4_S3_PATH;
    return in;
}

static void check(uint32_t flags, const char *query, const char *complete)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = object_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, SIGNING_TOKEN);
    char room[1024];
    struct sigv4_text out = {room, sizeof room - 1, 3};
    in.flags |= flags;
    assert_int_equal(sigv4_presign_query(&in, creds, 900, &out), SIGV4_OK);
    room[out.len] = '\0';
    assert_string_equal(room, query);
    assert_int_equal(sigv4_presign(&in, creds, NULL, 900, &out), SIGV4_OK);
    room[out.len] = '\0';
    assert_string_equal(room, complete);
    sigv4_credentials_release(creds);
}

static void test_known_answers(void **state)
{
    (void)state;
    check(0, QUERY TOKEN, QUERY TOKEN "&X-Amz-Signature=" SIGNATURE);
    check(SIGV4_OMIT_TOKEN, QUERY, QUERY TOKEN "&X-Amz-Signature=" SIGNATURE_OF_OMITTED);
}

static void test_without_a_query_of_its_own(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = object_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    char room[1024];
    struct sigv4_text out = {room, sizeof room - 1, 0};
    (void)state;
    in.query = SIGV4_LIT("");
    assert_int_equal(sigv4_presign(&in, creds, NULL, 604800, &out), SIGV4_OK);
    room[out.len] = '\0';
    assert_memory_equal(room, "X-Amz-Algorithm=", 16);
    assert_non_null(strstr(room, "&X-Amz-Expires=604800&"));
    assert_null(strstr(room, "Token"));
    sigv4_credentials_release(creds);
}

/* Every capacity below the full length says the full length. */
static void test_what_does_not_fit_is_measured(void **state)
{
    const size_t full = strlen(QUERY TOKEN "&X-Amz-Signature=" SIGNATURE);
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = object_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, SIGNING_TOKEN);
    (void)state;
    for (size_t cap = 0; cap <= full; cap++) {
        char *room = malloc(cap ? cap : 1);
        struct sigv4_text out = {room, cap, 0};
        int status = sigv4_presign(&in, creds, NULL, 900, &out);
        assert_int_equal(status, cap < full ? SIGV4_E_TOO_LARGE : SIGV4_OK);
        assert_int_equal(out.len, full);
        free(room);
    }
    sigv4_credentials_release(creds);
}

static void test_refusals(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = object_request(headers);
    struct sigv4_credentials *creds = signing_credentials(SIGNING_SECRET, "");
    char room[1024];
    struct sigv4_text out = {room, sizeof room, 0};
    (void)state;
    assert_int_equal(sigv4_presign(&in, creds, NULL, 0, &out), SIGV4_E_INVALID);
    assert_int_equal(sigv4_presign(&in, creds, NULL, 604801, &out), SIGV4_E_INVALID);
    in.header_count = 1;
    assert_int_equal(sigv4_presign(&in, creds, NULL, 1, &out), SIGV4_E_INVALID);
    assert_int_equal(out.len, 0);
    sigv4_credentials_release(creds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_without_a_query_of_its_own),
        cmocka_unit_test(test_what_does_not_fit_is_measured),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
