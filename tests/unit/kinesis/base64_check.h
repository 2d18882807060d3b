#ifndef BASE64_CHECK_H
#define BASE64_CHECK_H
/* What every path of base64 must do, compared with OpenSSL's encoder and with the portable path. */
#include "edge.h"
#include "wire/base64.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CHECK_MAX = 1000, CHECK_TEXT = CHECK_MAX / 3 * 4 + 8 };

static uint64_t check_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Encodes and decodes n bytes at protected pages, apart and in place. */
static void check_length(const struct kinesis__base64 *path, const unsigned char *bytes, size_t n)
{
    struct edge in = edge_make(CHECK_TEXT), out = edge_make(CHECK_TEXT);
    unsigned char expected[CHECK_TEXT + 1];
    size_t length = kinesis__base64_length(n), len = 99;
    assert_int_equal(EVP_EncodeBlock(expected, bytes, (int)n), length);

    char *src = edge_put(&in, bytes, n), *dst = edge_put(&out, NULL, length);
    assert_int_equal(kinesis__base64_encode(path, dst, src, n), length);
    if (memcmp(dst, expected, length) != 0)
        fail_msg("%s: %zu bytes: \"%.*s\", not \"%s\"", path->name, n, (int)length, dst, expected);

    char *text = edge_put(&in, expected, length);
    dst = edge_put(&out, NULL, length / 4 * 3);
    assert_true(kinesis__base64_decode(path, dst, text, length, &len));
    assert_int_equal(len, n);
    assert_memory_equal(dst, bytes, n);
    assert_true(kinesis__base64_decode(path, text, text, length, &len));
    assert_int_equal(len, n);
    assert_memory_equal(text, bytes, n);
    edge_drop(&in);
    edge_drop(&out);
}

static void check_all_lengths(const struct kinesis__base64 *path)
{
    unsigned char bytes[CHECK_MAX];
    uint64_t state = 88172645463325252ull;
    for (size_t n = 0; n <= 300; n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)check_random(&state);
        check_length(path, bytes, n);
        memset(bytes, 0xff, n);
        check_length(path, bytes, n);
    }
    for (int round = 0; round < 300; round++) {
        size_t n = check_random(&state) % CHECK_MAX;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)check_random(&state);
        check_length(path, bytes, n);
    }
}

/* Decodes a copy; returns the length or SIZE_MAX when refused. */
static size_t check_decode(const struct kinesis__base64 *path, const char *text, size_t n,
                           unsigned char *out)
{
    size_t len;
    char copy[CHECK_TEXT];
    memcpy(copy, text, n);
    if (!kinesis__base64_decode(path, copy, copy, n, &len))
        return SIZE_MAX;
    memcpy(out, copy, len);
    return len;
}

/* Every byte value at every place of a text: taken or refused as the portable path does. */
static void check_same_as(const struct kinesis__base64 *path, const struct kinesis__base64 *model)
{
    char text[CHECK_TEXT];
    unsigned char a[CHECK_TEXT], b[CHECK_TEXT];
    unsigned long taken = 0, refused = 0;
    for (size_t n = 4; n <= 200; n += n < 100 ? 4 : 52) {
        for (size_t at = 0; at < n; at++) {
            for (int value = 0; value < 256; value++) {
                memset(text, 'Q', n);
                if (value & 1)
                    text[n - 1] = '=';
                if ((value & 3) == 3)
                    text[n - 2] = '=';
                text[at] = (char)value;
                size_t la = check_decode(path, text, n, a), lb = check_decode(model, text, n, b);
                if (la != lb || (la != SIZE_MAX && memcmp(a, b, la) != 0))
                    fail_msg("%s: length %zu, byte %d at %zu: %zd, not %zd", path->name, n, value,
                             at, (ssize_t)la, (ssize_t)lb);
                *(la == SIZE_MAX ? &refused : &taken) += 1;
            }
        }
    }
    print_message("%s: %lu texts taken, %lu refused, like %s\n", path->name, taken, refused,
                  model->name);
    assert_true(taken > 1000 && refused > 1000);
}

static void check_strict(const struct kinesis__base64 *path)
{
    static const char *const bad[] = {
        "=",    "==",   "===",  "====",  "A",        "AA",       "AAA",      "AAAAA",
        "A===", "AA=A", "=AAA", "A=AA",  "AAA=AAAA", "AA==AA==", "AAA\n",    "AA A",
        "AB==", "AAB=", "AA-_", "A\0AA", "AAAA\n",   "AAAA=",    "AAAA====", "////\x80///",
    };
    unsigned char out[CHECK_TEXT];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t n = i == 19 ? 4 : strlen(bad[i]);
        if (check_decode(path, bad[i], n, out) != SIZE_MAX)
            fail_msg("%s takes bad text %zu, \"%s\"", path->name, i, bad[i]);
    }
    assert_int_equal(check_decode(path, "AA==", 4, out), 1);
    assert_int_equal(check_decode(path, "AAA=", 4, out), 2);
    assert_int_equal(check_decode(path, "", 0, out), 0);
}
#endif
