/* The object calls on the fake engine: what they send, what they make of answers. */
#include "flow/s3_stage.h"

/* ---- head ---- */

static void head_reads_headers(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_head head = {
        .size = sizeof head, .of = S3_AT("bucket", "a/b c"), .on_done = note_end, .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.method = "HEAD",
                                             .headers = "Content-Length: 7\nETag: \"abc\"\n"
                                                        "Content-Type: text/plain\n"
                                                        "x-amz-meta-one: 1\n"});
    assert_int_equal(s3_head(s.s3, &head, NULL, NULL), 0);
    assert_int_equal(e.times, 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_int_equal(e.length, 7);
    assert_string_equal(e.etag, "abc");
    assert_string_equal(e.content_type, "text/plain");
    assert_string_equal(asked(&s, 0)->url, HOST "/a/b%20c");
    assert_string_equal(sent(&s, 0, "x-amz-checksum-mode"), "ENABLED");
    assert_string_equal(sent(&s, 0, "x-amz-content-sha256"),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    stage_down(&s);
}

static void a_missing_key_is_told(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_head head = {
        .size = sizeof head, .of = S3_AT("bucket", "k"), .on_done = note_end, .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.status = 404, .headers = "Content-Length: 0\n"});
    assert_int_equal(s3_head(s.s3, &head, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, SIGV4_E_NOT_FOUND);
    assert_int_equal(e.http_status, 404);
    assert_int_equal(e.length, 0);
    stage_down(&s);
}

static void a_head_not_from_s3(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_head head = {
        .size = sizeof head, .of = S3_AT("bucket", "k"), .on_done = note_end, .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.method = "HEAD",
                                             .headers = "Content-Type: text/html\n"
                                                        "Content-Length: 27\n"});
    assert_int_equal(s3_head(s.s3, &head, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, SIGV4_E_PROTOCOL);
    stage_down(&s);
}

/* ---- refused before anything is sent ---- */

static void bad_names_are_refused(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    char long_key[1026];
    struct sigv4_error err;
    memset(long_key, 'k', sizeof long_key);
    long_key[1025] = '\0';
    const struct {
        const char *bucket, *key;
        int status;
    } bad[] = {{"bucket", "", SIGV4_E_INVALID},
               {"bucket", NULL, SIGV4_E_INVALID},
               {"bucket", long_key, SIGV4_E_TOO_LARGE},
               {"", "k", SIGV4_E_INVALID},
               {NULL, "k", SIGV4_E_INVALID},
               {"a/b", "k", SIGV4_E_INVALID},
               {"b cket", "k", SIGV4_E_INVALID}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct s3_head head = {.size = sizeof head,
                               .of = S3_AT(bad[i].bucket, bad[i].key),
                               .on_done = note_end,
                               .ctx = &e};
        struct s3_get get = {.size = sizeof get, .from = head.of, .on_done = note_end, .ctx = &e};
        struct s3_put put = {.size = sizeof put, .to = head.of, .on_done = note_end, .ctx = &e};
        assert_int_equal(s3_head(s.s3, &head, NULL, &err), bad[i].status);
        assert_true(err.message[0]);
        assert_int_equal(s3_get(s.s3, &get, NULL, &err), bad[i].status);
        assert_int_equal(s3_put(s.s3, &put, NULL, &err), bad[i].status);
    }
    struct s3_attributes attributes = {.size = sizeof attributes,
                                       .content_type = "text/plain\r\nX-Evil: 1"};
    struct s3_put put = {.size = sizeof put,
                         .to = S3_AT("bucket", "k"),
                         .attributes = &attributes,
                         .on_done = note_end,
                         .ctx = &e};
    assert_int_equal(s3_put(s.s3, &put, NULL, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message, "PutObject: a control character in a header");
    long_key[1024] = '\0';
    struct s3_head head = {
        .size = sizeof head, .of = S3_AT("bucket", long_key), .on_done = note_end, .ctx = &e};
    fake_script(s.fake, (struct fake_answer){.method = "HEAD"});
    assert_int_equal(s3_head(s.s3, &head, NULL, &err), 0);
    stage_finish(&s, &e);
    assert_int_equal(fake_request_count(s.fake), 1);
    stage_down(&s);
}

/* ---- put ---- */

static void put_describes_the_object(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct sigv4_slice body[] = {SIGV4_LIT("hello "), SIGV4_LIT("world")};
    struct sigv4_header metadata[] = {{SIGV4_LIT("Who"), SIGV4_LIT("me")}};
    struct s3_encryption encryption = {.size = sizeof encryption,
                                       .algorithm = "aws:kms",
                                       .kms_key_id = "key-1",
                                       .bucket_key = true};
    struct s3_attributes attributes = {.size = sizeof attributes,
                                       .content_type = "text/plain",
                                       .storage_class = "STANDARD_IA",
                                       .metadata = metadata,
                                       .metadata_count = 1,
                                       .encryption = &encryption};
    struct s3_conditions conditions = {
        .size = sizeof conditions, .if_none_match = "*", .if_match = "abc"};
    struct s3_put put = {.size = sizeof put,
                         .to = S3_AT("bucket", "/k//.."),
                         .body = body,
                         .body_count = 2,
                         .attributes = &attributes,
                         .conditions = &conditions,
                         .on_done = note_end,
                         .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.method = "PUT",
                                             .headers = "ETag: \"e\"\nx-amz-version-id: v7\n"});
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_string_equal(e.etag, "e");
    assert_string_equal(e.version_id, "v7");
    assert_int_equal(e.length, 11);
    assert_string_equal(asked(&s, 0)->url, HOST "//k//..");
    assert_string_equal(asked(&s, 0)->body, "hello world");
    assert_string_equal(sent(&s, 0, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    assert_string_equal(sent(&s, 0, "x-amz-checksum-crc64nvme"), "jSnVw/bqjr4=");
    assert_string_equal(sent(&s, 0, "x-amz-meta-Who"), "me");
    assert_string_equal(sent(&s, 0, "Content-Type"), "text/plain");
    assert_string_equal(sent(&s, 0, "x-amz-storage-class"), "STANDARD_IA");
    assert_string_equal(sent(&s, 0, "x-amz-server-side-encryption"), "aws:kms");
    assert_string_equal(sent(&s, 0, "x-amz-server-side-encryption-aws-kms-key-id"), "key-1");
    assert_string_equal(sent(&s, 0, "x-amz-server-side-encryption-bucket-key-enabled"), "true");
    assert_string_equal(sent(&s, 0, "If-None-Match"), "*");
    assert_string_equal(sent(&s, 0, "If-Match"), "\"abc\"");
    stage_down(&s);
}

static int read_letters(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    (void)ctx;
    *got = cap > 10 ? 10 : cap;
    for (size_t i = 0; i < *got; i++)
        ((char *)buf)[i] = (char)('a' + (offset + i) % 26);
    return 0;
}

/* Plain HTTP: the payload is signed, also one that is read (and so read twice). */
static void over_plain_http_the_payload_is_signed(void **state)
{
    struct stage s = stage_up("http://127.0.0.1:9");
    struct ended e = {0}, f = {0};
    struct sigv4_slice body = SIGV4_LIT("abcdefghijklmnopqrstuvwxyzabcd");
    struct s3_put by_slice = {.size = sizeof by_slice,
                              .to = S3_AT("bucket", "k"),
                              .body = &body,
                              .body_count = 1,
                              .checksum = S3_CHECKSUM_SHA256,
                              .on_done = note_end,
                              .ctx = &e};
    struct s3_put by_reading = {.size = sizeof by_reading,
                                .to = S3_AT("bucket", "k"),
                                .read = read_letters,
                                .body_length = 30,
                                .checksum = S3_CHECKSUM_NONE,
                                .on_done = note_end,
                                .ctx = &f};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.headers = "ETag: \"e\"\n"});
    assert_int_equal(s3_put(s.s3, &by_slice, NULL, NULL), 0);
    assert_int_equal(s3_put(s.s3, &by_reading, NULL, NULL), 0);
    stage_finish(&s, &e);
    stage_finish(&s, &f);
    assert_int_equal(e.status, 0);
    assert_int_equal(f.status, 0);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(asked(&s, i)->url, "http://127.0.0.1:9/bucket/k");
        assert_string_equal(asked(&s, i)->body, body.ptr);
        assert_string_equal(sent(&s, i, "x-amz-content-sha256"),
                            "df2d142fd9415b73705b2484363581c0910b74898a7011b2be696f7084647b69");
    }
    assert_string_equal(sent(&s, 0, "x-amz-checksum-sha256"),
                        "3y0UL9lBW3NwWySENjWBwJELdImKcBGyvmlvcIRke2k=");
    assert_string_equal(sent(&s, 1, "x-amz-checksum-crc64nvme"), "(absent)");
    stage_down(&s);
}

