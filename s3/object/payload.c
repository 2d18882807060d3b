/* One pass over a body before it is sent. */
#include "object/payload.h"

#include "base/digest.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

enum { PIECE = 128 * 1024 }; /* stays in the processor's cache between the two sums */

struct sums {
    struct s3__checksum checksum;
    struct sigv4__digest *sha256; /* NULL: not needed */
};

enum s3_checksum s3__checksum_choice(const struct s3_client *client, enum s3_checksum asked)
{
    if (asked != S3_CHECKSUM_DEFAULT)
        return asked;
    return client->options.flags & S3_NO_CHECKSUMS ? S3_CHECKSUM_NONE : S3_CHECKSUM_CRC64NVME;
}

static int sums_init(struct sums *s, enum s3_checksum kind, bool plain,
                     const struct sigv4_alloc *alloc)
{
    memset(s, 0, sizeof *s);
    int status = s3__checksum_init(&s->checksum, kind, alloc);
    if (status == SIGV4_OK && plain)
        status = sigv4__digest_new_sha256(&s->sha256, alloc);
    if (status == SIGV4_OK && plain)
        status = sigv4__digest_begin(s->sha256);
    return status;
}

static void sums_free(struct sums *s)
{
    s3__checksum_free(&s->checksum);
    sigv4__digest_free(s->sha256);
}

static int sums_add(struct sums *s, struct sigv4_slice bytes)
{
    int status = s3__checksum_add(&s->checksum, bytes);
    if (status == SIGV4_OK && s->sha256)
        status = sigv4__digest_add(s->sha256, bytes.ptr, bytes.len);
    return status;
}

static int add_slices(struct sums *s, const struct s3__request *r)
{
    int status = SIGV4_OK;
    for (size_t i = 0; i < r->body_count; i++)
        for (struct sigv4_slice rest = r->body[i]; rest.len && status == SIGV4_OK;) {
            struct sigv4_slice piece = sigv4__first(rest, PIECE);
            status = sums_add(s, piece);
            rest = sigv4__from(rest, piece.len);
        }
    return status;
}

static int add_read(struct sums *s, const struct s3__request *r, struct sigv4_error *err)
{
    char *piece = sigv4__alloc_get(r->client->alloc, PIECE);
    int status = piece ? SIGV4_OK : SIGV4_E_NOMEM;
    for (uint64_t at = 0; at < r->body_length && status == SIGV4_OK;) {
        uint64_t left = r->body_length - at;
        size_t cap = left < PIECE ? (size_t)left : PIECE, got = 0;
        status = r->read(r->read_ctx, at, piece, cap, &got);
        const char *why = status ? "could not be read" : got > cap ? "gave too much" : "ended";
        if (status == SIGV4_OK && (got == 0 || got > cap))
            status = SIGV4_E_IO;
        if (status)
            sigv4__fail(err, status, "%s: the source %s after %llu of %llu bytes", r->operation,
                        why, (unsigned long long)at, (unsigned long long)r->body_length);
        else
            status = sums_add(s, sigv4_bytes(piece, got));
        at += got;
    }
    sigv4__alloc_put(r->client->alloc, piece, PIECE);
    return status;
}

static int add_results(struct s3__request *r, struct sums *s, char *text)
{
    char own[S3__CHECKSUM_TEXT_MAX];
    unsigned char sha256[SIGV4__SHA256_LEN];
    text = text ? text : own;
    int status = s3__checksum_text(&s->checksum, text);
    if (status)
        return status;
    s3__request_header_str(r, s3__checksum_header(s->checksum.kind), text);
    r->payload_hash = SIGV4_UNSIGNED_PAYLOAD;
    if (s->sha256) {
        status = sigv4__digest_end(s->sha256, sha256);
        sigv4__hex(sha256, sizeof sha256, r->payload_hex);
        r->payload_hash = sigv4_str(r->payload_hex);
    } else if (r->body_length == 0) {
        r->payload_hash = SIGV4_EMPTY_SHA256;
    }
    return status;
}

int s3__payload_check(struct s3__request *r, struct sigv4_error *err)
{
    bool plain;
    int status = s3__client_is_plain(r->client, &plain, err);
    if (status == SIGV4_OK && plain && r->secret)
        status = sigv4__fail(err, SIGV4_E_INVALID,
                             "%s: a customer's encryption key travels over TLS only", r->operation);
    return status;
}

int s3__payload_prepare(struct s3__request *r, enum s3_checksum kind,
                        char text[S3__CHECKSUM_TEXT_MAX], struct sigv4_error *err)
{
    struct sums sums = {.sha256 = NULL};
    bool plain = false;
    struct sigv4_error why = {0};
    int status = s3__payload_check(r, err);
    if (status)
        return status;
    status = s3__client_is_plain(r->client, &plain, err);
    if (status)
        return status;
    status = sums_init(&sums, kind, plain, r->client->alloc);
    if (!r->read)
        r->body_length = 0;
    for (size_t i = 0; i < r->body_count; i++)
        r->body_length += r->body[i].len;
    if (status == SIGV4_OK && (plain || kind != S3_CHECKSUM_NONE))
        status = r->read ? add_read(&sums, r, &why) : add_slices(&sums, r);
    if (status == SIGV4_OK)
        status = add_results(r, &sums, text);
    sums_free(&sums);
    if (status == SIGV4_OK)
        return s3__request_check(r, err);
    if (why.status)
        return sigv4__fail(err, status, "%s", why.message);
    return sigv4__fail(err, status, "%s: cannot compute the body's checksum: %s", r->operation,
                       sigv4_status_text(status));
}
