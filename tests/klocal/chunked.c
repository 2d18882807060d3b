/* Reading aws-chunked bodies. */
#include "chunked.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sigv4_check.h"

#define LINE_LIMIT  8192u
#define SMALL_CHUNK 8192u
#define EMPTY_HASH  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum { AT_SIZE, AT_DATA, AT_DATA_END, AT_TRAILER, AT_END };

struct chunked *chunked_new(bool is_signed, bool has_trailer)
{
    struct chunked *chunked = memory_take(1, sizeof *chunked);
    chunked->is_signed = is_signed;
    chunked->has_trailer = has_trailer;
    chunked->digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(chunked->digest, EVP_sha256(), NULL);
    return chunked;
}

void chunked_seed(struct chunked *chunked, const unsigned char key[32], const char *timestamp,
                  const char *scope, const char *seed_signature)
{
    memcpy(chunked->key, key, sizeof chunked->key);
    snprintf(chunked->timestamp, sizeof chunked->timestamp, "%s", timestamp);
    free(chunked->scope);
    chunked->scope = memory_string(scope);
    snprintf(chunked->previous, sizeof chunked->previous, "%s", seed_signature);
}

void chunked_free(struct chunked *chunked)
{
    if (chunked == NULL)
        return;
    OPENSSL_cleanse(chunked->key, sizeof chunked->key);
    free(chunked->scope);
    text_free(&chunked->line);
    EVP_MD_CTX_free(chunked->digest);
    header_list_free(&chunked->trailers);
    free(chunked);
}

static void fail(struct chunked *chunked, enum chunked_error error)
{
    if (chunked->error == CHUNKED_GOOD)
        chunked->error = error;
    chunked->state = AT_END;
}

static void check_signature(struct chunked *chunked, const char *kind, const char *middle,
                            const char *hash, const char *claimed)
{
    struct text text = {0};
    char signature[65];
    text_printf(&text, "AWS4-HMAC-SHA256-%s\n%s\n%s\n%s\n%s%s", kind, chunked->timestamp,
                chunked->scope, chunked->previous, middle, hash);
    sigv4_sign(chunked->key, text.data, signature);
    text_free(&text);
    if (strlen(claimed) != 64 || CRYPTO_memcmp(signature, claimed, 64) != 0)
        fail(chunked, CHUNKED_SIGNATURE);
    memcpy(chunked->previous, signature, sizeof signature);
}

static void check_chunk(struct chunked *chunked)
{
    unsigned char digest[32];
    char hex[65];
    if (!chunked->is_signed)
        return;
    EVP_DigestFinal_ex(chunked->digest, digest, NULL);
    EVP_DigestInit_ex(chunked->digest, EVP_sha256(), NULL);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    check_signature(chunked, "PAYLOAD", EMPTY_HASH "\n", hex, chunked->signature);
}

/* "hex" or "hex;chunk-signature=<64 hex>" */
static enum chunked_error read_size_line(struct chunked *chunked)
{
    static const char extension[] = ";chunk-signature=";
    const char *line = text_string(&chunked->line);
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    const char *rest = line + digits;
    chunked->signature[0] = '\0';
    if (digits == 0 || digits > 15)
        return CHUNKED_MALFORMED;
    if (chunked->is_signed) {
        if (strncmp(rest, extension, strlen(extension)) != 0 ||
            strlen(rest) != strlen(extension) + 64)
            return CHUNKED_MALFORMED;
        memcpy(chunked->signature, rest + strlen(extension), sizeof chunked->signature);
    } else if (*rest != '\0') {
        return CHUNKED_MALFORMED;
    }
    chunked->left = strtoull(line, NULL, 16);
    chunked->last = chunked->left == 0;
    if (!chunked->last && chunked->small_seen)
        return CHUNKED_SMALL_CHUNK;
    chunked->small_seen = chunked->small_seen || chunked->left < SMALL_CHUNK;
    chunked->state = chunked->last ? AT_TRAILER : AT_DATA;
    if (chunked->last)
        check_chunk(chunked);
    return CHUNKED_GOOD;
}

