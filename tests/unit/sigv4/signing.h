#ifndef TESTS_SIGNING_H
#define TESTS_SIGNING_H
/* One request, one set of keys and one moment that the tests of the signer share. What is expected
 * of them was computed by a few lines of Python written from the rules, not by this library. */
#include <assert.h>
#include <sigv4/credentials.h>
#include <sigv4/sign.h>

#define SIGNING_KEY_ID "AKTEST0123456789"
#define SIGNING_SECRET "tEsT/sEcReT+0123456789abcdefghijklmnopqr"
#define SIGNING_TOKEN  "tok/en+with=odd~chars"
#define SIGNING_TIME   1783141567 /* 2026-07-04T05:06:07Z */
#define SIGNING_BODY   "{\"StreamName\":\"orders\",\"Records\":[]}"
#define SIGNING_BODY_HASH                                                                          \
    SIGV4_LIT("04124dc6ab2f770d02b3f25652943568e74519939d3ee9783f08c69eb9070070")

static inline struct sigv4_header signing_header(const char *name, const char *value)
{
    struct sigv4_header h = {sigv4_str(name), sigv4_str(value)};
    return h;
}

/* headers: four, out of order and in mixed case; filled here. */
static inline struct sigv4_to_sign signing_request(struct sigv4_header headers[4])
{
    headers[0] = signing_header("X-Amz-Target", "Kinesis_20131202.PutRecords");
    headers[1] = signing_header("host", "kinesis.eu-central-1.amazonaws.com");
    headers[2] = signing_header("X-Amz-Date", "20260704T050607Z");
    headers[3] = signing_header("Content-Type", " application/x-amz-json-1.1 ");
    struct sigv4_to_sign in = {.size = sizeof in,
                               .method = SIGV4_LIT("POST"),
                               .path = SIGV4_LIT("/"),
                               .headers = headers,
                               .header_count = 4,
                               .payload_hash = SIGNING_BODY_HASH,
                               .region = SIGV4_LIT("eu-central-1"),
                               .service = SIGV4_LIT("kinesis"),
                               .unix_seconds = SIGNING_TIME};
    return in;
}

static inline struct sigv4_credentials *signing_credentials(const char *secret, const char *token)
{
    struct sigv4_credentials *creds = NULL;
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = SIGV4_LIT(SIGNING_KEY_ID),
                              .secret_access_key = sigv4_str(secret),
                              .session_token = sigv4_str(token)};
    int status = sigv4_credentials_new(&creds, &keys, NULL, NULL);
    assert(status == SIGV4_OK);
    (void)status;
    return creds;
}
#endif
