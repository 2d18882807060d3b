/* Copies and the single requests of multipart uploads. */
#include "flow/s3_stage.h"

static const struct s3_at to = {.size = sizeof to, .bucket = "bucket", .key = "k"};

static void creating(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_attributes attributes = {.size = sizeof attributes, .content_type = "text/plain"};
    struct s3_multipart_create create = {.size = sizeof create,
                                         .to = &to,
                                         .attributes = &attributes,
                                         .on_done = note_end,
                                         .ctx = &e};
    (void)state;
    fake_script(s.fake,
                (struct fake_answer){.body = "<InitiateMultipartUploadResult><UploadId>u/1"
                                             "</UploadId></InitiateMultipartUploadResult>"});
    assert_int_equal(s3_multipart_create(s.s3, &create, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_string_equal(e.upload_id, "u/1");
    assert_string_equal(asked(&s, 0)->method, "POST");
    assert_string_equal(asked(&s, 0)->url, HOST "/k?uploads=");
    assert_string_equal(sent(&s, 0, "x-amz-checksum-algorithm"), "CRC64NVME");
    assert_string_equal(sent(&s, 0, "x-amz-checksum-type"), "FULL_OBJECT");
    assert_string_equal(sent(&s, 0, "Content-Type"), "text/plain");
    stage_down(&s);
}

static void parts(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct sigv4_slice body = SIGV4_LIT("hello world");
    struct s3_part_put put = {.size = sizeof put,
                              .to = &to,
                              .upload_id = "u/1",
                              .number = 10000,
                              .body = &body,
                              .body_count = 1,
                              .on_done = note_end,
                              .ctx = &e};
    struct s3_part_copy copy = {.size = sizeof copy,
                                .from = S3_AT("source", "a b"),
                                .to = &to,
                                .upload_id = "u",
                                .number = 1,
                                .first_byte = 5,
                                .byte_count = 10,
                                .source_if_match = "s",
                                .on_done = note_end,
                                .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.times = 1, .headers = "ETag: \"p\"\n"});
    fake_script(s.fake,
                (struct fake_answer){.body = "<CopyPartResult><ETag>\"c\"</ETag><ChecksumCRC64NVME>"
                                             "jSnVw/bqjr4=</ChecksumCRC64NVME></CopyPartResult>"});
    assert_int_equal(s3_part_put(s.s3, &put, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_string_equal(e.etag, "p");
    assert_string_equal(e.checksum_value, "jSnVw/bqjr4=");
    assert_int_equal(e.length, 11);
    assert_string_equal(asked(&s, 0)->url, HOST "/k?partNumber=10000&uploadId=u%2F1");
    assert_string_equal(sent(&s, 0, "x-amz-checksum-crc64nvme"), "jSnVw/bqjr4=");
    memset(&e, 0, sizeof e);
    assert_int_equal(s3_part_copy(s.s3, &copy, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_string_equal(e.etag, "c");
    assert_string_equal(e.checksum_value, "jSnVw/bqjr4=");
    assert_string_equal(sent(&s, 1, "x-amz-copy-source"), "/source/a%20b");
    assert_string_equal(sent(&s, 1, "x-amz-copy-source-range"), "bytes=5-14");
    assert_string_equal(sent(&s, 1, "x-amz-copy-source-if-match"), "\"s\"");
    put.number = 10001;
    assert_int_equal(s3_part_put(s.s3, &put, NULL, NULL), SIGV4_E_INVALID);
    put.number = 1;
    put.upload_id = "";
    assert_int_equal(s3_part_put(s.s3, &put, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
}

static struct s3_multipart_complete completing(struct ended *e)
{
    static const struct s3_part list[] = {{1, 5, {"a", 1}, {"jSnVw/bqjr4=", 12}},
                                          {2, 5, {"b", 1}, {"", 0}}};
    return (struct s3_multipart_complete){.size = sizeof(struct s3_multipart_complete),
                                          .to = &to,
                                          .upload_id = "u",
                                          .parts = list,
                                          .part_count = 2,
                                          .checksum_value = "i+6LR0y3eFo=",
                                          .length = 10,
                                          .on_done = note_end,
                                          .ctx = e};
}

static void completing_well(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_multipart_complete complete = completing(&e);
    struct s3_conditions conditions = {.size = sizeof conditions, .if_none_match = "*"};
    (void)state;
    complete.conditions = &conditions;
    fake_script(s.fake, (struct fake_answer){
                            .headers = "x-amz-version-id: v\n",
                            .body = "\n  <CompleteMultipartUploadResult><ETag>\"e-2\"</ETag>"
                                    "</CompleteMultipartUploadResult>"});
    assert_int_equal(s3_multipart_complete(s.s3, &complete, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_string_equal(e.etag, "e-2");
    assert_string_equal(e.version_id, "v");
    assert_string_equal(asked(&s, 0)->url, HOST "/k?uploadId=u");
    assert_string_equal(sent(&s, 0, "x-amz-checksum-crc64nvme"), "i+6LR0y3eFo=");
    assert_string_equal(sent(&s, 0, "x-amz-checksum-type"), "FULL_OBJECT");
    assert_string_equal(sent(&s, 0, "x-amz-mp-object-size"), "10");
    assert_string_equal(sent(&s, 0, "If-None-Match"), "*");
    assert_non_null(strstr(asked(&s, 0)->body, "<ChecksumCRC64NVME>jSnVw/bqjr4="));
    complete.part_count = 0;
    assert_int_equal(s3_multipart_complete(s.s3, &complete, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
}

/* A 200 may carry an error: it is one, and is tried again when it says so. */
static void a_200_with_an_error_is_an_error(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        struct stage s = stage_up(NULL);
        struct ended e = {0};
        struct s3_multipart_complete complete = completing(&e);
        fake_script(s.fake, (struct fake_answer){.times = again ? 1 : 0,
                                                 .body = "<?xml version=\"1.0\"?>\n\n<Error><Code>"
                                                         "InternalError</Code></Error>"});
        fake_script(s.fake,
                    (struct fake_answer){.body = "<CompleteMultipartUploadResult><ETag>\"e\"</ETag>"
                                                 "</CompleteMultipartUploadResult>"});
        assert_int_equal(s3_multipart_complete(s.s3, &complete, NULL, NULL), 0);
        stage_finish(&s, &e);
        assert_int_equal(e.status, again ? 0 : SIGV4_E_SERVICE);
        assert_int_equal(fake_request_count(s.fake), again ? 2 : 3);
        stage_down(&s);
    }
}

static void an_answer_that_is_none_leaves_it_open(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_multipart_complete complete = completing(&e);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.body = "<CompleteMultipartUploadResult><ETag>"});
    assert_int_equal(s3_multipart_complete(s.s3, &complete, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, SIGV4_E_PROTOCOL);
    assert_true(e.maybe_done);
    stage_down(&s);
}

struct parts_seen {
    struct ended end;
    char text[128];
};

static enum sigv4_flow on_part(void *ctx, const struct s3_part *part)
{
    struct parts_seen *p = ctx;
    sprintf(p->text + strlen(p->text), "%u:%llu:%.*s ", part->number,
            (unsigned long long)part->length, (int)part->etag.len, (const char *)part->etag.ptr);
    return SIGV4_GO_ON;
}

static void listing_and_aborting(void **state)
{
    struct stage s = stage_up(NULL);
    struct parts_seen p = {.text = ""};
    struct s3_multipart what = {.size = sizeof what,
                                .to = &to,
                                .upload_id = "u",
                                .on_part = on_part,
                                .on_done = note_end,
                                .ctx = &p};
    (void)state;
    fake_script(s.fake,
                (struct fake_answer){.method = "GET",
                                     .times = 1,
                                     .body = "<ListPartsResult><Part><PartNumber>1"
                                             "</PartNumber><ETag>\"a\"</ETag><Size>5</Size>"
                                             "</Part><IsTruncated>true</IsTruncated>"
                                             "<NextPartNumberMarker>1</NextPartNumberMarker>"
                                             "</ListPartsResult>"});
    fake_script(s.fake, (struct fake_answer){.method = "GET",
                                             .body = "<ListPartsResult><Part><PartNumber>7"
                                                     "</PartNumber><ETag>\"b\"</ETag><Size>6</Size>"
                                                     "</Part></ListPartsResult>"});
    fake_script(s.fake, (struct fake_answer){.method = "DELETE",
                                             .status = 404,
                                             .body = "<Error><Code>NoSuchUpload</Code></Error>"});
    assert_int_equal(s3_multipart_parts(s.s3, &what, NULL, NULL), 0);
    stage_finish(&s, &p.end);
    assert_int_equal(p.end.status, 0);
    assert_string_equal(p.text, "1:5:a 7:6:b ");
    assert_string_equal(asked(&s, 1)->url, HOST "/k?uploadId=u&part-number-marker=1");
    memset(&p, 0, sizeof p);
    assert_int_equal(s3_multipart_abort(s.s3, &what, NULL, NULL), 0);
    stage_finish(&s, &p.end);
    assert_int_equal(p.end.status, SIGV4_E_NOT_FOUND);
    assert_string_equal(p.end.code, "NoSuchUpload");
    assert_string_equal(asked(&s, 2)->url, HOST "/k?uploadId=u");
    stage_down(&s);
}

static void copying(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_at from = {
        .size = sizeof from, .bucket = "source", .key = "a/b+c", .version_id = "v=1"};
    struct s3_at point = {.size = sizeof point,
                          .bucket = "arn:aws:s3:eu-central-1:123456789012:accesspoint/p",
                          .key = "a b"};
    struct s3_attributes attributes = {.size = sizeof attributes, .content_type = "x/y"};
    struct s3_conditions conditions = {
        .size = sizeof conditions, .if_match = "m", .if_unmodified_since_unix = 784111777};
    struct s3_copy copy = {.size = sizeof copy,
                           .from = &from,
                           .to = &to,
                           .attributes = &attributes,
                           .source_conditions = &conditions,
                           .on_done = note_end,
                           .ctx = &e};
    (void)state;
    fake_script(s.fake,
                (struct fake_answer){.body = "<CopyObjectResult><ETag>\"c\"</ETag>"
                                             "<LastModified>2026-11-22T20:31:50.000Z</LastModified>"
                                             "</CopyObjectResult>"});
    assert_int_equal(s3_copy(s.s3, &copy, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_string_equal(e.etag, "c");
    assert_int_equal(e.modified_unix_ms, INT64_C(1795379510000));
    assert_string_equal(sent(&s, 0, "x-amz-copy-source"), "/source/a/b%2Bc?versionId=v%3D1");
    assert_string_equal(sent(&s, 0, "x-amz-metadata-directive"), "REPLACE");
    assert_string_equal(sent(&s, 0, "x-amz-copy-source-if-match"), "\"m\"");
    assert_string_equal(sent(&s, 0, "x-amz-copy-source-if-unmodified-since"),
                        "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(sent(&s, 0, "Content-Type"), "x/y");
    memset(&e, 0, sizeof e);
    copy = (struct s3_copy){
        .size = sizeof copy, .from = &point, .to = &to, .on_done = note_end, .ctx = &e};
    assert_int_equal(s3_copy(s.s3, &copy, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_string_equal(sent(&s, 1, "x-amz-copy-source"),
                        "arn:aws:s3:eu-central-1:123456789012:accesspoint/p/object/a%20b");
    assert_string_equal(sent(&s, 1, "x-amz-metadata-directive"), "(absent)");
    copy.from = NULL;
    assert_int_equal(s3_copy(s.s3, &copy, NULL, NULL), SIGV4_E_INVALID);
    struct s3_part_copy rest = {.size = sizeof rest,
                                .from = &from,
                                .to = &to,
                                .upload_id = "u",
                                .number = 1,
                                .first_byte = 5,
                                .on_done = note_end,
                                .ctx = &e};
    assert_int_equal(s3_part_copy(s.s3, &rest, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creating),
        cmocka_unit_test(parts),
        cmocka_unit_test(completing_well),
        cmocka_unit_test(a_200_with_an_error_is_an_error),
        cmocka_unit_test(an_answer_that_is_none_leaves_it_open),
        cmocka_unit_test(listing_and_aborting),
        cmocka_unit_test(copying),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