static void check_trailers(struct chunked *chunked)
{
    struct text text = {0};
    char hash[65];
    for (size_t i = 0; i < chunked->trailers.count; i++)
        text_printf(&text, "%s:%s\n", chunked->trailers.items[i].name,
                    chunked->trailers.items[i].value);
    sigv4_hex_sha256(text_string(&text), text.length, hash);
    text_free(&text);
    if (chunked->is_signed)
        check_signature(chunked, "TRAILER", "", hash, chunked->trailer_signature);
}

static enum chunked_error read_trailer_line(struct chunked *chunked)
{
    const char *line = text_string(&chunked->line);
    const char *colon = strchr(line, ':');
    if (line[0] == '\0') {
        chunked->state = AT_END;
        if (chunked->has_trailer && chunked->error == CHUNKED_GOOD)
            check_trailers(chunked);
        return CHUNKED_GOOD;
    }
    if (!chunked->has_trailer || colon == NULL)
        return CHUNKED_MALFORMED;
    struct header item = {.name = memory_copy(line, (size_t)(colon - line)), .has_value = true};
    for (char *p = item.name; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    const char *value = colon + 1 + strspn(colon + 1, " ");
    item.value_length = strlen(value);
    while (item.value_length > 0 && value[item.value_length - 1] == ' ')
        item.value_length--;
    item.value = memory_copy(value, item.value_length);
    if (strcmp(item.name, "x-amz-trailer-signature") != 0) {
        header_list_take(&chunked->trailers, item);
        return CHUNKED_GOOD;
    }
    snprintf(chunked->trailer_signature, sizeof chunked->trailer_signature, "%.64s", item.value);
    free(item.name);
    free(item.value);
    return CHUNKED_GOOD;
}

static enum chunked_error end_of_line(struct chunked *chunked)
{
    if (chunked->line.length == 0 || chunked->line.data[chunked->line.length - 1] != '\r')
        return CHUNKED_MALFORMED;
    chunked->line.data[--chunked->line.length] = '\0';
    if (chunked->state == AT_SIZE)
        return read_size_line(chunked);
    if (chunked->state == AT_TRAILER)
        return read_trailer_line(chunked);
    if (chunked->line.length > 0)
        return CHUNKED_MALFORMED;
    chunked->state = AT_SIZE;
    check_chunk(chunked);
    return CHUNKED_GOOD;
}

static size_t feed_line(struct chunked *chunked, const char *p, size_t length)
{
    const char *newline = memchr(p, '\n', length);
    size_t n = newline != NULL ? (size_t)(newline - p) : length;
    if (chunked->line.length + n > LINE_LIMIT) {
        fail(chunked, CHUNKED_MALFORMED);
        return length;
    }
    text_add(&chunked->line, p, n);
    if (newline == NULL)
        return length;
    enum chunked_error error = end_of_line(chunked);
    if (error != CHUNKED_GOOD)
        fail(chunked, error);
    text_clear(&chunked->line);
    return n + 1;
}

void chunked_feed(struct chunked *chunked, const void *bytes, size_t length, chunked_data_fn *data,
                  void *cls)
{
    const char *p = bytes;
    while (length > 0 && chunked->error == CHUNKED_GOOD) {
        size_t n = 0;
        if (chunked->state == AT_END) {
            fail(chunked, CHUNKED_MALFORMED); /* bytes behind the end */
        } else if (chunked->state != AT_DATA) {
            n = feed_line(chunked, p, length);
        } else {
            n = chunked->left < length ? (size_t)chunked->left : length;
            if (chunked->is_signed)
                EVP_DigestUpdate(chunked->digest, p, n);
            data(cls, p, n);
            chunked->left -= n;
            if (chunked->left == 0)
                chunked->state = AT_DATA_END;
        }
        p += n;
        length -= n;
    }
}

void chunked_end(struct chunked *chunked)
{
    if (chunked->error == CHUNKED_GOOD && chunked->state != AT_END)
        chunked->error = CHUNKED_INCOMPLETE;
}