/* A lost answer, a repetition that is refused: was the first one heard? (facts, 6.5) */
static void a_repeated_create_is_looked_into(void **state)
{
    static const struct {
        const char *found; /* headers of the HEAD */
        int head_status, status;
        bool maybe_done;
    } cases[] = {
        {"Content-Length: 5\nETag: \"e\"\nx-amz-checksum-crc64nvme: M3eFcAZSQlc=\n", 200, 0, false},
        {"Content-Length: 5\nETag: \"x\"\nx-amz-checksum-crc64nvme: AAAAAAAAAAA=\n", 200,
         SIGV4_E_CONFLICT, false},
        {"Content-Length: 6\nETag: \"x\"\nx-amz-checksum-crc64nvme: M3eFcAZSQlc=\n", 200,
         SIGV4_E_CONFLICT, false},
        {"", 403, SIGV4_E_CONFLICT, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage s = stage_up(NULL);
        struct ended e = {0};
        struct sigv4_slice body = SIGV4_LIT("hello");
        struct s3_conditions conditions = {.size = sizeof conditions, .if_none_match = "*"};
        struct s3_put put = {.size = sizeof put,
                             .to = S3_AT("bucket", "k"),
                             .body = &body,
                             .body_count = 1,
                             .conditions = &conditions,
                             .on_done = note_end,
                             .ctx = &e};
        fake_script(s.fake,
                    (struct fake_answer){.method = "PUT", .times = 1, .outcome = FAKE_RESET});
        fake_script(s.fake, (struct fake_answer){.method = "PUT", .status = 412});
        fake_script(s.fake, (struct fake_answer){.method = "HEAD",
                                                 .status = cases[i].head_status,
                                                 .headers = cases[i].found});
        assert_int_equal(s3_put(s.s3, &put, NULL, NULL), 0);
        stage_finish(&s, &e);
        assert_int_equal(e.status, cases[i].status);
        assert_int_equal(e.maybe_done, cases[i].maybe_done);
        assert_int_equal(fake_request_count(s.fake), 3);
        if (e.status == 0)
            assert_string_equal(e.etag, "e");
        stage_down(&s);
    }
}

static void a_refused_create_is_told_at_once(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_conditions conditions = {.size = sizeof conditions, .if_none_match = "*"};
    struct s3_put put = {.size = sizeof put,
                         .to = S3_AT("bucket", "k"),
                         .conditions = &conditions,
                         .on_done = note_end,
                         .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.method = "PUT", .status = 412});
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, SIGV4_E_CONFLICT);
    assert_int_equal(e.http_status, 412);
    assert_int_equal(fake_request_count(s.fake), 1);
    assert_string_equal(sent(&s, 0, "x-amz-content-sha256"),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    stage_down(&s);
}

