/* ../shared/vectors/checksums: values, and CRCs of parts that become the CRC of the whole. */
#include "vectors/vectors.h"
#include "wire/checksum.h"
#include "wire/crc.h"

static const enum s3_checksum kinds[] = {S3_CHECKSUM_CRC32, S3_CHECKSUM_CRC32C,
                                         S3_CHECKSUM_CRC64NVME, S3_CHECKSUM_SHA256};
static const char *const keys[] = {"crc32", "crc32c", "crc64nvme", "sha256"};
enum { KINDS = 4, CRCS = 3 };

/* The bytes an input describes; fed piece by piece. */
static void feed_hex(struct s3__checksum *c, const char *hex)
{
    unsigned int byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        unsigned char b = (unsigned char)byte;
        if (s3__checksum_add(c, sigv4_bytes(&b, 1)))
            exit(1);
    }
}

static void feed(struct s3__checksum *c, const json_t *input)
{
    static unsigned char block[1 << 20];
    const json_t *repeat = json_object_get(input, "repeat_hex");
    if (!repeat) {
        feed_hex(c, vectors_text(input, "hex"));
        (void)s3__checksum_add(c, sigv4_str(vectors_text(input, "utf8")));
        return;
    }
    memset(block, (int)strtol(json_string_value(repeat), NULL, 16), sizeof block);
    uint64_t left = (uint64_t)json_integer_value(json_object_get(input, "count")), blocks = 0;
    if (left % sizeof block == 0 && s3__checksum_is_crc(c->kind)) {
        /* Gigabytes of the same: the CRC of one block, combined with itself. */
        blocks = left / sizeof block;
        left = sizeof block;
    }
    while (left) {
        size_t n = left < sizeof block ? (size_t)left : sizeof block;
        (void)s3__checksum_add(c, sigv4_bytes(block, n));
        left -= n;
    }
    uint64_t one = c->crc;
    for (uint64_t i = 1; i < blocks; i++)
        c->crc = s3__crc_combine(c->kind, c->crc, one, sizeof block);
}

static void compute(enum s3_checksum kind, const json_t *input, char out[S3__CHECKSUM_TEXT_MAX])
{
    struct s3__checksum c;
    if (s3__checksum_init(&c, kind, NULL))
        exit(1);
    feed(&c, input);
    if (s3__checksum_text(&c, out))
        exit(1);
    s3__checksum_free(&c);
}

static void check_values(struct tally *t, const json_t *vectors)
{
    size_t i;
    json_t *v;
    json_array_foreach(vectors, i, v)
    {
        unsigned failed = t->failed;
        for (int k = 0; k < KINDS; k++) {
            const json_t *want = json_object_get(json_object_get(v, "expected"), keys[k]);
            char got[S3__CHECKSUM_TEXT_MAX];
            compute(kinds[k], json_object_get(v, "input"), got);
            tally_check(t, vectors_text(v, "name"), keys[k], vectors_text(want, "base64"), got);
        }
        t->passed += failed == t->failed;
    }
}

/* The values are hex. */
static void check_large(struct tally *t, const json_t *large)
{
    size_t i;
    json_t *v;
    json_array_foreach(large, i, v)
    {
        unsigned failed = t->failed;
        const json_t *expected = json_object_get(v, "expected");
        for (int k = 0; k < CRCS; k++) {
            const char *want = vectors_text(expected, keys[k]);
            char text[S3__CHECKSUM_TEXT_MAX], got[32];
            uint64_t crc;
            if (!*want)
                continue;
            compute(kinds[k], json_object_get(v, "input"), text);
            if (!s3__crc_parse(kinds[k], sigv4_str(text), &crc))
                exit(1);
            snprintf(got, sizeof got, "%0*llx", (int)strlen(want), (unsigned long long)crc);
            tally_check(t, vectors_text(v, "name"), keys[k], want, got);
        }
        t->passed += failed == t->failed;
    }
}

static void check_combined(struct tally *t, const json_t *v, int k)
{
    const json_t *full = json_object_get(json_object_get(v, "full_object"), keys[k]);
    const json_t *texts = json_object_get(full, "parts_base64");
    uint64_t whole = 0;
    size_t i;
    json_t *part;
    json_array_foreach(json_object_get(v, "parts"), i, part)
    {
        char got[S3__CHECKSUM_TEXT_MAX];
        uint64_t crc,
            length =
                (uint64_t)json_integer_value(json_array_get(json_object_get(v, "part_lengths"), i));
        compute(kinds[k], part, got);
        tally_check(t, "part", keys[k], json_string_value(json_array_get(texts, i)), got);
        if (!s3__crc_parse(kinds[k], sigv4_str(got), &crc))
            exit(1);
        whole = s3__crc_combine(kinds[k], whole, crc, length);
    }
    char got[S3__CHECKSUM_TEXT_MAX];
    s3__crc_text(kinds[k], whole, got);
    tally_check(t, "combined", keys[k], vectors_text(full, "combined_base64"), got);
}

static void check_combining(struct tally *t, const json_t *cases)
{
    size_t i;
    json_t *v;
    json_array_foreach(cases, i, v)
    {
        unsigned failed = t->failed;
        for (int k = 0; k < CRCS; k++)
            check_combined(t, v, k);
        t->passed += failed == t->failed;
    }
}

int main(void)
{
    struct tally values = {0}, combining = {0};
    json_t *vectors = vectors_load("checksums/checksum-vectors.json");
    json_t *combine = vectors_load("checksums/checksum-combine.json");
    check_values(&values, json_object_get(vectors, "vectors"));
    check_large(&values, json_object_get(vectors, "large"));
    check_combining(&combining, json_object_get(combine, "cases"));
    tally_skip(&values, "md5, sha1", "S3 takes them, we send the CRCs and SHA-256");
    tally_skip(&combining, "composite forms", "we use the full-object form, which CRCs have");
    tally_print(&values, "checksums");
    tally_print(&combining, "combined checksums");
    json_decref(vectors);
    json_decref(combine);
    return values.failed || combining.failed || values.passed == 0;
}
