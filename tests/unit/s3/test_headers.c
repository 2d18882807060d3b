/* Answer headers, and keys on their way into requests. */
#include "wire/headers.h"

#include "base/text.h"
#include "wire/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct sigv4_slice find(const void *ctx, const char *name)
{
    for (const char *const *h = ctx; h[0]; h += 2)
        if (sigv4__equal_nocase(sigv4_str(h[0]), sigv4_str(name)))
            return sigv4_str(h[1]);
    return SIGV4_LIT("");
}

static int read_headers(struct s3_result *r, int status, const char *const *headers)
{
    memset(r, 0, sizeof *r);
    return s3__headers_read(r, status, find, headers, NULL);
}

static void assert_text(struct sigv4_slice got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    if (got.len)
        assert_memory_equal(got.ptr, want, got.len);
}

static void whole_object(void **state)
{
    const char *headers[] = {"content-length",
                             "42",
                             "etag",
                             "\"abc\"",
                             "last-modified",
                             "Sun, 06 Nov 1994 08:49:37 GMT",
                             "content-type",
                             "text/plain",
                             "x-amz-version-id",
                             "v1",
                             "X-AMZ-STORAGE-CLASS",
                             "GLACIER",
                             "x-amz-checksum-crc32",
                             "y/Q5Jg==",
                             "x-amz-checksum-crc64nvme",
                             "rosUhgp5mIg=",
                             "x-amz-bucket-region",
                             "eu-west-1",
                             "x-amz-delete-marker",
                             "true",
                             NULL};
    struct s3_result r;
    (void)state;
    assert_int_equal(read_headers(&r, 200, headers), 0);
    assert_int_equal(r.length, 42);
    assert_int_equal(r.first_byte, 0);
    assert_int_equal(r.byte_count, 42);
    assert_int_equal(r.modified_unix_ms, INT64_C(784111777000));
    assert_text(r.etag, "abc");
    assert_text(r.content_type, "text/plain");
    assert_text(r.version_id, "v1");
    assert_text(r.storage_class, "GLACIER");
    assert_text(r.bucket_region, "eu-west-1");
    assert_int_equal(r.checksum, S3_CHECKSUM_CRC64NVME);
    assert_text(r.checksum_value, "rosUhgp5mIg=");
    assert_true(r.delete_marker);
}

static void nothing_said(void **state)
{
    const char *headers[] = {NULL};
    struct s3_result r;
    (void)state;
    assert_int_equal(read_headers(&r, 200, headers), 0);
    assert_int_equal(r.length, 0);
    assert_int_equal(r.checksum, S3_CHECKSUM_NONE);
    assert_int_equal(read_headers(&r, 206, headers), SIGV4_E_PROTOCOL);
}

static void parts_of_objects(void **state)
{
    static const struct {
        const char *range, *length;
        int status;
        uint64_t first, count, total;
    } cases[] = {
        {"bytes 10-19/100", "10", 0, 10, 10, 100},
        {"bytes 0-0/1", "1", 0, 0, 1, 1},
        {"bytes 10-19/*", "10", 0, 10, 10, UINT64_MAX},
        {"bytes 10-19/100", "", 0, 10, 10, 100},
        {"bytes 10-19/100", "11", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"bytes 10-19/19", "10", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"bytes 19-10/100", "", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"bytes */100", "10", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"bytes 10-19", "10", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"10-19/100", "10", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"bytes -1-5/100", "7", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"bytes 0-9223372036854775808/9223372036854775809", "1", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"bytes 10-19/100", "x", SIGV4_E_PROTOCOL, 0, 0, 0},
        {"bytes /-", "1", SIGV4_E_PROTOCOL, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *headers[] = {"Content-Range", cases[i].range, "Content-Length", cases[i].length,
                                 NULL};
        struct s3_result r;
        assert_int_equal(read_headers(&r, 206, headers), cases[i].status);
        if (cases[i].status)
            continue;
        assert_int_equal(r.first_byte, cases[i].first);
        assert_int_equal(r.byte_count, cases[i].count);
        assert_int_equal(r.length, cases[i].total);
    }
}

static void keys(void **state)
{
    static const struct {
        const char *key, *path;
    } cases[] = {
        {"a", "/a"},
        {"/a", "//a"},
        {"a//b/", "/a//b/"},
        {"../a/./b", "/../a/./b"},
        {"a b+c%d", "/a%20b%2Bc%25d"},
        {"\xc3\xa4~_-.", "/%C3%A4~_-."},
        {"?#&=", "/%3F%23%26%3D"},
        {"\x01\x7f", "/%01%7F"},
    };
    struct sigv4__buffer b;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sigv4__buffer_init(&b, NULL, 4096);
        s3__key_path(&b, sigv4_str(cases[i].key));
        assert_string_equal(sigv4__buffer_cstr(&b), cases[i].path);
        sigv4__buffer_free(&b);
    }
    sigv4__buffer_init(&b, NULL, 4096);
    s3__query_add(&b, "list-type", SIGV4_LIT("2"));
    s3__query_add(&b, "prefix", SIGV4_LIT("a/b +"));
    s3__query_add(&b, "uploads", SIGV4_LIT(""));
    assert_string_equal(sigv4__buffer_cstr(&b), "list-type=2&prefix=a%2Fb%20%2B&uploads=");
    sigv4__buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_object),
        cmocka_unit_test(nothing_said),
        cmocka_unit_test(parts_of_objects),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
