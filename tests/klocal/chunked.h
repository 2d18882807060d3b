/* aws-chunked bodies: chunk frames, chunk signatures, trailing checksums and their signature. */
#ifndef KLOCAL_CHUNKED_H
#define KLOCAL_CHUNKED_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "header.h"
#include "text.h"

enum chunked_error {
    CHUNKED_GOOD,
    CHUNKED_MALFORMED,
    CHUNKED_INCOMPLETE,
    CHUNKED_SMALL_CHUNK, /* only the last may be below 8 KiB */
    CHUNKED_SIGNATURE
};

struct chunked {
    bool is_signed;
    bool has_trailer;
    unsigned char key[32];
    char timestamp[17];
    char *scope;
    char previous[65]; /* signature of what came before */
    int state;
    struct text line;
    uint64_t left; /* data bytes of this chunk */
    bool small_seen;
    bool last;
    char signature[65]; /* claimed for this chunk */
    EVP_MD_CTX *digest;
    struct header_list trailers;
    char trailer_signature[65];
    enum chunked_error error;
};

typedef void chunked_data_fn(void *cls, const void *bytes, size_t length);

/* key, timestamp, scope and seed only matter when is_signed. */
struct chunked *chunked_new(bool is_signed, bool has_trailer);
void chunked_seed(struct chunked *chunked, const unsigned char key[32], const char *timestamp,
                  const char *scope, const char *seed_signature);
void chunked_feed(struct chunked *chunked, const void *bytes, size_t length, chunked_data_fn *data,
                  void *cls);
void chunked_end(struct chunked *chunked);
void chunked_free(struct chunked *chunked);

#endif