static void an_answer_without_etag_is_none(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_put put = {
        .size = sizeof put, .to = S3_AT("bucket", "k"), .on_done = note_end, .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.method = "PUT"});
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, SIGV4_E_PROTOCOL);
    assert_true(e.maybe_done);
    stage_down(&s);
}

static int read_nothing(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    (void)ctx;
    (void)offset;
    (void)buf;
    (void)cap;
    *got = 0;
    return 0;
}

static void a_source_that_ends_early_sends_nothing(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_put put = {.size = sizeof put,
                         .to = S3_AT("bucket", "k"),
                         .read = read_nothing,
                         .body_length = 5,
                         .on_done = note_end,
                         .ctx = &e};
    (void)state;
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, SIGV4_E_IO);
    assert_string_equal(e.message, "PutObject: the source ended after 0 of 5 bytes");
    assert_int_equal(fake_request_count(s.fake), 0);
    stage_down(&s);
}

/* A customer's key: three headers, over TLS only, of the right length only. */
static int read_wrongly(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    (void)offset;
    (void)buf;
    *got = cap + 1;
    return ((struct ended *)ctx)->http_status; /* what the test wants it to return */
}

static void a_source_that_fails_is_told_from_one_that_ends(void **state)
{
    (void)state;
    for (int failing = 0; failing < 2; failing++) {
        struct stage s = stage_up(NULL);
        struct ended e = {.http_status = failing ? SIGV4_E_TIMEOUT : 0};
        struct s3_put put = {.size = sizeof put,
                             .to = S3_AT("bucket", "k"),
                             .read = read_wrongly,
                             .body_length = 5,
                             .on_done = note_end,
                             .ctx = &e};
        assert_int_equal(s3_put(s.s3, &put, NULL, NULL), 0);
        stage_finish(&s, &e);
        assert_int_equal(e.status, failing ? SIGV4_E_TIMEOUT : SIGV4_E_IO);
        assert_string_equal(e.message,
                            failing ? "PutObject: the source could not be read after 0 of 5 bytes"
                                    : "PutObject: the source gave too much after 0 of 5 bytes");
        assert_int_equal(fake_request_count(s.fake), 0);
        stage_down(&s);
    }
}

