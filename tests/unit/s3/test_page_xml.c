/* Pages of listings. */
#include "wire/page_xml.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge.h"
#include "unit/counted_alloc.h"

#define NS "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static void assert_text(struct sigv4_slice got, const char *want)
{
    char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)got.len, got.len ? (const char *)got.ptr : "");
    assert_string_equal(text, want);
}

static int parse(struct s3__page *page, enum s3__page_kind kind, const char *xml)
{
    struct sigv4_error err = {0};
    int status = s3__page_parse(page, kind, sigv4_str(xml), NULL, &err);
    assert_int_equal(err.status, status);
    return status;
}

static const char two_pages[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult " NS ">"
    "<Name>b</Name><Prefix>p%2B</Prefix><KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys>"
    "<Contents><Key>a+b%2Bc%26%C3%A4</Key><LastModified>2026-11-22T20:31:50.000Z</LastModified>"
    "<ETag>&quot;abc&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><Size>5</Size>"
    "<Owner><ID>me</ID><Key>not this</Key></Owner><StorageClass>STANDARD</StorageClass></Contents>"
    "<Contents><Key>%zz%4</Key><ETag>plain</ETag><Size>9223372036854775807</Size></Contents>"
    "<CommonPrefixes><Prefix>dir%2F</Prefix></CommonPrefixes>"
    "<IsTruncated>true</IsTruncated><NextContinuationToken>t+%2B/=</NextContinuationToken>"
    "<EncodingType>url</EncodingType></ListBucketResult>";

static void objects(void **state)
{
    struct s3__page page;
    (void)state;
    assert_int_equal(parse(&page, S3__PAGE_OBJECTS, two_pages), 0);
    assert_int_equal(page.count, 3);
    struct s3_list_entry e = s3__page_object(&page, 0);
    assert_text(e.key, "a b+c&\xc3\xa4");
    assert_text(e.etag, "abc");
    assert_text(e.storage_class, "STANDARD");
    assert_int_equal(e.length, 5);
    assert_int_equal(e.modified_unix_ms, INT64_C(1795379510000));
    assert_false(e.is_prefix);
    e = s3__page_object(&page, 1);
    assert_text(e.key, "%zz%4");
    assert_text(e.etag, "plain");
    assert_int_equal(e.length, INT64_MAX);
    assert_int_equal(e.modified_unix_ms, 0);
    e = s3__page_object(&page, 2);
    assert_true(e.is_prefix);
    assert_text(e.key, "dir/");
    assert_true(page.truncated);
    assert_text(s3__page_text(&page, page.next), "t+%2B/="); /* tokens are never decoded */
    s3__page_free(&page);
}

/* The form encoding counts only when the service says it used it. */
static void without_encoding_keys_are_as_they_are(void **state)
{
    struct s3__page page;
    (void)state;
    assert_int_equal(parse(&page, S3__PAGE_OBJECTS,
                           "<ListBucketResult><IsTruncated>false</IsTruncated>"
                           "<NextContinuationToken>old</NextContinuationToken>"
                           "<Contents><Key>a+b%20c</Key></Contents></ListBucketResult>"),
                     0);
    assert_text(s3__page_object(&page, 0).key, "a+b%20c");
    assert_false(page.truncated);
    s3__page_free(&page);
    assert_int_equal(parse(&page, S3__PAGE_OBJECTS, "<ListBucketResult/>"), 0);
    assert_int_equal(page.count, 0);
    s3__page_free(&page);
}

static void buckets(void **state)
{
    struct s3__page page;
    (void)state;
    assert_int_equal(parse(&page, S3__PAGE_BUCKETS,
                           "<ListAllMyBucketsResult " NS "><Owner><ID>x</ID></Owner><Buckets>"
                           "<Bucket><Name>one</Name><CreationDate>2026-01-01T00:00:00Z"
                           "</CreationDate><BucketRegion>eu-west-1</BucketRegion></Bucket>"
                           "<Bucket><Name>two</Name></Bucket></Buckets>"
                           "<ContinuationToken>next</ContinuationToken></ListAllMyBucketsResult>"),
                     0);
    assert_int_equal(page.count, 2);
    assert_text(s3__page_bucket(&page, 0).name, "one");
    assert_text(s3__page_bucket(&page, 0).region, "eu-west-1");
    assert_int_equal(s3__page_bucket(&page, 0).created_unix_ms, INT64_C(1767225600000));
    assert_text(s3__page_bucket(&page, 1).region, "");
    assert_true(page.truncated);
    s3__page_free(&page);
}

static void parts(void **state)
{
    struct s3__page page;
    (void)state;
    assert_int_equal(
        parse(&page, S3__PAGE_PARTS,
              "<ListPartsResult " NS "><NextPartNumberMarker>9</NextPartNumberMarker>"
              "<IsTruncated>true</IsTruncated><Part><PartNumber>2</PartNumber>"
              "<ETag>\"e2\"</ETag><Size>8388608</Size>"
              "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></Part>"
              "<Part><PartNumber>9</PartNumber><ETag>\"e9\"</ETag><Size>1</Size></Part>"
              "</ListPartsResult>"),
        0);
    assert_int_equal(page.count, 2);
    struct s3_part part = s3__page_part(&page, 0);
    assert_int_equal(part.number, 2);
    assert_int_equal(part.length, 8388608);
    assert_text(part.etag, "e2");
    assert_text(part.checksum_value, "rosUhgp5mIg=");
    assert_text(s3__page_part(&page, 1).checksum_value, "");
    assert_text(s3__page_text(&page, page.next), "9");
    s3__page_free(&page);
}

static void contradictions_are_refused(void **state)
{
    static const struct {
        enum s3__page_kind kind;
        const char *xml;
    } bad[] = {
        {S3__PAGE_OBJECTS, "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"},
        {S3__PAGE_OBJECTS, "<ListBucketResult><Contents><Size>1</Size></Contents>"
                           "</ListBucketResult>"},
        {S3__PAGE_OBJECTS, "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents>"
                           "</ListBucketResult>"},
        {S3__PAGE_OBJECTS, "<ListBucketResult><Contents><Key>a</Key><Size>9223372036854775808"
                           "</Size></Contents></ListBucketResult>"},
        {S3__PAGE_OBJECTS, "<ListAllMyBucketsResult/>"},
        {S3__PAGE_OBJECTS, "<Error><Code>InternalError</Code></Error>"},
        {S3__PAGE_PARTS, "<ListPartsResult><Part><ETag>x</ETag></Part></ListPartsResult>"},
        {S3__PAGE_PARTS, "<ListPartsResult><Part><PartNumber>0</PartNumber></Part>"
                         "</ListPartsResult>"},
        {S3__PAGE_PARTS, "<ListPartsResult><Part><PartNumber>10001</PartNumber></Part>"
                         "</ListPartsResult>"},
        {S3__PAGE_PARTS, "<ListPartsResult><Part><PartNumber>2</PartNumber></Part><Part>"
                         "<PartNumber>2</PartNumber></Part></ListPartsResult>"},
        {S3__PAGE_BUCKETS, "<ListAllMyBucketsResult><Buckets><Bucket/></Buckets>"
                           "</ListAllMyBucketsResult>"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct s3__page page;
        assert_int_equal(parse(&page, bad[i].kind, bad[i].xml), SIGV4_E_PROTOCOL);
        s3__page_free(&page);
    }
}

static void every_cut(void **state)
{
    struct edge e = edge_make(sizeof two_pages);
    (void)state;
    for (size_t n = 0; n < sizeof two_pages - 1; n++) {
        struct s3__page page;
        struct sigv4_slice body = sigv4_bytes(edge_put(&e, two_pages, n), n);
        assert_int_equal(s3__page_parse(&page, S3__PAGE_OBJECTS, body, NULL, NULL),
                         SIGV4_E_PROTOCOL);
        s3__page_free(&page);
    }
    edge_drop(&e);
}

static void more_entries_than_anyone_sends(void **state)
{
    enum { MANY = S3__PAGE_MAX_ITEMS + 1 };
    char *xml = malloc(MANY * 40 + 100), *p = xml + sprintf(xml, "<ListBucketResult>");
    (void)state;
    for (int i = 0; i < MANY; i++) {
        if (i == MANY - 1) {
            sprintf(p, "</ListBucketResult>");
            struct s3__page page;
            assert_int_equal(parse(&page, S3__PAGE_OBJECTS, xml), 0);
            assert_int_equal(page.count, S3__PAGE_MAX_ITEMS);
            s3__page_free(&page);
        }
        p += sprintf(p, "<Contents><Key>%d</Key></Contents>", i);
    }
    sprintf(p, "</ListBucketResult>");
    struct s3__page page;
    assert_int_equal(parse(&page, S3__PAGE_OBJECTS, xml), SIGV4_E_PROTOCOL);
    s3__page_free(&page);
    free(xml);
}

static void other_encodings_grow(void **state)
{
    char xml[4200] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
                     "<ListBucketResult><Contents><Key>";
    struct s3__page page;
    (void)state;
    size_t n = strlen(xml);
    memset(xml + n, 0xe4, 1000);
    strcpy(xml + n + 1000, "</Key></Contents></ListBucketResult>");
    assert_int_equal(parse(&page, S3__PAGE_OBJECTS, xml), 0);
    assert_int_equal(s3__page_object(&page, 0).key.len, 2000);
    s3__page_free(&page);
}

static void memory(void **state)
{
    struct counted_alloc counted;
    struct sigv4_alloc alloc = counted_alloc(&counted);
    (void)state;
    for (unsigned n = 1;; n++) {
        struct s3__page page;
        counted = (struct counted_alloc){.fail_at = n};
        int status = s3__page_parse(&page, S3__PAGE_OBJECTS, sigv4_str(two_pages), &alloc, NULL);
        s3__page_free(&page);
        assert_int_equal(counted.live, 0);
        if (status == SIGV4_OK)
            break;
        assert_int_equal(status, SIGV4_E_NOMEM);
        assert_true(n < 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects),
        cmocka_unit_test(without_encoding_keys_are_as_they_are),
        cmocka_unit_test(buckets),
        cmocka_unit_test(parts),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(every_cut),
        cmocka_unit_test(more_entries_than_anyone_sends),
        cmocka_unit_test(other_encodings_grow),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
