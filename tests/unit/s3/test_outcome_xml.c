/* The small answers, and the documents that ask for them. */
#include "wire/outcome_xml.h"

#include "wire/delete_xml.h"
#include "wire/multipart_xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge.h"

#define COMPLETE(inside)                                                                           \
    SIGV4_LIT("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<CompleteMultipartUploadResult "      \
              "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" inside                          \
              "</CompleteMultipartUploadResult>")

static void completed(void **state)
{
    struct s3__outcome o;
    struct sigv4_error err;
    (void)state;
    assert_int_equal(
        s3__outcome_complete(&o,
                             COMPLETE("<Location>http://b.s3/k</Location><Bucket>b</Bucket>"
                                      "<Key>k</Key><ETag>&quot;e-9&quot;</ETag>"
                                      "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME>"
                                      "<ChecksumType>FULL_OBJECT</ChecksumType>"),
                             NULL, &err),
        0);
    assert_string_equal(o.etag, "e-9");
    assert_int_equal(o.checksum, S3_CHECKSUM_CRC64NVME);
    assert_string_equal(o.checksum_value, "rosUhgp5mIg=");
    assert_int_equal(s3__outcome_complete(&o, COMPLETE("<Key>k</Key>"), NULL, &err),
                     SIGV4_E_PROTOCOL);
    assert_string_equal(err.message, "unexpected XML in the answer: no ETag");
    assert_int_equal(s3__outcome_complete(&o, SIGV4_LIT(""), NULL, NULL), SIGV4_E_PROTOCOL);
    assert_int_equal(s3__outcome_complete(
                         &o, SIGV4_LIT("<Error><Code>InternalError</Code></Error>"), NULL, NULL),
                     SIGV4_E_PROTOCOL);
}

static void initiated(void **state)
{
    static char xml[S3__UPLOAD_ID_MAX + 128];
    struct s3__outcome o;
    (void)state;
    for (int n = 0; n <= S3__UPLOAD_ID_MAX + 1; n++) {
        bool fits = n > 0 && n <= S3__UPLOAD_ID_MAX;
        char id[S3__UPLOAD_ID_MAX + 2];
        memset(id, 'u', sizeof id);
        snprintf(xml, sizeof xml,
                 "<InitiateMultipartUploadResult><UploadId>%.*s</UploadId>"
                 "</InitiateMultipartUploadResult>",
                 n, id);
        assert_int_equal(s3__outcome_initiate(&o, sigv4_str(xml), NULL, NULL),
                         fits ? SIGV4_OK : SIGV4_E_PROTOCOL);
        if (fits)
            assert_int_equal(strlen(o.upload_id), n);
    }
}

static void copied(void **state)
{
    struct s3__outcome o;
    (void)state;
    assert_int_equal(
        s3__outcome_copy_object(&o,
                                SIGV4_LIT("<CopyObjectResult><LastModified>2026-11-22T20:31:50.000Z"
                                          "</LastModified><ETag>\"c\"</ETag></CopyObjectResult>"),
                                NULL, NULL),
        0);
    assert_string_equal(o.etag, "c");
    assert_int_equal(o.modified_unix_ms, INT64_C(1795379510000));
    assert_int_equal(o.checksum, S3_CHECKSUM_NONE);
    assert_int_equal(
        s3__outcome_copy_part(&o, SIGV4_LIT("<CopyPartResult><ETag>\"p\"</ETag></CopyPartResult>"),
                              NULL, NULL),
        0);
    assert_string_equal(o.etag, "p");
}

static void region_of_an_error(void **state)
{
    char region[64];
    (void)state;
    s3__error_region(SIGV4_LIT("<Error><Code>AuthorizationHeaderMalformed</Code>"
                               "<Region>eu-west-1</Region></Error>"),
                     NULL, region);
    assert_string_equal(region, "eu-west-1");
    s3__error_region(SIGV4_LIT("<Error><Region>eu-west-1</Region>"), NULL, region);
    assert_string_equal(region, "");
    s3__error_region(SIGV4_LIT(""), NULL, region);
    assert_string_equal(region, "");
}