static void customer_keys(void **state)
{
    struct s3_encryption encryption = {
        .size = sizeof encryption, .customer_key = SIGV4_LIT("0123456789abcdef0123456789abcdef")};
    struct s3_attributes attributes = {.size = sizeof attributes, .encryption = &encryption};
    struct ended e = {0};
    struct s3_put put = {.size = sizeof put,
                         .to = S3_AT("bucket", "k"),
                         .attributes = &attributes,
                         .on_done = note_end,
                         .ctx = &e};
    struct stage s = stage_up(NULL);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.headers = "ETag: \"e\"\n"});
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_string_equal(sent(&s, 0, "x-amz-server-side-encryption-customer-algorithm"), "AES256");
    assert_string_equal(sent(&s, 0, "x-amz-server-side-encryption-customer-key"),
                        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    assert_string_equal(sent(&s, 0, "x-amz-server-side-encryption-customer-key-MD5"),
                        "hRasmdxgYDKV3nvbahU1MA==");
    encryption.customer_key = SIGV4_LIT("short");
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
    s = stage_up("http://127.0.0.1:9");
    e.times = 0;
    encryption.customer_key = SIGV4_LIT("0123456789abcdef0123456789abcdef");
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, SIGV4_E_INVALID);
    assert_int_equal(fake_request_count(s.fake), 0);
    stage_down(&s);
}

