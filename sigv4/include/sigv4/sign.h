#ifndef SIGV4_SIGN_H
#define SIGV4_SIGN_H
/* Signature Version 4 as a pure function: bytes and a time in, text out. No clock, no I/O, and no
 * allocation for requests of ordinary size (up to 64 headers and 64 query parameters and a 4 KiB
 * path; larger ones take one block from the allocator of the key cache, or malloc where none is
 * given).
 * Rules: facts, section 3;
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
#include <sigv4/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sigv4_credentials; /* sigv4/credentials.h */
struct sigv4_key_cache;

struct sigv4_to_sign {
    size_t size;                    /* sizeof(struct sigv4_to_sign) */
    struct sigv4_slice method;      /* "GET" */
    struct sigv4_slice path, query; /* as on the wire: path percent-encoded, query without '?' */
    const struct sigv4_header
        *headers; /* all that shall be signed, host (required) and x-amz-date included */
    size_t header_count;
    struct sigv4_slice payload_hash;    /* 64 hex digits or one of the words below */
    struct sigv4_slice region, service; /* the scope */
    int64_t unix_seconds;               /* the time of the signature */
    uint32_t flags;
};
/* flags */
#define SIGV4_S3_PATH                                                                              \
    0x1u /* S3: the path is taken as it is, neither normalised nor encoded again */
#define SIGV4_NO_NORMALIZE 0x2u /* keep "//", "." and ".." but encode again; for test vectors */
#define SIGV4_OMIT_TOKEN   0x4u /* presigning: add the session token after signing, unsigned */

/* Words that stand for a payload hash (facts, 3.3). */
#define SIGV4_UNSIGNED_PAYLOAD           SIGV4_LIT("UNSIGNED-PAYLOAD")
#define SIGV4_STREAMING_PAYLOAD          SIGV4_LIT("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
#define SIGV4_STREAMING_PAYLOAD_TRAILER  SIGV4_LIT("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
#define SIGV4_STREAMING_UNSIGNED_TRAILER SIGV4_LIT("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
#define SIGV4_EMPTY_SHA256                                                                         \
    SIGV4_LIT("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

/* The three stages, each on its own because that is how signatures are debugged. Control characters
 * are refused everywhere: they could forge a line of the text that is signed. Region and service
 * consist of at most 64 letters, digits, '-', '_' and '.'.
 * @thread any. Errors: INVALID (a member missing or malformed), TOO_LARGE (out does not fit; len
 * says what it takes), NOMEM (only for oversize requests). */
SIGV4_API int sigv4_canonical_request(const struct sigv4_to_sign *in,
                                      struct sigv4_text *out) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_string_to_sign(const struct sigv4_to_sign *in, struct sigv4_slice canonical,
                                   struct sigv4_text *out) SIGV4_MUST_CHECK;
/* Signs any string to sign; out receives 64 hex digits and NUL.
 * @thread any, one at a time per key cache. keys may be NULL: then the key is derived each time,
 * which costs some microseconds more. */
SIGV4_API int sigv4_signature(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                              struct sigv4_key_cache *keys, struct sigv4_slice string_to_sign,
                              char out[65]) SIGV4_MUST_CHECK;

/* All stages in one go: the value of the Authorization header. signature (may be NULL) receives the
 * 64 hex digits and NUL: the seed of a chunked body. The headers x-amz-date, x-amz-security-token
 * and, for S3, x-amz-content-sha256 are the caller's to add before.
 * @thread any, one at a time per key cache. Errors as above. */
SIGV4_API int sigv4_authorization(const struct sigv4_to_sign *in,
                                  const struct sigv4_credentials *creds,
                                  struct sigv4_key_cache *keys, struct sigv4_text *out,
                                  char signature[65]) SIGV4_MUST_CHECK;

/* Presigning. sigv4_presign_query writes in->query with the X-Amz-* parameters added: set it as
 * in->query and the three stages above work on it. sigv4_presign does it all and writes the
 * complete query string, signature included; append it to the path. expires_seconds: 1 to 604800.
 */
SIGV4_API int sigv4_presign_query(const struct sigv4_to_sign *in,
                                  const struct sigv4_credentials *creds, uint32_t expires_seconds,
                                  struct sigv4_text *out) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_presign(const struct sigv4_to_sign *in, const struct sigv4_credentials *creds,
                            struct sigv4_key_cache *keys, uint32_t expires_seconds,
                            struct sigv4_text *out) SIGV4_MUST_CHECK;

/* Signed chunks (aws-chunked). previous: 64 hex digits, the header's signature for the first chunk;
 * out: the chunk's signature, and the next one's previous (the two may be the same memory). The
 * last chunk has length 0; its signature is the trailer's previous. trailer: "name:value\n" lines,
 * lower-case names. Only in->region, service, unix_seconds are used. */
SIGV4_API int sigv4_chunk_signature(const struct sigv4_to_sign *in,
                                    const struct sigv4_credentials *creds,
                                    struct sigv4_key_cache *keys, struct sigv4_slice previous,
                                    struct sigv4_slice chunk, char out[65]) SIGV4_MUST_CHECK;
SIGV4_API int sigv4_trailer_signature(const struct sigv4_to_sign *in,
                                      const struct sigv4_credentials *creds,
                                      struct sigv4_key_cache *keys, struct sigv4_slice previous,
                                      struct sigv4_slice trailer, char out[65]) SIGV4_MUST_CHECK;

/* @thread any. Hex digits and NUL; "20150830T123600Z" and NUL (years 1 to 9999). */
SIGV4_API int sigv4_sha256_hex(struct sigv4_slice data, char out[65]) SIGV4_MUST_CHECK;
SIGV4_API void sigv4_amz_date(int64_t unix_seconds, char out[17]);

/* Remembers derived signing keys by (key id, secret, date, region, service) and wipes them when
 * they are replaced or freed. One thread at a time. alloc NULL: malloc. */
SIGV4_API int sigv4_key_cache_new(struct sigv4_key_cache **out,
                                  const struct sigv4_alloc *alloc) SIGV4_MUST_CHECK;
SIGV4_API void sigv4_key_cache_free(struct sigv4_key_cache *keys);

#ifdef __cplusplus
}
#endif
#endif