static void list_of_parts(void **state)
{
    struct sigv4__buffer b;
    struct s3_part parts[3] = {
        {1, 5, SIGV4_LIT("a"), SIGV4_LIT("y/Q5Jg==")},
        {7, 5, SIGV4_LIT("b"), SIGV4_LIT("")},
        {10000, 5, SIGV4_LIT("c"), SIGV4_LIT("4waSgw==")},
    };
    (void)state;
    sigv4__buffer_init(&b, NULL, 4096);
    assert_int_equal(s3__complete_write(&b, parts, 3, S3_CHECKSUM_CRC32), 0);
    assert_string_equal(
        sigv4__buffer_cstr(&b),
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag>"
        "<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32></Part>"
        "<Part><PartNumber>7</PartNumber><ETag>&quot;b&quot;</ETag></Part>"
        "<Part><PartNumber>10000</PartNumber><ETag>&quot;c&quot;</ETag>"
        "<ChecksumCRC32>4waSgw==</ChecksumCRC32></Part></CompleteMultipartUpload>");
    sigv4__buffer_clear(&b);
    assert_int_equal(s3__complete_write(&b, parts, 0, S3_CHECKSUM_NONE), SIGV4_E_INVALID);
    parts[1].number = 1;
    assert_int_equal(s3__complete_write(&b, parts, 3, S3_CHECKSUM_NONE), SIGV4_E_INVALID);
    parts[1].number = 7;
    parts[2].number = 10001;
    assert_int_equal(s3__complete_write(&b, parts, 3, S3_CHECKSUM_NONE), SIGV4_E_INVALID);
    parts[0].number = 0;
    assert_int_equal(s3__complete_write(&b, parts, 1, S3_CHECKSUM_NONE), SIGV4_E_INVALID);
    assert_int_equal(b.len, 0);
    sigv4__buffer_free(&b);
}

static void note_failure(void *ctx, const struct s3__delete_failure *failure)
{
    char *out = ctx;
    sprintf(out + strlen(out), "%.*s:%s:%s|", (int)failure->key_len, failure->key, failure->code,
            failure->message);
}

static void deleting(void **state)
{
    const char *keys[] = {"a&b", "c\rd"};
    char seen[256] = "";
    struct sigv4__buffer b;
    (void)state;
    sigv4__buffer_init(&b, NULL, 4096);
    assert_int_equal(s3__delete_write(&b, keys, 2), 0);
    assert_string_equal(sigv4__buffer_cstr(&b),
                        "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true"
                        "</Quiet><Object><Key>a&amp;b</Key></Object><Object><Key>c&#xD;d</Key>"
                        "</Object></Delete>");
    assert_int_equal(s3__delete_write(&b, keys, 0), SIGV4_E_INVALID);
    sigv4__buffer_free(&b);
    assert_int_equal(s3__delete_parse(SIGV4_LIT("<DeleteResult><Deleted><Key>x</Key></Deleted>"
                                                "<Error><Code>AccessDenied</Code><Key>a&amp;b</Key>"
                                                "<Message>no</Message></Error>"
                                                "<Error><Key>c</Key></Error></DeleteResult>"),
                                      note_failure, seen, NULL, NULL),
                     0);
    assert_string_equal(seen, "a&b:AccessDenied:no|c::|");
    assert_int_equal(s3__delete_parse(SIGV4_LIT("<DeleteResult><Error><Code>X</Code></Error>"
                                                "</DeleteResult>"),
                                      note_failure, seen, NULL, NULL),
                     SIGV4_E_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completed), cmocka_unit_test(initiated),
        cmocka_unit_test(copied),    cmocka_unit_test(region_of_an_error),
        cmocka_unit_test(deleting),  cmocka_unit_test(list_of_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