static void metadata_must_be_ascii(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct sigv4_header metadata = {SIGV4_LIT("name"), SIGV4_LIT("\xc3\xa4")};
    struct s3_attributes attributes = {
        .size = sizeof attributes, .metadata = &metadata, .metadata_count = 1};
    struct s3_put put = {.size = sizeof put,
                         .to = S3_AT("bucket", "k"),
                         .attributes = &attributes,
                         .on_done = note_end,
                         .ctx = &e};
    (void)state;
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), SIGV4_E_INVALID);
    metadata.value = SIGV4_LIT("a\r\nb");
    assert_int_equal(s3_put(s.s3, &put, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
}

static void deleting(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_at at = {.size = sizeof at, .bucket = "bucket", .key = "k", .version_id = "v/1"};
    struct s3_delete what = {
        .size = sizeof what, .what = &at, .if_match = "abc", .on_done = note_end, .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.method = "DELETE",
                                             .status = 204,
                                             .headers = "x-amz-delete-marker: true\n"});
    assert_int_equal(s3_delete(s.s3, &what, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_true(e.delete_marker);
    assert_string_equal(asked(&s, 0)->url, HOST "/k?versionId=v%2F1");
    assert_string_equal(sent(&s, 0, "If-Match"), "\"abc\"");
    stage_down(&s);
}

static void presigning(void **state)
{
    struct stage s = stage_up(NULL);
    char url[2048];
    struct sigv4_text out = {url, sizeof url, 0};
    (void)state;
    assert_int_equal(s3_presign(s.s3, SIGV4_LIT("GET"), S3_AT("bucket", "a b"), 600, &out, NULL),
                     0);
    url[out.len] = '\0';
    assert_ptr_equal(strstr(url, HOST "/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&"), url);
    assert_non_null(strstr(url, "X-Amz-Expires=600"));
    assert_non_null(strstr(url, "X-Amz-Signature="));
    assert_int_equal(s3_presign(s.s3, SIGV4_LIT("POST"), S3_AT("bucket", "k"), 600, &out, NULL),
                     SIGV4_E_INVALID);
    assert_int_equal(s3_presign(s.s3, SIGV4_LIT("GET"), S3_AT("bucket", "k"), 604801, &out, NULL),
                     SIGV4_E_INVALID);
    assert_int_equal(s3_presign(s.s3, SIGV4_LIT("GET"), S3_AT("bucket", ""), 600, &out, NULL),
                     SIGV4_E_INVALID);
    stage_down(&s);
}

/* Freeing the client ends what is under way, and what had not begun. */
static void freeing_ends_everything(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended sending = {0}, fresh = {0};
    struct s3_head head = {
        .size = sizeof head, .of = S3_AT("bucket", "k"), .on_done = note_end, .ctx = &sending};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.delay_ms = 1000});
    assert_int_equal(s3_head(s.s3, &head, NULL, NULL), 0);
    fake_run_ms(s.fake, s.loop, 10);
    head.ctx = &fresh;
    assert_int_equal(s3_head(s.s3, &head, NULL, NULL), 0);
    stage_down(&s);
    assert_int_equal(sending.times, 1);
    assert_int_equal(fresh.times, 1);
    assert_int_equal(sending.status, SIGV4_E_CANCELED);
    assert_int_equal(fresh.status, SIGV4_E_CANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_reads_headers),
        cmocka_unit_test(a_missing_key_is_told),
        cmocka_unit_test(a_head_not_from_s3),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(put_describes_the_object),
        cmocka_unit_test(over_plain_http_the_payload_is_signed),
        cmocka_unit_test(a_repeated_create_is_looked_into),
        cmocka_unit_test(a_refused_create_is_told_at_once),
        cmocka_unit_test(an_answer_without_etag_is_none),
        cmocka_unit_test(a_source_that_ends_early_sends_nothing),
        cmocka_unit_test(a_source_that_fails_is_told_from_one_that_ends),
        cmocka_unit_test(customer_keys),
        cmocka_unit_test(metadata_must_be_ascii),
        cmocka_unit_test(deleting),
        cmocka_unit_test(presigning),
        cmocka_unit_test(freeing_ends_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
