/* Resume tokens: written, read back, and everything that is none. */
#include "transfer/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "edge.h"

static const char upload_text[] =
    "s3-upload-1 bucket=my-bucket key=a%20b%3Dc/%C3%A4%25 id=up/l%20oad part=8388608 "
    "length=9223372036854775807 modified=1700000000123456789 checksum=CRC64NVME";

static void uploads(void **state)
{
    struct s3__upload_token t = {.bucket = "my-bucket",
                                 .key = "a b=c/\xc3\xa4%",
                                 .upload_id = "up/l oad",
                                 .part_size = 8388608,
                                 .length = INT64_MAX,
                                 .modified_ns = 1700000000123456789,
                                 .checksum = S3_CHECKSUM_CRC64NVME},
                            back;
    struct sigv4__buffer b;
    (void)state;
    sigv4__buffer_init(&b, NULL, 10000);
    s3__upload_token_write(&b, &t);
    assert_string_equal(sigv4__buffer_cstr(&b), upload_text);
    memset(&back, 0, sizeof back);
    assert_true(s3__upload_token_read(&back, sigv4__buffer_view(&b)));
    assert_memory_equal(&back, &t, sizeof t);
    assert_true(s3__upload_token_read(&back, SIGV4_LIT("s3-upload-1 bucket=b key=k id=i part=1 "
                                                       "length=0 modified=0 checksum=NONE\n")));
    sigv4__buffer_free(&b);
}

static void downloads(void **state)
{
    static const struct {
        bool done[8];
        const char *runs;
    } cases[] = {
        {{0}, ""},
        {{1, 1, 1, 1, 1, 1, 1, 1}, "0-7"},
        {{1, 0, 1, 1, 0, 0, 0, 1}, "0,2-3,7"},
    };
    struct s3__download_token t = {.bucket = "b",
                                   .key = "k",
                                   .etag = "e-2",
                                   .file = ".name with blanks.0badcafe.part",
                                   .part_size = 5,
                                   .length = 40},
                              back;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sigv4__buffer b;
        char want[256];
        bool done[8];
        sigv4__buffer_init(&b, NULL, 10000);
        s3__download_token_write(&b, &t, cases[i].done, 8);
        snprintf(want, sizeof want,
                 "s3-download-1 bucket=b key=k etag=e-2 "
                 "file=.name%%20with%%20blanks.0badcafe.part part=5 length=40 done=%s",
                 cases[i].runs);
        assert_string_equal(sigv4__buffer_cstr(&b), want);
        memset(&back, 0, sizeof back);
        assert_true(s3__download_token_read(&back, sigv4__buffer_view(&b), done, 8));
        assert_memory_equal(&back, &t, sizeof t);
        assert_memory_equal(done, cases[i].done, sizeof done);
        sigv4__buffer_free(&b);
    }
}

static void refused(void **state)
{
    static const char *const bad_uploads[] = {
        "",
        "s3-upload-1",
        "s3-upload-2 bucket=b key=k id=i part=1 length=0 modified=0 checksum=NONE",
        "s3-upload-1 key=k bucket=b id=i part=1 length=0 modified=0 checksum=NONE",
        "s3-upload-1 bucket= key=k id=i part=1 length=0 modified=0 checksum=NONE",
        "s3-upload-1 bucket=b key=k id=i part=0 length=0 modified=0 checksum=NONE",
        "s3-upload-1 bucket=b key=k id=i part=1 length=-1 modified=0 checksum=NONE",
        "s3-upload-1 bucket=b key=k id=i part=1 length=0 modified=0 checksum=MD6",
        "s3-upload-1 bucket=b key=k id=i part=1 length=0 modified=0 checksum=NONE more=1",
        "s3-upload-1 bucket=b%00 key=k id=i part=1 length=0 modified=0 checksum=NONE",
        "s3-upload-1 bucket=b%2 key=k id=i part=1 length=0 modified=0 checksum=NONE",
        "s3-upload-1 bucket=b%zz key=k id=i part=1 length=0 modified=0 checksum=NONE",
    };
    static const char *const bad_downloads[] = {
        "s3-download-1 bucket=b key=k etag=e file=../f part=5 length=40 done=",
        "s3-download-1 bucket=b key=k etag=e file=a%2Fb part=5 length=40 done=",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40 done=8",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40 done=0-8",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40 done=3-2",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40 done=2,1",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40 done=1,1",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40 done=1,",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40 done=,1",
        "s3-download-1 bucket=b key=k etag=e file=f part=5 length=40 done=1-",
    };
    struct s3__upload_token u;
    struct s3__download_token d;
    bool done[8];
    (void)state;
    for (size_t i = 0; i < sizeof bad_uploads / sizeof *bad_uploads; i++)
        assert_false(s3__upload_token_read(&u, sigv4_str(bad_uploads[i])));
    for (size_t i = 0; i < sizeof bad_downloads / sizeof *bad_downloads; i++)
        assert_false(s3__download_token_read(&d, sigv4_str(bad_downloads[i]), done, 8));
}

static void longest_texts(void **state)
{
    char key[S3__KEY_MAX + 2], text[4096];
    struct s3__upload_token u;
    (void)state;
    memset(key, 'k', sizeof key);
    for (int n = S3__KEY_MAX; n <= S3__KEY_MAX + 1; n++) {
        snprintf(text, sizeof text,
                 "s3-upload-1 bucket=b key=%.*s id=i part=1 length=0 modified=0 checksum=NONE", n,
                 key);
        assert_int_equal(s3__upload_token_read(&u, sigv4_str(text)), n == S3__KEY_MAX);
    }
}

static void every_cut(void **state)
{
    struct edge e = edge_make(sizeof upload_text);
    struct s3__upload_token u;
    (void)state;
    for (size_t n = 0; n < sizeof upload_text - 1; n++)
        assert_false(s3__upload_token_read(&u, sigv4_bytes(edge_put(&e, upload_text, n), n)));
    edge_drop(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uploads),       cmocka_unit_test(downloads), cmocka_unit_test(refused),
        cmocka_unit_test(longest_texts), cmocka_unit_test(every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
