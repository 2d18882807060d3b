/* aws-chunked bodies: AWS's documented example cut at many places, and broken frames. */
#include "chunked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "text.h"

static void count(void *cls, const void *bytes, size_t length)
{
    size_t *total = cls;
    (void)bytes;
    *total += length;
}

/* "Transferring payload in multiple chunks", Amazon S3 API reference: 65536 and 1024 letters. */
static void documented(struct text *out)
{
    static const char *const signatures[] = {
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"};
    static const size_t sizes[] = {65536, 1024, 0};
    for (int i = 0; i < 3; i++) {
        text_printf(out, "%zx;chunk-signature=%s\r\n", sizes[i], signatures[i]);
        for (size_t j = 0; j < sizes[i]; j++)
            text_putc(out, 'a');
        text_puts(out, "\r\n");
    }
}

static struct chunked *seeded(void)
{
    static const unsigned char key[32] = {0xdb, 0xb8, 0x93, 0xac, 0xc0, 0x10, 0x96, 0x49,
                                          0x18, 0xf1, 0xfd, 0x43, 0x3a, 0xdd, 0x87, 0xc7,
                                          0x0e, 0x8b, 0x0d, 0xb6, 0xbe, 0x30, 0xc1, 0xfb,
                                          0xea, 0xfe, 0xfa, 0x5e, 0xc6, 0xba, 0x83, 0x78};
    struct chunked *chunked = chunked_new(true, false);
    chunked_seed(chunked, key, "20130524T000000Z", "20130524/us-east-1/s3/aws4_request",
                 "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    return chunked;
}

static enum chunked_error feed(struct chunked *chunked, const char *text, size_t length,
                               size_t step, size_t *total)
{
    *total = 0;
    for (size_t at = 0; at < length; at += step)
        chunked_feed(chunked, text + at, length - at < step ? length - at : step, count, total);
    chunked_end(chunked);
    enum chunked_error error = chunked->error;
    chunked_free(chunked);
    return error;
}

static void example(void **state)
{
    static const size_t steps[] = {1, 2, 3, 7, 85, 86, 87, 4096, 65536, 1 << 20};
    struct text body = {0};
    size_t total = 0;
    (void)state;
    documented(&body);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(feed(seeded(), body.data, body.length, steps[i], &total), CHUNKED_GOOD);
        assert_int_equal(total, 66560);
    }
    for (size_t at = 0; at<body.length; at += at> 100 && at < 65000 ? 4096 : 1) {
        char kept = body.data[at];
        body.data[at] = kept == '1' ? '2' : '1';
        assert_int_not_equal(feed(seeded(), body.data, body.length, 1 << 20, &total), CHUNKED_GOOD);
        body.data[at] = kept;
    }
    assert_int_equal(feed(seeded(), body.data, body.length - 1, 4096, &total), CHUNKED_INCOMPLETE);
    text_free(&body);
}

static enum chunked_error one(const char *text, bool trailer)
{
    size_t total = 0;
    return feed(chunked_new(false, trailer), text, strlen(text), 1, &total);
}

static void frames(void **state)
{
    (void)state;
    assert_int_equal(one("0\r\n\r\n", false), CHUNKED_GOOD);
    assert_int_equal(one("3\r\nabc\r\n0\r\nA: b \r\n\r\n", true), CHUNKED_GOOD);
    assert_int_equal(one("3\r\nabc\r\n0\r\nA:b\r\n\r\n", false), CHUNKED_MALFORMED);
    assert_int_equal(one("3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n", false), CHUNKED_SMALL_CHUNK);
    assert_int_equal(one("3\r\nabcd\r\n0\r\n\r\n", false), CHUNKED_MALFORMED);
    assert_int_equal(one("3\nabc\r\n0\r\n\r\n", false), CHUNKED_MALFORMED);
    assert_int_equal(one("g\r\n", false), CHUNKED_MALFORMED);
    assert_int_equal(one("-1\r\n", false), CHUNKED_MALFORMED);
    assert_int_equal(one("3;x=y\r\nabc\r\n0\r\n\r\n", false), CHUNKED_MALFORMED);
    assert_int_equal(one("1000000000000000\r\n", false), CHUNKED_MALFORMED);
    assert_int_equal(one("0\r\n\r\nx", false), CHUNKED_MALFORMED);
    assert_int_equal(one("", false), CHUNKED_INCOMPLETE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(example), cmocka_unit_test(frames)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
