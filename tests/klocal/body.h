/* A request body while it arrives: kept as a blob, digested on the way, and un-chunked when it is
 * aws-chunked. What to do with it is decided when the headers are in. */
#ifndef KLOCAL_BODY_H
#define KLOCAL_BODY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "blob.h"
#include "checksum.h"
#include "chunked.h"

struct body {
    struct blob *blob;    /* NULL: read and dropped */
    uint64_t limit;       /* more than this is too large */
    uint64_t wire_length; /* bytes seen on the wire */
    uint64_t length;      /* bytes after decoding */
    EVP_MD_CTX *sha256;   /* of the wire bytes */
    EVP_MD_CTX *md5;      /* of the decoded bytes */
    struct checksum sum;  /* of the decoded bytes */
    struct chunked *chunked;
    bool too_large;
    bool failed; /* the disk is full, or the like */
    char sha256_hex[65];
    unsigned char md5_bytes[16];
    char sum_text[CHECKSUM_TEXT_SIZE];
};

struct body_plan {
    struct blob_store *store; /* NULL: drop the bytes */
    uint64_t room;
    bool in_memory; /* however large */
    bool sha256;
    bool md5;
    enum checksum_kind sum;
    struct chunked *chunked; /* changes owner; NULL: plain */
};

void body_begin(struct body *body, const struct body_plan *plan);
void body_feed(struct body *body, const void *bytes, size_t length);
void body_end(struct body *body); /* the digests are ready */
void body_free(struct body *body);
/* The whole body as a string; only for bodies that were planned in memory. */
const char *body_string(const struct body *body);

#endif
